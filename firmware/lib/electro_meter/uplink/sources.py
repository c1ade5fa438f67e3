# SPDX-License-Identifier: Apache-2.0
"""Read what relayers say of agreements and messages: with `parsing` the meter's boundary of trust.

Whatever the bytes, the result is a record or a SourceError, in bounded time and memory. Whether a
record is true is another question: `agreements` asks it.

| function | of what | gives |
|---|---|---|
| `parsing.parsed` | a body | JSON, bounded |
| `head.read_head` | a head | status, length, date, Retry-After |
| standing | a relayer's GET | list of Told |
| `bands.schedule` | the same, of a pass's bands | account and hash of their code |
| verdicts | the answer to a POST | for each message (status, code, expected) |
| terms | the code of a terms' account | slots, interval_s, intervals, unit_wh |
| `contract.states` | a node's eth_call | list of Told |
| `contract.result` | JSON-RPC | the result, "" if the contract refused the call |
| `dns.answer`, `sntp.bound` | a datagram | addresses; a bound on the time |
"""

from array import array
from binascii import unhexlify

from electro_protocol.address import parse as parse_address

from .agreement import Told
from .errors import SourceError
from .parsing import are_digits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST_TERMS_BYTES = 4_096
MOST_TOLD = 8  # agreements in one answer: the contract tells a meter's last three
MOST_SLOTS = 672
MOST_INTERVALS = 65_535  # the contract's own
MOST_INTERVAL_S = 86_400
_MOST_UNIT_WH = (1 << 32) - 1
LAST_S = (1 << 40) - 1
MOST_BONUS = (1 << 128) - 1  # the contract's own
_MOST_DIGITS = 39  # of it
TERMS_HEADER_BYTES = 97  # a byte 0 and three words


def whole(name: str, untrusted: object, least: int, greatest: int) -> int:
    """Return a number, or one in decimal digits, of this range."""
    if isinstance(untrusted, str) and are_digits(untrusted, _MOST_DIGITS):
        untrusted = int(untrusted)
    if not isinstance(untrusted, int) or isinstance(untrusted, bool) or not least <= untrusted <= greatest:
        raise SourceError(f"{name} is no whole number from {least} to {greatest}")
    return untrusted


def octets(name: str, untrusted: object, most: int) -> bytes:
    """Return the bytes of 0x-hex, at most so many."""
    if isinstance(untrusted, str) and untrusted[:2] == "0x" and len(untrusted) <= 2 + 2 * most:
        try:
            return unhexlify(untrusted[2:])
        except ValueError:
            pass
    raise SourceError(f"{name} is no hex of at most {most} bytes")


def shown(untrusted: object) -> str:
    """Return what can be shown of a word that somebody sent."""
    text = untrusted if isinstance(untrusted, str) else ""
    return "".join([c if " " <= c <= "~" else "?" for c in text[:60]])


def part(untrusted: object, name: str, kind: type) -> "Any":
    """Return a member of an object."""
    value = untrusted.get(name) if isinstance(untrusted, dict) else None
    if not isinstance(value, kind):
        raise SourceError(f"{name} is missing, or of the wrong kind")
    return value


def standing(untrusted: object, chain_id: int, contract: bytes) -> "list[Told]":
    """Return what a relayer tells of a meter's agreements."""
    if whole("chain_id", part(untrusted, "chain_id", object), 0, 1 << 64) != chain_id:
        raise SourceError("it serves another chain")
    try:
        if parse_address(part(untrusted, "contract", str)) != contract:
            raise SourceError("it serves another contract")
    except ValueError:
        raise SourceError("contract is no address")
    listed = part(untrusted, "agreements", list)
    if len(listed) > MOST_TOLD:
        raise SourceError(f"it tells more than {MOST_TOLD} agreements")
    return [_told(one) for one in listed]


