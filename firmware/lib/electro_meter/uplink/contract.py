# SPDX-License-Identifier: Apache-2.0
"""Read what a node of the chain answers: JSON-RPC, and the contract's `meterState` in ABI encoding, bounded."""

from array import array

from .agreement import Told
from .errors import SourceError
from .sources import LAST_S, MOST_BONUS, MOST_INTERVALS, MOST_SLOTS, MOST_TOLD, part, shown, sound

_REVERTED = 3  # JSON-RPC's code for a call that the contract itself refuses (EIP-1474, geth)
_CANCELLED = 4  # of the contract's states
_STATE_WORDS = 19  # of a MeterState, the offset of its bounds included


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
    told.place = _word(raw, at + 32 * 2, 255)
    told.start_s = _word(raw, at + 32 * 3, LAST_S)
    told.end = _word(raw, at + 32 * 7, MOST_INTERVALS)
    told.account = raw[at + 32 * 12 - 20 : at + 32 * 12]
    told.code_hash = raw[at + 32 * 12 : at + 32 * 13]
    told.next_latest = told.next_final = _word(raw, at + 32 * 13, MOST_INTERVALS)
    told.next_outage = _word(raw, at + 32 * 14, (1 << 32) - 1)
    told.outage_open = _word(raw, at + 32 * 15, 1) == 1
    told.bonus = _word(raw, at + 32 * 16, MOST_BONUS)
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
    return sound(told)


def schedule(raw: bytes) -> "tuple[bytes, bytes]":
    """Return what scheduleOf tells: account and hash of the code with a pass's bands."""
    if len(raw) < 64:
        raise SourceError("the contract's answer is cut off")
    return raw[12:32], raw[32:64]


def result(untrusted: object, optional: bool) -> str:
    """Return the text that a JSON-RPC call resulted in; "" if the contract, or an optional call the node, refused."""
    if not isinstance(untrusted, dict):
        raise SourceError("it does not speak JSON-RPC")
    error = untrusted.get("error")
    if isinstance(error, dict):
        if optional or error.get("code") == _REVERTED:
            return ""
        raise SourceError("the node refuses: " + shown(error.get("message")))
    text: str = part(untrusted, "result", str)
    return text
