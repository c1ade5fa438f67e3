# SPDX-License-Identifier: Apache-2.0
"""Read the meter's configuration, a JSON file, and refuse with one clear sentence what does not fit.

| name | default | meaning |
|---|---|---|
| version | 1 | of this table: 2; older ones are migrated when they are read |
| chain_id, contract, hardware_id | required | where the meter belongs |
| relayers | [] | who carries its messages: URLs, or objects {"url", "by"} |
| nodes | [] | JSON-RPC nodes of the chain that are asked beside the relayers: the same |
| · by | "operator", of a node "other" | who runs it: operator, consumer, other; two different ones confirm a fact |
| time_servers | ["pool.ntp.org", "time.cloudflare.com"] | SNTP servers, four at most |
| dns_servers | [] | addresses, three at most; none: those of the network |
| validators | [] | addresses of a QBFT network's validators, sixteen at most: receipts are checked by their seals |
| validators_version | 0 | of that set; only a higher one replaces it |
| receipts | 0 | 1: receipts are asked for without validators too; a node by another one must tell the same header |
| wifi_ssid, wifi_password | "" | the radio |
| board | "" | whose pins: esp32, esp32s3 or esp32c3; without it the firmware is asked |
| base_seconds | 300 | the journal's base interval; an agreement's start and interval must be multiples |
| report_every | 1 | intervals in a report, which ends with a multiple of them; an agreement's last ones go at once |
| mains_hz, nominal_mv | 50, 230000 | the grid; nominal_mv is a phase's voltage against neutral |
| channels | [{}] | one object for each of one to three phases, with the entries below |
| · uv_per_count, ua_per_count, phase_mdeg | 350000, 170000, 0 | voltage, current and the lateness between them |
| · fine_ua_per_count | 0 | the calibration of the amplified current range; 0: there is none |
| · no_load_mw, fine_no_load_mw | 0, 0 | what is shown when nothing flows, in both ranges; taken away |
| · sensors | [] | rows of [mA, ratio error in ppm, lateness in millidegrees], by rising current |
| linearisation | [] | rows of [what the converter said, what was there], in eighths of a count, rising |
| creep_mw | 5000 | less than this in a phase is no load |
| rated_ma | 100000 | rated primary current: what "current flows" is measured by |
| exports | 0 | 1: the plant may feed the grid; else energy that flows back means a reversed transformer |
| window_period_ms | 0 | from one window to the next; 0: without a pause, as a device must |
| max_gap_ms | 5000 | a longer gap between windows is not bridged: its time is not measured |
| least_coverage_permille | 500 | a base interval sampled less is marked sparse; no limit if window_period_ms is set |
| outage_declare_ms | 30000 | a shorter interruption is not reported |
| shed_min_on_ms, shed_min_off_ms | 60000, 180000 | the load-shedding output stays on or off at least so long |
| reserve_mj | 0 | what the supercapacitor holds for the last gasp; 0: there is none |
| releases | "" | the URL of releases: <chip>.json, bundles, validators.json; a relayer's /v1/releases; "": by serial |
| page_port | -1 | the port of the read-only page in the network; 0: none; -1: 80 with PSRAM, none without |
| mqtt | "" | the broker that is told what is measured, mqtt://user:password@host:1883; mqtts:// is checked by ca.der |
| mqtt_every_s | 60 | how often |
| resend_ms | 120000 | a message that was accepted but is not on the chain by then is sent again |
| max_backoff_ms | 900000 | the longest pause after failures |
"""

import json

from electro_protocol.address import parse as parse_address
from electro_protocol.reports import MessageError
from electro_protocol.untrusted import hex_bytes

from ..world import NO_FILE, ConfigError
from .migrations import VERSION, merge, migrate
from .settings import Channel, Settings, Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    Bounds = tuple[int | None, int, int]

FILE = "config.json"
_MOST_ROWS = 160  # a linearisation in steps of 32 counts has 95

