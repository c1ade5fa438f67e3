# SPDX-License-Identifier: Apache-2.0
"""Resolve names without ever blocking: a question for an A record, over UDP, to the network's or configured servers.

The interpreter's own getaddrinfo stops everything, measuring too, until it is answered or gives up. Here the question
has a random number and leaves from a random port; only an answer with both and the question itself counts. What was
once resolved is kept for its life, a minute to a day, or until it serves no more, and served for a week after that if
nobody answers.

A name that is an address is returned as it is, and so is any name where there is no server to ask: then the system
resolves it, as in simulations.

Source: RFC 1035, sections 4.1 and 7.3; RFC 5452 for what an answer must repeat; RFC 8767 for stale answers.
"""

from ..world import Board
from .errors import UnreachableError

PORT = 53
LEAST_LIFE_S = 60
MOST_LIFE_S = 86_400
STALE_S = 7 * 86_400
TIMEOUT_MS = 2_000
_MOST_KEPT = 12  # names: sources and time servers are no more
_MOST_ADDRESSES = 4  # of a name
_MOST_RECORDS = 32
_MOST_ALIASES = 8
_MOST_NAME = 255
_MOST_LABELS = 127
_QUESTION_END = b"\x00\x01\x00\x01"  # A, of the Internet
_TYPE_A = 1
_TYPE_ALIAS = 5


class Resolver:
    """Names' addresses, and how long they hold."""

    def __init__(
        self, board: Board, servers: "list[str]", kept: "dict[str, tuple[list[str], int]] | None" = None
    ) -> None:
        """servers: addresses of name servers; if there are none the network's own are asked.

        kept: name → addresses, uptime_us until which they hold; of those that were resolved before.
        """
        self._board = board
        self._servers = servers
        self._kept = {} if kept is None else kept

    async def resolve(self, host: str) -> str:
        """Return an address of a host.

        Raises UnreachableError.
        """
        if is_address(host):
            return host
        servers = self._servers or self._board.dns_servers()
        if not servers:
            return host
        kept = self._kept.get(host)
        now_us = self._board.uptime_us()
        if kept is not None and now_us < kept[1]:
            return kept[0][0]
        why = "no name server answers"
        for server in servers:
            try:
                addresses, life_s = await self._ask(server, host)
            except (OSError, ValueError) as error:
                why = str(error) or why
                continue
            if host not in self._kept and len(self._kept) >= _MOST_KEPT:
                del self._kept[min(self._kept, key=lambda name: self._kept[name][1])]
            self._kept[host] = addresses, self._board.uptime_us() + life_s * 1_000_000
            return addresses[0]
        if kept is not None and now_us < kept[1] + STALE_S * 1_000_000:
            return kept[0][0]
        raise UnreachableError(f"{host} has no address: {why}")

    async def _ask(self, server: str, host: str) -> "tuple[list[str], int]":
        asked = question(host, self._board.entropy(2))
        raw = await self._board.ask_datagram(server, PORT, asked, TIMEOUT_MS, lambda raw: repeats(raw, asked))
        return answer(raw, len(asked))

    def failed(self, host: str) -> None:
        """Ask for a name anew before the next use: what was told may be a lie, or old; try another address first."""
        kept = self._kept.get(host)
        if kept is not None:
            addresses = kept[0]
            self._kept[host] = addresses[1:] + addresses[:1], min(kept[1], self._board.uptime_us())


def is_address(host: str) -> bool:
    """Return whether this is four numbers and needs no resolving."""
    parts = host.split(".")
    return len(parts) == 4 and all(
        0 < len(part) <= 3 and all("0" <= c <= "9" for c in part) and int(part) < 256 for part in parts
    )


