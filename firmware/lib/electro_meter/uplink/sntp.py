# SPDX-License-Identifier: Apache-2.0
"""Ask time servers, one datagram each, and tell the clock between which instants now lies.

An answer counts if it repeats a random number of this question, and if server and answer are sane (RFC 5905, 7.3 and
figure 25): in client-server mode, synchronised, of stratum 1 to 15, with time stamps that are set and in order, and not
further away than a second and a half. The fraction of the second is used; the era is the one that holds the floor.
"""

from ..world import Board
from .clock import ASK_EVERY_MS, Clock
from .dns import Resolver
from .errors import UnreachableError

PORT = 123
TIMEOUT_MS = 3_000
_PACKET_BYTES = 48
_ERA_S = 1 << 32
_UNIX_S = 2_208_988_800  # from 1900, where NTP begins, to 1970
_MOST_DISTANCE_US = 1_500_000  # MAXDIST
_SERVER = 4  # of the modes


class KissOfDeathError(ValueError):
    """The server wants not to be asked any more for now."""


def question(nonce: bytes) -> bytes:
    """Return the datagram that asks for the time; the server repeats the eight random bytes."""
    return b"\x23" + bytes(39) + nonce  # version 4, client; nothing of this meter's own clock


def repeats(raw: bytes, nonce: bytes) -> bool:
    """Return whether a datagram answers the question with this number."""
    return len(raw) >= _PACKET_BYTES and raw[24:32] == nonce and raw[0] & 7 == _SERVER


def bound(raw: bytes, took_us: int, floor_s: int) -> "tuple[int, int]":
    """Return the unix microseconds between which it was when the answer came, took_us after the question left.

    Raises ValueError for an answer that tells no time.
    """
    if not raw[1]:
        raise KissOfDeathError("the time server wants to be left alone")
    if raw[0] >> 6 == 3 or raw[1] > 15 or not 3 <= raw[0] >> 3 & 7 <= 4:
        raise ValueError("the time server has no time itself")
    distance_us = _short_us(raw, 4) // 2 + _short_us(raw, 8)
    if distance_us > _MOST_DISTANCE_US:
        raise ValueError("the time server is too far from any clock")
    came, left = raw[32:40], raw[40:48]
    if came == bytes(8) or left == bytes(8):
        raise ValueError("the time server's answer has no time")
    received_us, sent_us = _stamp_us(came, floor_s), _stamp_us(left, floor_s)
    way_us = took_us - (sent_us - received_us)
    if sent_us < received_us or way_us < 0 or way_us > _MOST_DISTANCE_US:
        raise ValueError("the time server's answer took too long, or less than nothing")
    return sent_us - distance_us, sent_us + way_us + distance_us


def _short_us(raw: bytes, at: int) -> int:
    """Return 16.16 bits of seconds in microseconds."""
    return int.from_bytes(raw[at : at + 4], "big") * 1_000_000 >> 16


def _stamp_us(raw: bytes, floor_s: int) -> int:
    """Return a time stamp in unix microseconds, of the era in which it is not before the floor."""
    seconds = int.from_bytes(raw[:4], "big") - _UNIX_S
    seconds += (floor_s - seconds + _ERA_S - 1) // _ERA_S * _ERA_S
    return seconds * 1_000_000 + (int.from_bytes(raw[4:], "big") * 1_000_000 >> 32)


async def ask(board: Board, clock: Clock, resolver: Resolver, server: str) -> None:
    """Ask one server and tell the clock.

    Raises OSError, UnreachableError or ValueError.
    """
    address = await resolver.resolve(server)
    nonce = board.entropy(8)
    asked_us = board.uptime_us()
    try:
        raw = await board.ask_datagram(
            address, PORT, question(nonce), TIMEOUT_MS, lambda raw: repeats(raw, nonce)
        )
    except OSError:
        resolver.failed(server)
        raise
    low_us, high_us = bound(raw, board.uptime_us() - asked_us, clock.floor_s)
    clock.hear(server, "other", low_us, high_us, False, (address, address == server))


async def ask_all(
    board: Board, clock: Clock, resolver: Resolver, servers: "list[str]", dead: "dict[str, int]"
) -> int:
    """Ask all servers and return how many told the time; dead: who wants to be left alone, until when."""
    heard = 0
    for server in servers:
        if board.uptime_us() < dead.get(server, 0):
            continue
        try:
            await ask(board, clock, resolver, server)
            heard += 1
        except KissOfDeathError:
            dead[server] = board.uptime_us() + 24 * ASK_EVERY_MS * 1000
        except (OSError, UnreachableError, ValueError) as error:
            board.log(f"time server {server}: {error}")
    return heard