def _told(one: object) -> Told:
    told = Told()
    told.id = whole("agreement_id", part(one, "agreement_id", object), 1, (1 << 64) - 1)
    told.place = whole("place", part(one, "place", object), 0, 255)
    told.start_s = whole("start", part(one, "start", object), 0, LAST_S)
    terms_ = part(one, "terms", dict)
    told.account = octets("account", terms_.get("account"), 20)
    told.code_hash = octets("code_hash", terms_.get("code_hash"), 32)
    position, outage = part(one, "next", dict), part(one, "next_outage", dict)
    told.end = whole("end", part(one, "end", object), 0, MOST_INTERVALS)
    told.next_latest = whole("latest", position.get("latest"), 0, MOST_INTERVALS)
    told.next_final = whole("final", position.get("final"), 0, MOST_INTERVALS)
    told.next_outage = whole("next_outage", outage.get("latest"), 0, (1 << 32) - 1)
    told.outage_open = part(one, "outage_open", bool)
    told.cancelled = part(one, "state", str) == "cancelled"
    if isinstance(one, dict) and "remaining_bonus" in one:  # for people: a meter goes on without it
        told.bonus = whole("remaining_bonus", one["remaining_bonus"], 0, MOST_BONUS)
    bounds = part(one, "bounds", dict)
    told.bounds_from = whole("first_interval", bounds.get("first_interval"), 0, MOST_INTERVALS)
    told.least, told.most = _bounds(part(bounds, "min", list)), _bounds(part(bounds, "max", list))
    return sound(told)


def sound(told: Told) -> Told:
    """Return it if its parts fit each other."""
    if not told.id or len(told.account) != 20 or len(told.code_hash) != 32:
        raise SourceError("the agreement has no number, or its terms no account or no hash")
    if len(told.least) != len(told.most) or len(told.least) > MOST_SLOTS:
        raise SourceError("the bounds have not as many least as greatest, or too many")
    return told


def _bounds(listed: "list[object]") -> "array[int]":
    """Return bounds in 16 bits each."""
    words = array("H", bytes(2 * min(len(listed), MOST_SLOTS + 1)))
    for k in range(len(words)):
        words[k] = whole("a bound", listed[k], 0, 0xFFFF)
    return words


def terms(code: "bytes | bytearray") -> "tuple[int, int, int, int]":
    """Return slots, interval_s, intervals and unit_wh of terms as the contract keeps them, in an account's code."""
    if not TERMS_HEADER_BYTES <= len(code) <= MOST_TERMS_BYTES or code[0]:
        raise SourceError("the terms' code is none")
    slots = code[1] << 8 | code[2]
    interval_s = int.from_bytes(code[3:7], "big")
    intervals = int.from_bytes(code[9:11], "big")
    unit_wh = int.from_bytes(code[11:15], "big")
    if (
        not 1 <= slots <= MOST_SLOTS
        or not 1 <= interval_s <= MOST_INTERVAL_S
        or not 1 <= intervals <= MOST_INTERVALS
        or not 1 <= unit_wh <= _MOST_UNIT_WH
        or code[7]
        or code[8] > 1
    ):
        raise SourceError("the terms' code has a number out of range")
    return slots, interval_s, intervals, unit_wh


def seal_of(code: "bytes | bytearray") -> bytes:
    """Return what of sealed terms the meter needs, their viewing key's hash, the bands' nonce and the bands; else none.

    The code is one of which `terms` has taken the numbers.
    """
    end = TERMS_HEADER_BYTES + 4 * (code[1] << 8 | code[2])
    if not code[8]:
        return b""
    if len(code) != end + 16 + 20 * (1 + code[20]) + 32:
        raise SourceError("the sealed terms' code has another length than its numbers say")
    return bytes(code[-32:] + code[end : end + 16] + code[TERMS_HEADER_BYTES:end])


def verdicts(status: int, untrusted: object, count: int) -> "list[tuple[int, str, int]]":
    """Return for each of so many messages (status, code of the refusal, interval expected instead or -1)."""
    if count == 1:
        return [_verdict(status, untrusted)]
    results = part(untrusted, "results", list)
    if len(results) != count:
        raise SourceError(f"it answered {len(results)} of {count} messages")
    return [
        _verdict(whole("status_code", part(one, "status_code", object), 100, 599), one) for one in results
    ]


def _verdict(status: int, untrusted: object) -> "tuple[int, str, int]":
    error = untrusted.get("error") if isinstance(untrusted, dict) else None
    if not isinstance(error, dict):
        return status, "", -1
    expected = error.get("expected")
    if not isinstance(expected, int) or isinstance(expected, bool) or not 0 <= expected <= MOST_INTERVALS:
        expected = -1
    return status, shown(error.get("code"))[:40], expected
