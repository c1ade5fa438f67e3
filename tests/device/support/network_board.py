# SPDX-License-Identifier: Apache-2.0
"""Be a Board with a network and no grid, in virtual time: hosts answer by functions, and may lie, fail and be slow."""

import json

from electro_tools.grid.randomness import Randomness
from electro_tools.grid.virtual_board import VirtualBoard
from electro_tools.grid.virtual_time import VirtualTime

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class NetworkBoard(VirtualBoard):
    """`hosts` answer connections: address → function of (method, path, body) that returns (status, JSON or bytes).

    `datagrams` answer UDP: (address, port) → function of the question that returns a list of datagrams. A function may
    raise OSError. Time is unknown at first; `true_us` is what it is.
    """

    clock_is_true = False

    def __init__(self, directory: str, start_s: int) -> None:
        VirtualBoard.__init__(self, directory, start_s, 0)
        self.hosts: "dict[str, Any]" = {}
        self.datagrams: "dict[tuple[str, int], Any]" = {}
        self.servers: "list[str]" = []
        self.asked: "list[str]" = []  # each request: address, method, path
        self.dates = True  # answers have a Date
        self.chunked = False
        self.kept_us = 0
        self.said: "list[str]" = []
        self.names: "list[str | None]" = []  # in certificates, as asked for
        self._randomness = Randomness(7)

    @property
    def true_us(self) -> int:
        return self.time.now_us

    def renew_time(self, after_s: int) -> None:
        """Go on after so long, in another event loop."""
        self.time = VirtualTime(self.time.now_us + after_s * 1_000_000)

    def kept_unix_us(self) -> int:
        return self.kept_us

    def set_chip_clock(self, unix_s: int) -> None:
        self.kept_us = unix_s * 1_000_000

    def entropy(self, count: int) -> bytes:
        return self._randomness.octets(count)

    def log(self, sentence: str) -> None:
        self.said.append(sentence)

    def resolve(self, at: "dict[str, str]") -> None:
        """Have a name server tell the addresses of names; they may change."""
        self.servers = ["10.0.0.53"]
        self.datagrams["10.0.0.53", 53] = lambda raw: [
            dns_answer(raw, [at[name]]) for name in at if name.split(".")[0].encode() in raw
        ]

    def dns_servers(self) -> "list[str]":
        return self.servers

    async def connect(self, address: str, port: int, server_hostname: "str | None") -> "tuple[Any, Any]":
        self.names.append(server_hostname)
        if address not in self.hosts:
            raise OSError(f"no way to {address}")
        reader = Reader()
        return reader, Writer(self, address, reader)

    async def ask_datagram(
        self, address: str, port: int, question: bytes, timeout_ms: int, is_answer: "Any"
    ) -> bytes:
        answers = self.datagrams[address, port](question) if (address, port) in self.datagrams else []
        for raw in answers[:16]:
            if is_answer(raw):
                await self.sleep_ms(20)
                return raw
        await self.sleep_ms(timeout_ms)
        raise OSError("no answer")


class Reader:
    def __init__(self) -> None:
        self.raw = b""

    async def read(self, count: int) -> bytes:
        taken, self.raw = self.raw[:count], self.raw[count:]
        return taken


class Writer:
    """A drained request is answered at once."""

    def __init__(self, board: NetworkBoard, address: str, reader: Reader) -> None:
        self._board = board
        self._address = address
        self._reader = reader
        self._request = b""

    def write(self, raw: bytes) -> None:
        self._request += raw

    async def drain(self) -> None:
        board = self._board
        head, _, body = self._request.partition(b"\r\n\r\n")
        self._request = b""
        method, path, _ = head.split(b"\r\n")[0].decode().split(" ")
        board.asked.append(f"{self._address} {method} {path}")
        answer = board.hosts[self._address](method, path, body)
        if isinstance(answer, bytes):  # HTTP of its own kind
            self._reader.raw += answer
            return
        status, content = answer
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        lines = f"HTTP/1.1 {status} Word\r\n"
        if board.dates:
            lines += f"Date: {http_date(board.true_us // 1_000_000)}\r\n"
        if board.chunked:
            half = len(raw) // 2
            parts = [part for part in (raw[:half], raw[half:]) if part]
            raw = b"".join([b"%x\r\n" % len(part) + part + b"\r\n" for part in parts]) + b"0\r\n\r\n"
            lines += "Transfer-Encoding: chunked\r\n\r\n"
        else:
            lines += f"Content-Length: {len(raw)}\r\n\r\n"
        self._reader.raw += lines.encode() + raw

    def close(self) -> None:
        pass  # nothing is open

    async def wait_closed(self) -> None:
        pass  # nothing is open


_DAYS = "ThuFriSatSunMonTueWed"
_MONTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_NAMES = "JanFebMarAprMayJunJulAugSepOctNovDec"


def http_date(unix_s: int) -> str:
    """Return the time as HTTP dates an answer; both Pythons, whatever their epoch."""
    days, second = divmod(unix_s, 86_400)
    name = _DAYS[days % 7 * 3 : days % 7 * 3 + 3]
    year = 1970
    while days >= 365 + _is_leap(year):
        days -= 365 + _is_leap(year)
        year += 1
    month = 0
    while days >= _MONTHS[month] + (month == 1 and _is_leap(year)):
        days -= _MONTHS[month] + (month == 1 and _is_leap(year))
        month += 1
    clock = f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
    return f"{name}, {days + 1:02d} {_NAMES[3 * month : 3 * month + 3]} {year} {clock} GMT"


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def ntp_answer(question: bytes, unix_us: int, stratum: int = 2, leap: int = 0) -> bytes:
    """Return a time server's answer to a question."""
    ntp = ((unix_us // 1_000_000 + 2_208_988_800) % (1 << 32)).to_bytes(4, "big")
    ntp += ((unix_us % 1_000_000 << 32) // 1_000_000).to_bytes(4, "big")
    head = bytes([leap << 6 | 4 << 3 | 4, stratum, 6, 0xEC]) + b"\x00\x00\x01\x00" * 2 + b"GPS\x00"
    return head + ntp + question[40:48] + ntp + ntp


def dns_answer(question: bytes, addresses: "list[str]", life_s: int = 300, code: int = 0) -> bytes:
    """Return a name server's answer to a question."""
    head = (
        question[:2] + bytes([0x81, 0x80 | code]) + b"\x00\x01" + len(addresses).to_bytes(2, "big") + bytes(4)
    )
    records = b""
    for address in addresses:
        records += b"\xc0\x0c\x00\x01\x00\x01" + life_s.to_bytes(4, "big") + b"\x00\x04"
        records += bytes([int(part) for part in address.split(".")])
    return head + question[12:] + records
