# SPDX-License-Identifier: Apache-2.0
"""The read-only page and the broker of a meter that runs in real MicroPython: real HTTP, real mosquitto, paho."""

from __future__ import annotations

import asyncio
import contextlib
import json
import queue
import select
import socket
import struct
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any

import paho.mqtt.client as paho
import pytest
import requests
from eth_account import Account
from paho.mqtt.enums import CallbackAPIVersion
from tests.tools.meters import electro, running
from tests.waiting import until

from electro_tools import lifeline

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ADDRESS = Account.from_key("0x" + "07" * 32).address
ID = ADDRESS[2:14].lower()
WAIT_S = 120  # for what never comes, on a busy machine too


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def when_there(url: str, **arguments: Any) -> requests.Response:
    until = time.monotonic() + WAIT_S
    while True:
        try:
            return requests.get(url, timeout=WAIT_S, **arguments)
        except requests.ConnectionError:
            assert time.monotonic() < until, f"nobody listens at {url}"
            time.sleep(0.2)


@pytest.fixture(scope="module")
def page(micropython_i386: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    flash = tmp_path_factory.mktemp("page") / "flash"
    flash.mkdir()
    port = free_port()
    with running(micropython_i386, flash, page_port=port):
        yield f"http://127.0.0.1:{port}"


def test_the_page_shows_and_changes_nothing(page: str) -> None:
    answer = when_there(page + "/status.json")
    assert answer.headers["Content-Type"].startswith("application/json")
    assert answer.json()["device"] == ADDRESS
    html = requests.get(page + "/", timeout=WAIT_S)
    assert f"<tr><th>device<td>{ADDRESS}" in html.text
    assert "default-src 'none'" in html.headers["Content-Security-Policy"]
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert requests.request(method, page + "/status.json", timeout=WAIT_S).status_code == 405
    assert requests.get(page + "/config.json", timeout=WAIT_S).status_code == 404
    told = html.text + json.dumps(answer.json())
    assert "password" not in told
    assert "07070707" not in told


def test_a_page_of_the_internet_does_not_read_it(page: str) -> None:
    when_there(page + "/")
    for host in ("evil.example", "evil.example:80", "1evil.example", ""):
        assert requests.get(page + "/status.json", headers={"Host": host}, timeout=WAIT_S).status_code in (
            400,
            421,
        )
    assert requests.get(page + "/", headers={"Host": "meter.local"}, timeout=WAIT_S).status_code == 200


def test_a_request_without_end_is_left(page: str) -> None:
    when_there(page + "/")
    host, _, port = page.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=WAIT_S) as one:
        one.sendall(b"GET / HTTP/1.1\r\nX: " + b"x" * 5_000)
        with contextlib.suppress(ConnectionResetError):
            assert one.recv(100) == b""
    assert when_there(page + "/status.json").status_code in (200, 503)


def test_a_crowd_of_slow_ones_takes_nothing_from_the_meter(
    micropython_i386: list[str], tmp_path: Path
) -> None:
    """Slow loris, heads without end, visitors that are gone at once: what they held is free again, no task failed."""
    flash = tmp_path / "chip" / "flash"
    flash.mkdir(parents=True)
    port = free_port()
    with running(micropython_i386, flash, page_port=port) as chip:
        url = f"http://127.0.0.1:{port}"
        before = when_there(url + "/status.json").json()
        files = chip.open_files()
        for _ in range(3):
            crowd = []
            for number in range(60):
                one = socket.socket()
                one.settimeout(WAIT_S)
                crowd.append(one)
                with contextlib.suppress(OSError):
                    one.connect(("127.0.0.1", port))
                    one.sendall((b"G", b"GET / HTTP/1.1\r\nX: " + b"x" * 9_000, b"", b"\r\n\r\n")[number % 4])
                if number % 5 == 0:
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    one.close()  # by a reset
            live = electro("monitor", "--port", chip.port, "--count", "1")
            assert (live.returncode, live.stderr) == (0, "")
            for one in crowd:
                one.close()
        asyncio.run(until(lambda: chip.open_files() <= files))
        told = {}

        def is_told() -> bool:
            with contextlib.suppress(requests.RequestException):
                answer = requests.get(url + "/status.json", timeout=WAIT_S)
                told.update(answer.json() if answer.status_code == 200 else {})
            return bool(told)

        asyncio.run(until(is_told))
        assert told["restarts"] == {}
        assert told["uptime_s"] >= before["uptime_s"]
        assert told["memory_free"] > before["memory_free"] - 100_000


def test_status_and_doctor_ask_the_page(page: str) -> None:
    when_there(page + "/")
    done = electro("status", "--url", page)
    assert (done.returncode, done.stderr) == (0, "")
    assert ADDRESS in done.stdout
    assert electro("doctor", "--url", page.removeprefix("http://")).returncode == 3
    nobody = electro("status", "--url", f"127.0.0.1:{free_port()}")
    assert nobody.returncode == 1
    assert "no meter tells its status at" in nobody.stderr