MOST_CHANNELS = 3
MOST_SOURCES = 8
BY = ("operator", "consumer", "other")
TIME_SERVERS = ["pool.ntp.org", "time.cloudflare.com"]
_MOST_TIME_SERVERS = 4
_MOST_DNS_SERVERS = 3
_MOST_VALIDATORS = 16  # electro_protocol.header's
BOARDS = ("esp32", "esp32s3", "esp32c3")  # their pins are in `pins`

# name: (default, least, greatest); a default of None is required
_INTEGERS: "dict[str, Bounds]" = {
    "version": (VERSION, 1, VERSION),
    "chain_id": (None, 1, (1 << 53) - 1),
    "base_seconds": (300, 1, 3_600),
    "report_every": (1, 1, 672),
    "mains_hz": (50, 50, 60),
    "nominal_mv": (230_000, 1_000, 500_000_000),
    "creep_mw": (5_000, 0, 1_000_000_000),
    "rated_ma": (100_000, 1, 100_000_000),
    "exports": (0, 0, 1),
    "validators_version": (0, 0, (1 << 32) - 1),
    "receipts": (0, 0, 1),
    "window_period_ms": (0, 0, 3_600_000),
    "max_gap_ms": (5_000, 100, 3_600_000),
    "least_coverage_permille": (500, 0, 1_000),
    "outage_declare_ms": (30_000, 0, 3_600_000),
    "shed_min_on_ms": (60_000, 0, 3_600_000),
    "shed_min_off_ms": (180_000, 0, 3_600_000),
    "page_port": (-1, -1, 65_535),
    "mqtt_every_s": (60, 1, 3_600),
    "reserve_mj": (0, 0, 10_000_000),
    "resend_ms": (120_000, 1_000, 86_400_000),
    "max_backoff_ms": (900_000, 1_000, 86_400_000),
}
_OF_A_CHANNEL: "dict[str, Bounds]" = {
    "uv_per_count": (350_000, 1, 2_000_000_000),
    "ua_per_count": (170_000, 1, 2_000_000_000),
    "phase_mdeg": (0, -10_000, 10_000),
    "fine_ua_per_count": (0, 0, 200_000_000),
    "no_load_mw": (0, -1_000_000_000, 1_000_000_000),
    "fine_no_load_mw": (0, -1_000_000_000, 1_000_000_000),
}
_OTHERS = (
    "board", "channels", "contract", "dns_servers", "hardware_id", "linearisation", "mqtt", "nodes", "relayers",
    "releases", "time_servers", "validators", "wifi_password", "wifi_ssid",
)  # fmt: skip


class Config(Settings):
    """The checked configuration, made of entries of any version.

    Raises ConfigError.
    """

    def __init__(self, untrusted: object) -> None:
        entries = _known(migrate(untrusted), "the configuration", _INTEGERS, _OTHERS)
        _take_integers(self, entries, _INTEGERS)
        self.linearisation = [(said, was) for said, was in _rows(entries, "linearisation", 2, 0, 32_768)]
        if len(self.linearisation) == 1:
            raise ConfigError("linearisation needs at least two rows")
        if self.mains_hz not in (50, 60):
            raise ConfigError("mains_hz must be 50 or 60")
        if self.max_gap_ms < self.window_period_ms:
            raise ConfigError("max_gap_ms must not be less than window_period_ms: nothing would be measured")
        channels = entries.get("channels", [{}])
        if not isinstance(channels, list) or not 1 <= len(channels) <= MOST_CHANNELS:
            raise ConfigError(f"channels must be a list of 1 to {MOST_CHANNELS} objects")
        self.channels = [_channel(one) for one in channels]
        self.board = _text(entries, "board")
        if self.board and self.board not in BOARDS:
            raise ConfigError("board must be one of " + ", ".join(BOARDS))
        self.releases = _url(entries, "releases")
        self.mqtt = _text(entries, "mqtt", 128)
        if self.mqtt and not _is_url(self.mqtt, "mqtt"):
            raise ConfigError("mqtt must begin with mqtt:// or mqtts://")
        self.contract = _address(entries)
        self.hardware_id = _hardware_id(entries)
        self.validators = _validators(entries)
        self.sources = _sources(entries, "relayers", "operator") + _sources(entries, "nodes", "other")
        if not self.sources or self.sources[0].is_node:
            raise ConfigError("relayers must be a list of at least one URL")
        if len(self.sources) > MOST_SOURCES:
            raise ConfigError(f"relayers and nodes must be {MOST_SOURCES} at most")
        self.time_servers = _names(entries, "time_servers", TIME_SERVERS, _MOST_TIME_SERVERS)
        self.dns_servers = _names(entries, "dns_servers", [], _MOST_DNS_SERVERS)
        self.wifi_ssid = _text(entries, "wifi_ssid")
        self.wifi_password = _text(entries, "wifi_password")

    def bare(self) -> Settings:
        """Return the same without what made it."""
        settings = Settings()
        for name in tuple(_INTEGERS) + _OTHERS:
            if name not in ("relayers", "nodes"):
                setattr(settings, name, getattr(self, name))
        settings.sources = self.sources
        return settings


