# SPDX-License-Identifier: Apache-2.0
"""Tell an MQTT broker what is measured, in the form that Home Assistant finds by itself. Nothing is taken from there.

| topic | what | kept by the broker |
|---|---|---|
| homeassistant/device/electro_ID/config | the device and its sensors, at QoS 1 | yes |
| electro/ID/state | one JSON object: registers in Wh, power, voltage, current, frequency | no |
| electro/ID/online | online, or offline by the last will | yes |

ID is the first twelve digits of the meter's address. MQTT 3.1.1: OASIS mqtt-v3.1.1, sections 3.1 to 3.4.
"""

import asyncio
import json

from electro_protocol.address import checksum

from .answers import live

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..world import Board
    from .app import Meter
    from .settings import Settings

_ANSWER_S = 10
_LEAST_PAUSE_MS = 5_000
_MOST_PAUSE_MS = 300_000
_CONNECT, _CONNACK, _PUBLISH, _PUBACK = 0x10, 0x20, 0x30, 0x40
_QOS_1, _RETAIN = 0x02, 0x01
_CLEAN, _WILL, _WILL_RETAIN, _PASSWORD, _NAME = 0x02, 0x04, 0x20, 0x40, 0x80
# key of the state: name, Home Assistant's device class, unit, and whether it only rises
_SENSORS = (
    ("import_wh", "Import", "energy", "Wh", True),
    ("export_wh", "Export", "energy", "Wh", True),
    ("power_mw", "Power", "power", "mW", False),
    ("voltage_mv", "Voltage", "voltage", "mV", False),
    ("current_ma", "Current", "current", "mA", False),
    ("frequency_mhz", "Frequency", "frequency", "Hz", False),
)


class MqttError(OSError):
    """The broker refuses, or does not speak MQTT."""


async def publish(board: "Board", meter: "Meter", settings: "Settings") -> None:
    """Publish for ever. The pause before the next try grows until a session has lasted: each may be a handshake."""
    pause_ms = _LEAST_PAUSE_MS
    while True:
        writer = None
        began_us = board.uptime_us()
        try:
            tls, user, password, host, port = split(settings.mqtt)
            address = await meter.uplink.resolver().resolve(host)
            reader, writer = await board.connect(address, port, host if tls else None)
            name = identity(meter)
            await asyncio.wait_for(
                greet(reader, writer, name, user, password, settings.mqtt_every_s), _ANSWER_S
            )
            await asyncio.wait_for(announce(reader, writer, name), _ANSWER_S)
            while True:
                writer.write(packet(f"electro/{name}/state", json.dumps(state(meter))))
                await asyncio.wait_for(writer.drain(), _ANSWER_S)
                await board.sleep_ms(settings.mqtt_every_s * 1000)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the broker's or the network's
            board.log(f"mqtt: {error!r}")
        if writer is not None:
            await _close(writer)
        if board.uptime_us() - began_us > 1000 * _MOST_PAUSE_MS:
            pause_ms = _LEAST_PAUSE_MS
        await board.sleep_ms(pause_ms)
        pause_ms = min(2 * pause_ms, _MOST_PAUSE_MS)


async def _close(writer: "Any") -> None:
    writer.close()
    try:
        await writer.wait_closed()  # MicroPython closes here
    except OSError:
        pass  # it is closed


def split(url: str) -> "tuple[bool, str, str, str, int]":
    """Return (TLS?, user, password, host, port) of a broker's URL; user and password may be empty."""
    scheme, _, rest = url.partition("://")
    login, _, place = rest.rstrip("/").rpartition("@")
    user, _, password = login.partition(":")
    host, _, port = place.partition(":")
    tls = scheme == "mqtts"
    return tls, user, password, host, int(port) if port else (8883 if tls else 1883)


def identity(meter: "Meter") -> str:
    return checksum(meter.signer.address)[2:14].lower()


