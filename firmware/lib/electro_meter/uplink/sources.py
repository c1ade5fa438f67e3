# SPDX-License-Identifier: Apache-2.0
"""Read what relayers and nodes say: the meter's boundary of trust. Nothing of an answer gets past it unbounded.

Whatever the bytes, the result is one of the records below or a SourceError, in bounded time and memory. Whether a
record is true is another question: `agreements` asks it. Datagrams are read by `dns` and `sntp`, heads by `http`,
each with its numbers from here.

| function | of what | gives |
|---|---|---|
| parsed | a body | JSON: at most 512 brackets, numbers of at most 78 digits |
| standing | a relayer's GET | list of Told |
| states | a node's eth_call | list of Told |
| terms | the code of a terms' account | slots, interval_s, intervals, unit_wh |
| verdicts | the answer to a POST | for each message (status, code, expected) |
| result | JSON-RPC | the result, "" if the contract refused the call |
"""

import json
from array import array
from binascii import unhexlify

from electro_protocol.address import parse as parse_address

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST_BYTES = 32_768  # an answer with the bounds of a week is below 12 KB, terms are 4,085 bytes
MOST_TERMS_BYTES = 4_096
MOST_PAUSE_S = 3_600  # whoever asks for more is asked again in an hour all the same
MOST_TOLD = 8  # agreements in one answer: the contract tells a meter's last three
MOST_SLOTS = 672
MOST_INTERVALS = 65_535  # the contract's own
MOST_INTERVAL_S = 86_400
_MOST_UNIT_WH = (1 << 32) - 1
_MOST_DIGITS = 78  # of 2^256
_MOST_QUOTES = 2_048  # 8 agreements have 700
_MOST_BRACKETS = (
    512  # more than 8 agreements or 50 verdicts have; deeper nests than an interpreter's calls can't be
)
_LAST_S = (1 << 40) - 1
_TERMS_HEADER_BYTES = 97  # a byte 0 and three words
_REVERTED = 3  # JSON-RPC's code for a call that the contract itself refuses (EIP-1474, geth)
_CANCELLED = 4  # of the contract's states
_STATE_WORDS = 19  # of a MeterState, the offset of its bounds included
_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"


class SourceError(Exception):
    """What a source said, or that it said nothing; the sentence tells it without secrets."""


class UnreachableError(SourceError):
    """No answer: network, name, peer, TLS or time."""


class Told:
    """What one source says of one agreement, every number in its range."""

    id: int
    start_s: int
    account: bytes  # of the terms
    code_hash: bytes  # of the terms' code
    next_latest: int  # interval
    next_final: int
    next_outage: int  # number
    outage_open: bool  # the outage of that number is known to be open
    end: int  # interval
    cancelled: bool
    bounds_from: int  # interval
    least: "array[int]"
    most: "array[int]"


def whole(name: str, untrusted: object, least: int, greatest: int) -> int:
    """Return a number, or one in decimal digits, of this range."""
    if isinstance(untrusted, str) and are_digits(untrusted, 20):
        untrusted = int(untrusted)
    if not isinstance(untrusted, int) or isinstance(untrusted, bool) or not least <= untrusted <= greatest:
        raise SourceError(f"{name} is no whole number from {least} to {greatest}")
    return untrusted


def are_digits(text: str, most: int) -> bool:
    """Return whether this is one to `most` decimal digits."""
    return 0 < len(text) <= most and all("0" <= c <= "9" for c in text)


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


def _part(untrusted: object, name: str, kind: type) -> "Any":
    """Return a member of an object."""
    value = untrusted.get(name) if isinstance(untrusted, dict) else None
    if not isinstance(value, kind):
        raise SourceError(f"{name} is missing, or of the wrong kind")
    return value


def parsed(raw: bytearray, length: int) -> object:
    """Return the JSON in the first bytes of a buffer, whose rest is blanked."""
    blanks = b" " * 64
    for at in range(length, len(raw), 64):
        end = min(at + 64, len(raw))
        raw[at:end] = blanks[: end - at]
    if raw.count(b"[") + raw.count(b"{") > _MOST_BRACKETS:
        raise SourceError("the answer has too many parts")
    if raw.count(b'"') > _MOST_QUOTES or _has_long_number(raw, length):
        raise SourceError("the answer has too many texts, or a number without end")
    buffer: "Any" = (
        raw  # both Pythons read JSON from a bytearray; MicroPython's stub knows only text and bytes
    )
    try:
        return json.loads(buffer)
    except (ValueError, RuntimeError):  # CPython's recursion
        raise SourceError("the answer is no JSON")