def _channel(untrusted: object) -> Channel:
    entries = _known(untrusted, "an entry of channels", _OF_A_CHANNEL, ("sensors",))
    channel = Channel()
    _take_integers(channel, entries, _OF_A_CHANNEL)
    channel.sensors = [
        (ma, ppm, mdeg) for ma, ppm, mdeg in _rows(entries, "sensors", 3, -100_000, 100_000_000)
    ]
    return channel


def load(directory: str, calibrated: "dict[str, object] | None" = None) -> Config:
    """Read and check the file in a directory; the entries of `calibrated` win over the file's.

    Raises ConfigError.
    """
    entries = stored(directory)
    if calibrated:
        entries = merge(entries, calibrated)
    return Config(entries)


def stored(directory: str) -> "dict[str, Any]":
    """Return the file's entries in the present version, unchecked.

    Raises ConfigError, and OSError if the flash can't be read now.
    """
    try:
        with open(f"{directory}/{FILE}") as file:
            text = file.read()
    except OSError as error:
        if error.errno not in NO_FILE:
            raise
        raise ConfigError(f"{FILE} is missing: run `electro device provision`")
    except UnicodeError:
        raise ConfigError(f"{FILE} is not JSON")
    return migrate(_parse(text))


def _parse(text: str) -> object:
    """Return what a whole text of JSON says.

    MicroPython takes an object whose end is missing, and with it half a configuration: such a text can be ended again.
    """
    try:
        untrusted: object = json.loads(text)
    except ValueError:
        raise ConfigError(f"{FILE} is not JSON")
    try:
        json.loads(text + "}")
    except ValueError:
        return untrusted
    raise ConfigError(f"{FILE} is cut off")


def _known(
    untrusted: object, what: str, integers: "dict[str, Bounds]", others: "tuple[str, ...]"
) -> "dict[str, Any]":
    """Return the entries if there is no unknown one among them."""
    if not isinstance(untrusted, dict):
        raise ConfigError(f"{what} must be a JSON object")
    for name in untrusted:
        if name not in integers and name not in others:
            raise ConfigError(f"{str(name)[:40]} is no entry of the configuration, version {VERSION}")
    return untrusted


def _take_integers(target: object, entries: "dict[str, Any]", bounds: "dict[str, Bounds]") -> None:
    """Check every whole number and keep it as the target's attribute."""
    for name, (default, least, greatest) in bounds.items():
        value = entries.get(name, default)
        if value is None:
            raise ConfigError(f"{name} is missing")
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= greatest:
            raise ConfigError(f"{name} must be a whole number from {least} to {greatest}")
        setattr(target, name, value)


