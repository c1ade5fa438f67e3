# SPDX-License-Identifier: Apache-2.0
"""Calldata for what a relayer sends and asks, packed by hand, which costs a tenth of the ABI's general coder.

Items are `SignedMessage`s; their signatures are r|s|v, in calldata compact (EIP-2098).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from electro_protocol.keccak import keccak256
from electro_protocol.messages import EnergyReport, OutageReport
from electro_protocol.recovery import compact

from .terms import padded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from electro_protocol.signed import SignedMessage

_REPORT = "(uint64,uint32,uint64,bytes,bytes32,bytes32)"
_OUTAGE = "(uint64,uint40,uint40,uint8,bytes32,bytes32)"


def _selector(signature: str) -> bytes:
    return keccak256(signature.encode())[:4]


SUBMIT = _selector(f"submit({_REPORT})")
SUBMIT_BATCH = _selector(f"submitBatch({_REPORT}[])")
CHECK = _selector(f"check({_REPORT}[])")
SUBMIT_OUTAGE = _selector(f"submitOutage({_OUTAGE})")
SUBMIT_OUTAGE_BATCH = _selector(f"submitOutageBatch({_OUTAGE}[])")
CHECK_OUTAGES = _selector(f"checkOutages({_OUTAGE}[])")
METER_STATE = _selector("meterState(address,uint16)")
QUOTE = _selector("quote(uint64,uint32,bytes)")

STATES = ("none", "proposed", "accepted", "settled", "cancelled", "terminated")


class DecodeError(ValueError):
    """An answer that is not what the function returns: not this contract, or not this version."""


@dataclass(frozen=True, slots=True)
class MeterState:
    """What a meter has to know about an agreement; `bounds` has (least, greatest) from `bounds_from` on."""

    agreement_id: int
    state: str  # one of STATES
    start: int
    interval_seconds: int
    intervals: int
    slots: int
    unit_wh: int
    next_interval: int
    remaining_bonus: int
    bounds_from: int
    bounds: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Quote:
    """What readings would come to: counts of intervals, sums of units, and money."""

    under: int
    over: int
    no_data: int
    no_supply: int
    under_units: int
    over_units: int
    penalty: int


def submit(item: SignedMessage) -> bytes:
    return SUBMIT + _word(32) + _report(item)


def submit_batch(items: Sequence[SignedMessage]) -> bytes:
    return SUBMIT_BATCH + _reports(items)


def check(items: Sequence[SignedMessage]) -> bytes:
    return CHECK + _reports(items)


def submit_outage(item: SignedMessage) -> bytes:
    return SUBMIT_OUTAGE + _outage(item)


def submit_outage_batch(items: Sequence[SignedMessage]) -> bytes:
    return SUBMIT_OUTAGE_BATCH + _outages(items)


def check_outages(items: Sequence[SignedMessage]) -> bytes:
    return CHECK_OUTAGES + _outages(items)


def meter_state(device: bytes, ahead: int) -> bytes:
    return METER_STATE + bytes(12) + device + _word(ahead)


def quote(agreement_id: int, first_interval: int, readings: bytes) -> bytes:
    """Ask what packed readings would cost; nobody signs them."""
    head = _word(agreement_id) + _word(first_interval) + _word(3 * 32)
    return QUOTE + head + _word(len(readings)) + padded(readings)


def decode_quote(data: bytes) -> Quote:
    """Return the record of a quote's answer."""
    words = _words(data)
    if len(words) != 7:
        raise DecodeError("this is not the answer of quote")
    return Quote(*words)


def decode_reasons(data: bytes) -> list[bytes]:
    """Return for each item of a check the selector of the refusing error; four zeros if it would pass."""
    words = _words(data)
    if len(words) < 2 or words[0] != 32 or words[1] != len(words) - 2:
        raise DecodeError("this is not the answer of a check")
    return [data[i : i + 4] for i in range(64, len(data), 32)]


def decode_meter_state(data: bytes) -> list[MeterState]:
    """Return the records of a meterState answer."""
    words = _words(data)
    try:
        if words[0] != 32:
            raise DecodeError("this is not the answer of meterState")
        base = 2
        return [_decode_state(data, words, base + words[base + i] // 32) for i in range(words[1])]
    except (IndexError, ValueError) as error:
        raise DecodeError("the answer of meterState is cut off") from error


def _decode_state(data: bytes, words: list[int], at: int) -> MeterState:
    agreement_id, state, start, seconds, intervals, slots, unit_wh, next_interval, bonus, bounds_from = words[
        at : at + 10
    ]
    length_at = at + words[at + 10] // 32
    bounds_at = 32 * (length_at + 1)
    packed = data[bounds_at : bounds_at + words[length_at]]
    if len(packed) != words[length_at] or len(packed) % 4 or state >= len(STATES):
        raise DecodeError("the answer of meterState is cut off or of another version")
    count = len(packed) // 4
    bounds = struct.unpack(f">{2 * count}H", packed)
    pairs = tuple(zip(bounds[:count], bounds[count:], strict=True))
    return MeterState(
        agreement_id=agreement_id,
        state=STATES[state],
        start=start,
        interval_seconds=seconds,
        intervals=intervals,
        slots=slots,
        unit_wh=unit_wh,
        next_interval=next_interval,
        remaining_bonus=bonus,
        bounds_from=bounds_from,
        bounds=pairs,
    )


def _reports(items: Sequence[SignedMessage]) -> bytes:
    """An array of dynamic tuples: its length, an offset for each from behind the length, the tuples."""
    tuples = [_report(item) for item in items]
    head = [_word(32), _word(len(tuples))]
    offset = 32 * len(tuples)
    for each in tuples:
        head.append(_word(offset))
        offset += len(each)
    return b"".join(head + tuples)


def _report(item: SignedMessage) -> bytes:
    message = item.message
    if not isinstance(message, EnergyReport):
        raise TypeError("only an EnergyReport goes into a report call")
    return b"".join(
        (
            _word(message.agreement_id),
            _word(message.first_interval),
            _word(message.register_wh),
            _word(6 * 32),
            compact(item.signature),
            _word(len(message.readings)),
            padded(message.readings),
        )
    )


def _outages(items: Sequence[SignedMessage]) -> bytes:
    return _word(32) + _word(len(items)) + b"".join(map(_outage, items))


def _outage(item: SignedMessage) -> bytes:
    message = item.message
    if not isinstance(message, OutageReport):
        raise TypeError("only an OutageReport goes into an outage call")
    numbers = (message.agreement_id, message.started_at, message.ended_at, message.cause)
    return b"".join(map(_word, numbers)) + compact(item.signature)


def _word(number: int) -> bytes:
    return number.to_bytes(32, "big")


def _words(data: bytes) -> list[int]:
    if len(data) % 32:
        raise DecodeError("an ABI answer is a whole number of words")
    return [int.from_bytes(data[i : i + 32], "big") for i in range(0, len(data), 32)]