def _has_long_number(raw: bytearray, length: int) -> bool:
    """Return whether more digits stand in a row than any number has; to read one of thousands takes seconds.

    Hex in texts may have that many zeros. What is between texts is looked at in strides that meet each such row.
    """
    at = 0
    while 0 <= at < length:
        quote = raw.find(b'"', at)
        end = length if quote < 0 else quote
        for k in range(at + _MOST_DIGITS, end, _MOST_DIGITS + 1):
            first = last = k
            while first >= at and 48 <= raw[first] <= 57:
                first -= 1
            while last < end and 48 <= raw[last] <= 57:
                last += 1
            if last - first > _MOST_DIGITS + 1:
                return True
        if quote < 0:
            return False
        at = raw.find(b'"', quote + 1)
        while at > 0 and raw[at - 1] == 92 and _is_escaped(raw, at):
            at = raw.find(b'"', at + 1)
        at = at + 1 if at > 0 else -1
    return False


def _is_escaped(raw: bytearray, at: int) -> bool:
    """Return whether an odd number of backslashes stands before."""
    first = at
    while raw[first - 1] == 92:
        first -= 1
    return (at - first) % 2 == 1


def standing(untrusted: object, chain_id: int, contract: bytes) -> "list[Told]":
    """Return what a relayer tells of a meter's agreements."""
    if whole("chain_id", _part(untrusted, "chain_id", object), 0, 1 << 64) != chain_id:
        raise SourceError("it serves another chain")
    try:
        if parse_address(_part(untrusted, "contract", str)) != contract:
            raise SourceError("it serves another contract")
    except ValueError:
        raise SourceError("contract is no address")
    listed = _part(untrusted, "agreements", list)
    if len(listed) > MOST_TOLD:
        raise SourceError(f"it tells more than {MOST_TOLD} agreements")
    return [_told(one) for one in listed]


def _told(one: object) -> Told:
    told = Told()
    told.id = whole("agreement_id", _part(one, "agreement_id", object), 1, (1 << 64) - 1)
    told.start_s = whole("start", _part(one, "start", object), 0, _LAST_S)
    terms_ = _part(one, "terms", dict)
    told.account = octets("account", terms_.get("account"), 20)
    told.code_hash = octets("code_hash", terms_.get("code_hash"), 32)
    position, outage = _part(one, "next", dict), _part(one, "next_outage", dict)
    told.end = whole("end", _part(one, "end", object), 0, MOST_INTERVALS)
    told.next_latest = whole("latest", position.get("latest"), 0, MOST_INTERVALS)
    told.next_final = whole("final", position.get("final"), 0, MOST_INTERVALS)
    told.next_outage = whole("next_outage", outage.get("latest"), 0, (1 << 32) - 1)
    told.outage_open = _part(one, "outage_open", bool)
    told.cancelled = _part(one, "state", str) == "cancelled"
    bounds = _part(one, "bounds", dict)
    told.bounds_from = whole("first_interval", bounds.get("first_interval"), 0, MOST_INTERVALS)
    told.least, told.most = _bounds(_part(bounds, "min", list)), _bounds(_part(bounds, "max", list))
    return _sound(told)


def _sound(told: Told) -> Told:
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


def states(raw: bytes) -> "list[Told]":
    """Return what a contract's meterState tells, in ABI encoding; nothing if the call was refused."""
    if not raw:
        return []
    count = _word(raw, 32, MOST_TOLD)
    listed = []
    for k in range(count):
        listed.append(_state(raw, 64 + _word(raw, 64 + 32 * k, len(raw))))
    return listed


def _word(raw: bytes, at: int, greatest: int) -> int:
    if not 0 <= at <= len(raw) - 32:
        raise SourceError("the contract's answer is cut off")
    value = int.from_bytes(raw[at : at + 32], "big")
    if value > greatest:
        raise SourceError("the contract's answer has a number out of range")
    return value