def _rows(
    untrusted: "dict[str, object]", name: str, width: int, least: int, greatest: int
) -> "list[list[int]]":
    """Return a table's rows; the first column rises, and in a table of two columns the second too."""
    rows = untrusted.get(name, [])
    if not isinstance(rows, list) or len(rows) > _MOST_ROWS:
        raise ConfigError(f"{name} must be a list of at most {_MOST_ROWS} rows")
    before = None
    for row in rows:
        if not isinstance(row, list) or len(row) != width:
            raise ConfigError(f"{name} must have rows of {width} numbers")
        for value in row:
            if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= greatest:
                raise ConfigError(f"{name} must hold whole numbers from {least} to {greatest}")
        if before is not None and (row[0] <= before[0] or (width == 2 and row[1] <= before[1])):
            raise ConfigError(f"the rows of {name} must rise")
        before = row
    return rows


def _text(untrusted: "dict[str, object]", name: str, most: int = 64) -> str:
    value = untrusted.get(name, "")
    if not isinstance(value, str) or len(value) > most:
        raise ConfigError(f"{name} must be a text of at most {most} characters")
    return value


def _url(untrusted: "dict[str, object]", name: str) -> str:
    """Return a URL without the slash at its end, "" for none."""
    value = _text(untrusted, name)
    if value and not _is_url(value):
        raise ConfigError(f"{name} must begin with http:// or https://")
    return value.rstrip("/")


def _is_url(text: str, scheme: str = "http") -> bool:
    """Return whether a text begins with a scheme, or the same over TLS."""
    found, mark, _ = text.partition("://")
    return bool(mark) and found in (scheme, scheme + "s")


def _address(untrusted: "dict[str, object]") -> bytes:
    value = untrusted.get("contract")
    if not isinstance(value, str):
        raise ConfigError("contract must be an address, 0x and 40 hex digits")
    try:
        return parse_address(value)
    except ValueError as error:
        raise ConfigError(f"contract: {error}")


def _validators(untrusted: "dict[str, object]") -> "tuple[bytes, ...]":
    listed = untrusted.get("validators", [])
    if not isinstance(listed, list) or len(listed) > _MOST_VALIDATORS:
        raise ConfigError(f"validators must be a list of at most {_MOST_VALIDATORS} addresses")
    found = []
    for one in listed:
        try:
            found.append(parse_address(one))
        except ValueError as error:
            raise ConfigError(f"validators: {error}")
    if len(set(found)) != len(found):
        raise ConfigError("validators must not name one twice: it would count twice")
    return tuple(sorted(found))


def _hardware_id(untrusted: "dict[str, object]") -> bytes:
    try:
        value = hex_bytes("hardware_id", untrusted.get("hardware_id"))
    except MessageError as error:
        raise ConfigError(str(error))
    if len(value) != 32:
        raise ConfigError("hardware_id must have 32 bytes")
    return value


def _sources(untrusted: "dict[str, object]", name: str, by: str) -> "list[Source]":
    """Return the sources of an entry; by: who runs those that do not say it."""
    value = untrusted.get(name, [])
    if not isinstance(value, list):
        raise ConfigError(f"{name} must be a list of URLs")
    found = []
    for one in value:
        entry = {"url": one} if isinstance(one, str) else one
        if not isinstance(entry, dict) or not set(entry) <= {"url", "by"}:
            raise ConfigError(f'{name}: each is a URL, or an object with "url" and "by"')
        url, whose = entry.get("url"), entry.get("by", by)
        if not isinstance(url, str) or not _is_url(url):
            raise ConfigError(f"{name}: a URL begins with http:// or https://")
        if whose not in BY:
            raise ConfigError(f"{name}: by must be one of " + ", ".join(BY))
        found.append(Source(url, name == "nodes", whose))
    return found


def _names(untrusted: "dict[str, object]", name: str, default: "list[str]", most: int) -> "list[str]":
    value = untrusted.get(name, default)
    if not isinstance(value, list) or len(value) > most:
        raise ConfigError(f"{name} must be a list of at most {most} names")
    for one in value:
        if not isinstance(one, str) or not 0 < len(one) <= 64:
            raise ConfigError(f"{name} must hold names of at most 64 characters")
    return value