def question(host: str, number: bytes) -> bytes:
    """Return the datagram that asks for a name's A records.

    Raises UnreachableError if it is no name.
    """
    parts = [number, b"\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"]  # recursion desired, one question
    for label in host.split("."):
        raw = label.encode()
        if not 0 < len(raw) < 64:
            raise UnreachableError(f"{host} is no name of a host")
        parts.append(bytes([len(raw)]) + raw)
    asked = b"".join(parts) + b"\x00" + _QUESTION_END
    if len(asked) > _MOST_NAME + 16:
        raise UnreachableError(f"{host} is no name of a host")
    return asked


def repeats(raw: bytes, asked: bytes) -> bool:
    """Return whether a datagram answers this question: its number, and the question itself in any case of letters."""
    return (
        len(raw) >= len(asked)
        and raw[:2] == asked[:2]
        and raw[2] & 0xF8 == 0x80  # an answer, to an ordinary question
        and raw[4:6] == b"\x00\x01"
        and raw[12 : len(asked)].lower() == asked[12:].lower()
    )


def answer(raw: bytes, at: int) -> "tuple[list[str], int]":
    """Return the addresses in a datagram, whose answers begin at `at`, and the seconds that they hold.

    Raises ValueError if it has none for the name in its question.
    """
    if raw[3] & 15:
        raise ValueError(f"the name server says {raw[3] & 15}")
    count = min(raw[6] << 8 | raw[7], _MOST_RECORDS)
    records = []
    for _ in range(count):
        if at >= len(raw):
            break
        owner, at = _name(raw, at)
        if at + 10 > len(raw):
            break  # cut off: what was whole before it counts
        kind = int.from_bytes(raw[at : at + 4], "big")
        life_s = int.from_bytes(raw[at + 4 : at + 8], "big")
        length = raw[at + 8] << 8 | raw[at + 9]
        at += 10
        if at + length > len(raw):
            break
        if kind == _TYPE_ALIAS << 16 | 1:
            records.append((owner, _name(raw, at)[0], b"", life_s))
        elif kind == _TYPE_A << 16 | 1 and length == 4:
            records.append((owner, b"", raw[at : at + 4], life_s))
        at += length
    return _followed(_name(raw, 12)[0], records)


def _followed(name: bytes, records: "list[tuple[bytes, bytes, bytes, int]]") -> "tuple[list[str], int]":
    """Return the addresses of a name, through its aliases."""
    life_s = MOST_LIFE_S
    for _ in range(_MOST_ALIASES):
        addresses: "list[str]" = []
        alias = b""
        for owner, other, address, holds_s in records:
            if owner != name:
                continue
            life_s = min(life_s, 0 if holds_s >> 31 else holds_s)  # RFC 2181, section 8
            alias = other or alias
            if (
                address and 0 < address[0] < 224 and len(addresses) < _MOST_ADDRESSES
            ):  # else nobody's, or everybody's
                addresses.append(".".join([str(part) for part in address]))
        if addresses:
            return addresses, max(LEAST_LIFE_S, life_s)
        if not alias:
            break
        name = alias
    raise ValueError("the name server knows no address")


def _name(raw: bytes, at: int) -> "tuple[bytes, int]":
    """Return a name in small letters as it stands in datagrams, without pointers, and where the next thing begins.

    A pointer leads before the name that it belongs to, and the next one before that, so that none can go in circles.
    """
    labels = b""
    least = at
    end = -1
    for _ in range(_MOST_LABELS):
        if at >= len(raw):
            break
        length = raw[at]
        if length >= 0xC0:
            if at + 1 >= len(raw):
                break
            if end < 0:
                end = at + 2
            at = (length & 0x3F) << 8 | raw[at + 1]
            if at >= least or at < 12:
                break
            least = at
        elif length >= 0x40 or at + 1 + length > len(raw) or len(labels) + length + 1 > _MOST_NAME:
            break
        else:
            labels += raw[at : at + 1 + length].lower()
            at += 1 + length
            if not length:
                return labels, at if end < 0 else end
    raise ValueError("the name server's answer makes no sense")