def _state(raw: bytes, at: int) -> Told:
    """Return the MeterState that begins there; words in the order of the contract's struct."""
    if at + 32 * _STATE_WORDS > len(raw):
        raise SourceError("the contract's answer is cut off")
    told = Told()
    told.id = _word(raw, at, (1 << 64) - 1)
    told.cancelled = _word(raw, at + 32, 255) == _CANCELLED
    told.start_s = _word(raw, at + 32 * 3, _LAST_S)
    told.end = _word(raw, at + 32 * 7, MOST_INTERVALS)
    told.account = raw[at + 32 * 12 - 20 : at + 32 * 12]
    told.code_hash = raw[at + 32 * 12 : at + 32 * 13]
    told.next_latest = told.next_final = _word(raw, at + 32 * 13, MOST_INTERVALS)
    told.next_outage = _word(raw, at + 32 * 14, (1 << 32) - 1)
    told.outage_open = _word(raw, at + 32 * 15, 1) == 1
    told.bounds_from = _word(raw, at + 32 * 17, MOST_INTERVALS)
    begin = at + _word(raw, at + 32 * 18, len(raw))
    length = _word(raw, begin, 4 * MOST_SLOTS)
    if length % 4 or begin + 32 + length > len(raw):
        raise SourceError("the contract's answer is cut off")
    told.least = array("H", bytes(length // 2))
    told.most = array("H", bytes(length // 2))
    for k in range(length // 4):
        low = begin + 32 + 2 * k
        told.least[k] = raw[low] << 8 | raw[low + 1]
        high = low + length // 2
        told.most[k] = raw[high] << 8 | raw[high + 1]
    return _sound(told)


def terms(code: "bytes | bytearray") -> "tuple[int, int, int, int]":
    """Return slots, interval_s, intervals and unit_wh of terms as the contract keeps them, in an account's code."""
    if not _TERMS_HEADER_BYTES <= len(code) <= MOST_TERMS_BYTES or code[0]:
        raise SourceError("the terms' code is none")
    slots = code[1] << 8 | code[2]
    interval_s = int.from_bytes(code[3:7], "big")
    intervals = int.from_bytes(code[7:11], "big")
    unit_wh = int.from_bytes(code[11:15], "big")
    if (
        not 1 <= slots <= MOST_SLOTS
        or not 1 <= interval_s <= MOST_INTERVAL_S
        or not 1 <= intervals <= MOST_INTERVALS
        or not 1 <= unit_wh <= _MOST_UNIT_WH
    ):
        raise SourceError("the terms' code has a number out of range")
    return slots, interval_s, intervals, unit_wh


def verdicts(status: int, untrusted: object, count: int) -> "list[tuple[int, str, int]]":
    """Return for each of so many messages (status, code of the refusal, interval expected instead or -1)."""
    if count == 1:
        return [_verdict(status, untrusted)]
    results = _part(untrusted, "results", list)
    if len(results) != count:
        raise SourceError(f"it answered {len(results)} of {count} messages")
    return [
        _verdict(whole("status_code", _part(one, "status_code", object), 100, 599), one) for one in results
    ]


def _verdict(status: int, untrusted: object) -> "tuple[int, str, int]":
    error = untrusted.get("error") if isinstance(untrusted, dict) else None
    if not isinstance(error, dict):
        return status, "", -1
    expected = error.get("expected")
    if not isinstance(expected, int) or isinstance(expected, bool) or not 0 <= expected <= MOST_INTERVALS:
        expected = -1
    return status, shown(error.get("code"))[:40], expected


def result(untrusted: object, optional: bool) -> str:
    """Return the text that a JSON-RPC call resulted in; "" if the contract, or an optional call the node, refused."""
    if not isinstance(untrusted, dict):
        raise SourceError("it does not speak JSON-RPC")
    error = untrusted.get("error")
    if isinstance(error, dict):
        if optional or error.get("code") == _REVERTED:
            return ""
        raise SourceError("the node refuses: " + shown(error.get("message")))
    text: str = _part(untrusted, "result", str)
    return text


def pause_s(value: str) -> int:
    """Return the seconds of a Retry-After, an hour at most; a date there counts as a minute."""
    if not are_digits(value, 20):
        return 60
    return min(int(value), MOST_PAUSE_S)


def date_s(value: str) -> int:
    """Return the unix time of an HTTP date, "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7), 0 if it is none."""
    if len(value) != 29 or value[3:5] != ", " or value[25:] != " GMT" or value[19] != ":" or value[22] != ":":
        return 0
    month = _MONTHS.find(value[8:11])
    numbers = value[5:7] + value[12:16] + value[17:19] + value[20:22] + value[23:25]
    if month < 0 or month % 3 or not are_digits(numbers, 12):
        return 0
    day, year = int(value[5:7]), int(value[12:16])
    hour, minute, second = int(value[17:19]), int(value[20:22]), int(value[23:25])
    month = month // 3 + 1
    if not 1 <= day <= 31 or not 1970 <= year <= 2399 or hour > 23 or minute > 59 or second > 60:
        return 0
    # days since 1 March of year 0, where leap days come last (Hinnant, "chrono-compatible low-level date algorithms")
    if month < 3:
        year -= 1
        month += 12
    days = 365 * year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5 + day - 719_469
    return ((days * 24 + hour) * 60 + minute) * 60 + second