@pytest.fixture
def broker(tmp_path: Path, mosquitto: Path) -> Iterator[int]:
    """A mosquitto that takes everybody; its port."""
    port = free_port()
    config = tmp_path / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    with subprocess.Popen(
        lifeline.tied([str(mosquitto), "-c", str(config)]),
        pass_fds=lifeline.pass_fds(),
        stderr=subprocess.DEVNULL,
    ) as process:
        until = time.monotonic() + WAIT_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert time.monotonic() < until
                assert process.poll() is None
                time.sleep(0.1)
        yield port
        process.terminate()


def test_home_assistant_finds_the_meter(micropython_i386: list[str], tmp_path: Path, broker: int) -> None:
    heard: queue.Queue[tuple[str, bytes, bool]] = queue.Queue()
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.on_message = lambda _client, _data, message: heard.put(
        (message.topic, message.payload, message.retain)
    )
    client.connect("127.0.0.1", broker)
    client.subscribe("#")
    client.loop_start()
    flash = tmp_path / "chip" / "flash"
    flash.mkdir(parents=True)
    (flash.parent / "joined").touch()
    told: dict[str, bytes] = {}

    def until(topic: str) -> bytes:
        while topic not in told:
            name, payload, _ = heard.get(timeout=WAIT_S)
            told[name] = payload
        return told.pop(topic)

    try:
        with running(micropython_i386, flash, mqtt=f"mqtt://plant:secret@127.0.0.1:{broker}", mqtt_every_s=1):
            described = json.loads(until(f"homeassistant/device/electro_{ID}/config"))
            energy = described["cmps"]["import_wh"]
            assert (energy["device_class"], energy["state_class"]) == ("energy", "total_increasing")
            assert energy["unit_of_measurement"] == "Wh"
            assert until(described["availability_topic"]) == b"online"
            state = json.loads(until(described["state_topic"]))
            assert set(state) == set(described["cmps"])
            assert all(isinstance(value, int) for value in state.values())
        # the cable is pulled: the last will
        assert until(described["availability_topic"]) == b"offline"
        late = paho.Client(CallbackAPIVersion.VERSION2)
        kept: queue.Queue[bool] = queue.Queue()
        late.on_message = lambda _client, _data, message: kept.put(message.retain)
        late.connect("127.0.0.1", broker)
        late.subscribe(f"homeassistant/device/electro_{ID}/config")
        late.loop_start()
        assert kept.get(timeout=WAIT_S)
        late.disconnect()
        late.loop_stop()
    finally:
        client.disconnect()
        client.loop_stop()


class Cutting:
    """A way to a broker that cuts its first connection after some bytes, in the middle of a packet."""

    def __init__(self, broker: int, after: int) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._broker = broker
        self._left = after
        self._open: tuple[socket.socket, ...] = ()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    @property
    def has_cut(self) -> bool:
        return self._left <= 0

    def _run(self) -> None:
        with self._listener, contextlib.suppress(OSError):  # it is shut down
            while True:
                client = self._listener.accept()[0]
                with client, socket.create_connection(("127.0.0.1", self._broker)) as broker:
                    self._open = client, broker
                    with contextlib.suppress(OSError):  # one of them has gone
                        self._carry(client, broker)

    def _carry(self, client: socket.socket, broker: socket.socket) -> None:
        """Carry bytes both ways, until one end is closed, or it is time to cut."""
        while True:
            for source in select.select([client, broker], [], [])[0]:
                piece = source.recv(4096 if self.has_cut else 1)
                (broker if source is client else client).sendall(piece)
                self._left -= len(piece)
                if not piece or self._left == 0:
                    return

    def close(self) -> None:
        for one in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._thread.join()


@pytest.mark.parametrize("after", [10, 100, 400])
def test_a_broker_full_of_garbage_that_is_cut_off_finds_the_meter_all_the_same(
    micropython_i386: list[str], tmp_path: Path, broker: int, after: int
) -> None:
    """Cut in CONNECT, in the description, and after it; what somebody left in the meter's topics is written over."""
    config, online = f"homeassistant/device/electro_{ID}/config", f"electro/{ID}/online"
    heard: queue.Queue[tuple[str, bytes]] = queue.Queue()
    client = paho.Client(CallbackAPIVersion.VERSION2)
    client.on_message = lambda _client, _data, message: heard.put((message.topic, message.payload))
    client.connect("127.0.0.1", broker)
    client.loop_start()
    for topic, payload in (
        (config, b"\xff" * 100_000), (online, b"maybe"), (f"electro/{ID}/state", b"[" * 60_000),
        ("/".join(["x" * 900] * 30), b"y"), ("electro/" + "z" * 60_000, b"\0"),
    ):  # fmt: skip
        client.publish(topic, payload, qos=1, retain=True).wait_for_publish(WAIT_S)
    client.subscribe([(config, 1), (online, 1)])
    way = Cutting(broker, after)
    flash = tmp_path / "chip" / "flash"
    flash.mkdir(parents=True)
    (flash.parent / "joined").touch()
    try:
        with running(micropython_i386, flash, mqtt=f"mqtt://127.0.0.1:{way.port}", mqtt_every_s=1):
            described = b""
            while not described.startswith(b"{"):
                topic, payload = heard.get(timeout=WAIT_S)
                described = payload if topic == config else described
            assert json.loads(described)["availability_topic"] == online
            while (online, b"online") != heard.get(timeout=WAIT_S):
                pass
            assert way.has_cut
    finally:
        way.close()
        client.disconnect()
        client.loop_stop()