async def greet(reader: "Any", writer: "Any", name: str, user: str, password: str, every_s: int) -> None:
    """Open the session, with a last will that says offline.

    Raises MqttError.
    """
    flags = _CLEAN | _WILL | _WILL_RETAIN | (_NAME if user else 0) | (_PASSWORD if password else 0)
    body = _text("MQTT") + bytes([4, flags]) + min(3 * every_s, 65_535).to_bytes(2, "big")
    body += _text("electro-" + name) + _text(f"electro/{name}/online") + _text("offline")
    body += _text(user) if user else b""
    body += _text(password) if password else b""
    writer.write(_framed(_CONNECT, body))
    await writer.drain()
    kind, answer = await _read(reader)
    if kind & 0xF0 != _CONNACK or len(answer) != 2:
        raise MqttError("it does not speak MQTT")
    if answer[1]:
        raise MqttError(f"the broker refuses: code {answer[1]}")


async def announce(reader: "Any", writer: "Any", name: str) -> None:
    """Tell Home Assistant what there is, and wait until the broker has it; then say online.

    Raises MqttError.
    """
    topic = f"homeassistant/device/electro_{name}/config"
    writer.write(packet(topic, json.dumps(discovery(name)), _RETAIN | _QOS_1))
    await writer.drain()
    kind, answer = await _read(reader)
    if kind & 0xF0 != _PUBACK or answer != b"\x00\x01":
        raise MqttError("the broker did not take the description")
    writer.write(packet(f"electro/{name}/online", "online", _RETAIN))
    await writer.drain()


def discovery(name: str) -> "dict[str, Any]":
    """Return Home Assistant's description of one device (MQTT device discovery)."""
    parts = {}
    for key, title, kind, unit, rises in _SENSORS:
        parts[key] = {
            "p": "sensor",
            "name": title,
            "unique_id": f"electro_{name}_{key}",
            "device_class": kind,
            "state_class": "total_increasing" if rises else "measurement",
            "unit_of_measurement": unit,
            "value_template": "{{ value_json." + key + (" / 1000 }}" if key == "frequency_mhz" else " }}"),
        }
    return {
        "dev": {"ids": ["electro_" + name], "name": "Electro meter " + name, "mf": "Electro"},
        "o": {"name": "Electro"},
        "cmps": parts,
        "state_topic": f"electro/{name}/state",
        "availability_topic": f"electro/{name}/online",
    }


def state(meter: "Meter") -> "dict[str, int]":
    """Return what is measured, in whole numbers; voltage and current are the first phase's."""
    now = live(meter)
    return {
        "import_wh": now["register_wh"],
        "export_wh": meter.account.export_uj // 3_600_000_000,
        "power_mw": now["power_mw"],
        "voltage_mv": now["urms_mv"][0],
        "current_ma": now["irms_ma"][0],
        "frequency_mhz": now["frequency_mhz"],
    }


def packet(topic: str, content: str, flags: int = 0) -> bytes:
    """Return a PUBLISH; at QoS 1 its number is 1."""
    body = _text(topic) + (b"\x00\x01" if flags & _QOS_1 else b"") + content.encode()
    return _framed(_PUBLISH | flags, body)


def _text(text: str) -> bytes:
    octets = text.encode()
    return len(octets).to_bytes(2, "big") + octets


def _framed(kind: int, body: bytes) -> bytes:
    """Return a packet: its kind, the length in groups of seven bits, and its body."""
    head = bytearray([kind])
    length = len(body)
    while True:
        head.append(length & 0x7F | (0x80 if length > 0x7F else 0))
        length >>= 7
        if not length:
            return bytes(head) + body


async def _read(reader: "Any") -> "tuple[int, bytes]":
    """Return the next packet's kind and body; none that a publisher gets is longer than 127 bytes."""
    kind, length = await reader.readexactly(2)
    if length > 0x7F:
        raise MqttError("the broker says more than a publisher is told")
    return kind, await reader.readexactly(length) if length else b""
