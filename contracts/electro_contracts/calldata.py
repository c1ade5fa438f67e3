# SPDX-License-Identifier: Apache-2.0
"""Calldata for what a relayer sends and asks, packed by hand, which costs a tenth of the ABI's general coder.

Items are `SignedMessage`s; their signatures are r|s|v, in calldata compact (EIP-2098).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from electro_protocol.keccak import keccak256
from electro_protocol.messages import EnergyReport, OutageReport, SealedReport
from electro_protocol.recovery import compact

from .terms import padded, unpack_bands

if TYPE_CHECKING:
    from collections.abc import Sequence

    from electro_protocol.signed import SignedMessage

_REPORT = "(uint64,uint40,bytes16,uint32,uint64,bytes,bytes32,bytes32)"
_SEALED = "(uint64,uint40,bytes16,uint32,bytes,bytes,bytes32,bytes32)"
_OUTAGE = "(uint64,uint32,uint40,uint40,uint8,bytes32,bytes32)"


def _selector(signature: str) -> bytes:
    return keccak256(signature.encode())[:4]


SUBMIT = _selector(f"submit({_REPORT})")
SUBMIT_BATCH = _selector(f"submitBatch({_REPORT}[])")
CHECK = _selector(f"check({_REPORT}[])")
SUBMIT_SEALED = _selector(f"submitSealed({_SEALED})")
SUBMIT_SEALED_BATCH = _selector(f"submitSealedBatch({_SEALED}[])")
CHECK_SEALED = _selector(f"checkSealed({_SEALED}[])")
SUBMIT_OUTAGE = _selector(f"submitOutage({_OUTAGE})")
SUBMIT_OUTAGE_BATCH = _selector(f"submitOutageBatch({_OUTAGE}[])")
CHECK_OUTAGES = _selector(f"checkOutages({_OUTAGE}[])")
METER_STATE = _selector("meterState(address,uint16)")
METER_STATES = _selector("meterStates(address[],uint16)")
SCHEDULE_OF = _selector("scheduleOf(uint64,uint32,uint32)")
QUOTE = _selector("quote(uint64,uint32,uint32,bytes)")

MOST_SERVED = 3  # agreements of one meter
MOST_SLOTS = 0xFFFF  # of which bounds can be asked
STATES = ("none", "proposed", "accepted", "settled", "cancelled", "terminated")


class DecodeError(ValueError):
    """An answer that is not what the function returns: not this contract, or not this version."""


@dataclass(frozen=True, slots=True)
class MeterState:
    """What a meter has to know about an agreement; `bounds` has (least, greatest) from `bounds_from` on.

    `end` is the first interval that does not count for this meter any more; `stop` the first that a usual report does
    not reach; `code_hash` that of the terms' account, whose first half is signed in each report.
    """

    agreement_id: int
    state: str  # one of STATES
    place: int
    start: int
    interval_seconds: int
    intervals: int
    stop: int
    end: int
    reports_until: int
    slots: int
    unit_wh: int
    terms_account: bytes
    code_hash: bytes
    next_interval: int
    next_outage: int
    outage_open: bool
    remaining_bonus: int
    bounds_from: int
    bounds: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Quote:
    """What readings would come to: counts of intervals, sums of units, and money."""

    under: int
    over: int
    no_data: int
    interrupted: int
    under_units: int
    over_units: int
    penalty: int


def submit(item: SignedMessage) -> bytes:
    return SUBMIT + _word(32) + _report(item)


def submit_batch(items: Sequence[SignedMessage]) -> bytes:
    return SUBMIT_BATCH + _reports(items)


def check(items: Sequence[SignedMessage]) -> bytes:
    return CHECK + _reports(items)


def submit_sealed(item: SignedMessage) -> bytes:
    return SUBMIT_SEALED + _word(32) + _sealed(item)


def submit_sealed_batch(items: Sequence[SignedMessage]) -> bytes:
    return SUBMIT_SEALED_BATCH + _list(list(map(_sealed, items)))


def check_sealed(items: Sequence[SignedMessage]) -> bytes:
    return CHECK_SEALED + _list(list(map(_sealed, items)))


def submit_outage(item: SignedMessage) -> bytes:
    return SUBMIT_OUTAGE + _outage(item)


def submit_outage_batch(items: Sequence[SignedMessage]) -> bytes:
    return SUBMIT_OUTAGE_BATCH + _outages(items)


def check_outages(items: Sequence[SignedMessage]) -> bytes:
    return CHECK_OUTAGES + _outages(items)


def meter_state(device: bytes, ahead: int) -> bytes:
    return METER_STATE + bytes(12) + device + _word(ahead)


def meter_states(devices: Sequence[bytes], ahead: int) -> bytes:
    """Ask for many meters at once; strangers are no error."""
    addresses = b"".join(bytes(12) + device for device in devices)
    return METER_STATES + _word(64) + _word(ahead) + _word(len(devices)) + addresses


def schedule_of(agreement_id: int, place: int, interval: int) -> bytes:
    """Ask which bands hold in an interval at a place."""
    return SCHEDULE_OF + _word(agreement_id) + _word(place) + _word(interval)


def decode_schedule(data: bytes) -> tuple[bytes, bytes]:
    """Return account and hash of the code with the bands."""
    if len(data) != 64 or any(data[:12]):
        raise DecodeError("this is not the answer of scheduleOf")
    return data[12:32], data[32:]


def quote(agreement_id: int, place: int, first_interval: int, readings: bytes) -> bytes:
    """Ask what packed readings would cost at a place; nobody signs them."""
    head = _word(agreement_id) + _word(place) + _word(first_interval) + _word(4 * 32)
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
        return _decode_states(data, words, 1)
    except (IndexError, ValueError) as error:
        raise DecodeError("the answer of meterState is cut off") from error


def decode_meter_states(data: bytes, most_slots: int = MOST_SLOTS) -> list[list[MeterState] | None]:
    """Return for each device of a meterStates answer its records; None if it is not enrolled.

    An answer with bounds of more slots than were asked for is none: a few kilobytes could tell of millions.
    """
    words = _words(data)
    try:
        enrolled_at, lists_at = words[0] // 32, words[1] // 32
        enrolled = words[enrolled_at + 1 : enrolled_at + 1 + words[enrolled_at]]
        first = lists_at + 1
        if words[lists_at] != len(enrolled):
            raise DecodeError("this is not the answer of meterStates")
        return [
            _decode_states(data, words, first + words[first + i] // 32, most_slots) if known else None
            for i, known in enumerate(enrolled)
        ]
    except (IndexError, ValueError) as error:
        raise DecodeError("the answer of meterStates is cut off") from error


def _decode_states(data: bytes, words: list[int], at: int, most_slots: int = MOST_SLOTS) -> list[MeterState]:
    """The records of an array whose length stands at word `at`."""
    if words[at] > MOST_SERVED:
        raise DecodeError(f"a meter serves no more than {MOST_SERVED} agreements")
    base = at + 1
    return [_decode_state(data, words, base + words[base + i] // 32, most_slots) for i in range(words[at])]


# Of each word of a record in the ABI; the last is an offset.
_STATE_BITS = (64, 8, 32, 40, 32, 32, 32, 32, 40, 16, 32, 160, 256, 32, 32, 1, 256, 32, 256)
_STATE_WORDS = len(_STATE_BITS)


def _decode_state(data: bytes, words: list[int], at: int, most_slots: int) -> MeterState:
    fields = words[at : at + _STATE_WORDS]
    length_at = at + fields[-1] // 32
    bounds_at = 32 * (length_at + 1)
    packed = data[bounds_at : bounds_at + words[length_at]]
    if (
        len(fields) != _STATE_WORDS
        or any(field >> bits for field, bits in zip(fields, _STATE_BITS, strict=True))
        or len(packed) != words[length_at]
        or len(packed) > 4 * most_slots
        or fields[1] >= len(STATES)
    ):
        raise DecodeError("the answer of meterState is cut off or of another version")
    hash_at = 32 * (at + 12)
    return MeterState(
        agreement_id=fields[0],
        state=STATES[fields[1]],
        place=fields[2],
        start=fields[3],
        interval_seconds=fields[4],
        intervals=fields[5],
        stop=fields[6],
        end=fields[7],
        reports_until=fields[8],
        slots=fields[9],
        unit_wh=fields[10],
        terms_account=data[hash_at - 20 : hash_at],
        code_hash=data[hash_at : hash_at + 32],
        next_interval=fields[13],
        next_outage=fields[14],
        outage_open=bool(fields[15]),
        remaining_bonus=fields[16],
        bounds_from=fields[17],
        bounds=unpack_bands(packed),
    )


def _reports(items: Sequence[SignedMessage]) -> bytes:
    return _list(list(map(_report, items)))


def _list(tuples: list[bytes]) -> bytes:
    """An array of dynamic tuples: its length, an offset for each from behind the length, the tuples."""
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
            _word(message.start),
            message.terms + bytes(16),
            _word(message.first_interval),
            _word(message.register_wh),
            _word(8 * 32),
            compact(item.signature),
            _word(len(message.readings)),
            padded(message.readings),
        )
    )


def _sealed(item: SignedMessage) -> bytes:
    message = item.message
    if not isinstance(message, SealedReport):
        raise TypeError("only a SealedReport goes into a call of sealed reports")
    sealed = _word(len(message.sealed)) + padded(message.sealed)
    return b"".join(
        (
            _word(message.agreement_id),
            _word(message.start),
            message.schedule + bytes(16),
            _word(message.first_interval),
            _word(8 * 32),
            _word(8 * 32 + len(sealed)),
            compact(item.signature),
            sealed,
            _word(len(message.deviations)),
            padded(message.deviations),
        )
    )


def _outages(items: Sequence[SignedMessage]) -> bytes:
    return _word(32) + _word(len(items)) + b"".join(map(_outage, items))


def _outage(item: SignedMessage) -> bytes:
    message = item.message
    if not isinstance(message, OutageReport):
        raise TypeError("only an OutageReport goes into an outage call")
    numbers = (
        message.agreement_id,
        message.number,
        message.started_at,
        message.ended_at,
        message.cause,
    )
    return b"".join(map(_word, numbers)) + compact(item.signature)


def _word(number: int) -> bytes:
    return number.to_bytes(32, "big")


def _words(data: bytes) -> list[int]:
    if len(data) % 32:
        raise DecodeError("an ABI answer is a whole number of words")
    return [int.from_bytes(data[i : i + 32], "big") for i in range(0, len(data), 32)]
