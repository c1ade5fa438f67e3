# SPDX-License-Identifier: Apache-2.0
"""Where the contract keeps what concerns a meter, and what it says there: the questions that a receipt answers.

`standings` is the one list of these questions, for whoever makes a receipt and whoever checks it: so none is answered
that was not asked. It yields lists of keys, all of one length, and takes lists of answers:

| bytes | key | answer |
|---|---|---|
| 32 | a slot of the contract | the word in it |
| 20 | an account | the hash of its code |
| 52 | an account and the hash of its code, terms | their numbers: slots, interval_s, and whether they are sealed |

Source: contracts/src, Records, Points, Interruptions and Overrides; a test holds the numbers of the slots to the
compiler's. For the slots of mappings, Solidity's "Layout of State Variables in Storage"; EIP-161 for CREATE's nonce.
"""

from .keccak import keccak256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import Any

    Hash = Callable[[bytes], bytes]
    Questions = Generator[list[bytes], list[Any], list["Standing"]]

RECORDS = 1
PLACES = 8
DEVICES = 12
POINTS = 13
OUTAGES = 14
CREATIONS_OF_PLACE = 1  # within an Overrides.Place
PASSES_OF_PLACE = 2
CANCELLED = 4  # of the contract's states
WINDOW_S = 7_200  # from the block on: twice as long as until the next receipt
MOST_OVERRIDES = 4  # proved at once; the window ends before the fifth
MOST_PASSES = 64  # looked at in one window
_PASSES_OF_WORD = 256


class Standing:
    """Where an agreement of a meter stands on chain; the names are those of the relayer's answer."""

    id: int
    state: int
    start_s: int
    account: bytes  # of the terms
    code_hash: bytes
    place: int
    stop: int  # interval
    end: int  # interval; the true one, whatever overrides say
    next: int  # interval
    next_outage: int  # number
    outage_open: bool
    window: (
        "tuple[int, int]"  # the intervals, from first to before end, of which it is known what overrides them
    )
    overrides: (
        "list[tuple[int, bytes, bytes]]"  # pass of the schedule, account and hash of the code with its bands
    )


def slot(number: int) -> bytes:
    return number.to_bytes(32, "big")


def of_mapping(key: int, at: bytes, hash_: "Hash") -> bytes:
    """Return the slot of a mapping's value; at: the mapping's own."""
    return hash_(key.to_bytes(32, "big") + at)


def device_slot(device: bytes, hash_: "Hash") -> bytes:
    return of_mapping(int.from_bytes(device, "big"), slot(DEVICES), hash_)


def record_slot(number: int, hash_: "Hash") -> bytes:
    return of_mapping(number, slot(RECORDS), hash_)


def point_slot(number: int, device: bytes, hash_: "Hash") -> bytes:
    return of_mapping(number << 160 | int.from_bytes(device, "big"), slot(POINTS), hash_)


def outage_slot(number: int, device: bytes, hash_: "Hash") -> bytes:
    return of_mapping(number << 160 | int.from_bytes(device, "big"), slot(OUTAGES), hash_)


def _of_place(number: int, place: int, member: int, hash_: "Hash") -> bytes:
    base = int.from_bytes(of_mapping(number << 8 | place, slot(PLACES), hash_), "big")
    return slot((base + member) % (1 << 256))


def passes_slot(number: int, place: int, word: int, hash_: "Hash") -> bytes:
    """Return the slot in which a bit says of each of 256 passes whether it has other bands."""
    return of_mapping(word, _of_place(number, place, PASSES_OF_PLACE, hash_), hash_)


def creation_slot(number: int, place: int, pass_: int, hash_: "Hash") -> bytes:
    """Return the slot with the number of the code that holds a pass's other bands."""
    return of_mapping(pass_, _of_place(number, place, CREATIONS_OF_PLACE, hash_), hash_)


def created(contract: bytes, number: int, hash_: "Hash" = keccak256) -> bytes:
    """Return the address of the contract's creation of this number, by CREATE: of the RLP of [contract, number]."""
    nonce = number.to_bytes(4, "big")
    while nonce[:1] == b"\0":
        nonce = nonce[1:]
    if not 0 < number <= 0x7F:
        nonce = bytes([0x80 + len(nonce)]) + nonce
    return hash_(bytes([0xC0 + 21 + len(nonce), 0x80 + 20]) + contract + nonce)[12:]


def standings(contract: bytes, device: bytes, time_s: int, hash_: "Hash" = keccak256) -> "Questions":
    """Ask for all that concerns a meter at a block's time, and return it, the oldest agreement first; see above.

    hash_: keccak256, of whoever has a faster one.
    """
    served = (yield [device_slot(device, hash_)])[0]
    numbers = [served >> shift & (1 << 64) - 1 for shift in (128, 64, 0)]
    asked = []
    for number in numbers:
        if number:
            asked += [
                record_slot(number, hash_),
                point_slot(number, device, hash_),
                outage_slot(number, device, hash_),
            ]
    words = yield asked
    found = []
    for number in numbers:
        if number:
            record, point, outage = words[:3]
            words = words[3:]
            if point:  # else it was taken from the agreement before it began
                found.append((_standing(number, record, point, outage), point >> 224))
    hashes = yield [created(contract, creation, hash_) for _, creation in found]
    for (standing, creation), code_hash in zip(found, hashes):  # noqa: B905 - no strict= on MicroPython
        standing.account, standing.code_hash = created(contract, creation, hash_), code_hash
        if standing.state != CANCELLED and standing.next < standing.end:
            header = (yield [standing.account + standing.code_hash])[0]
            yield from _overrides(standing, contract, time_s, header, hash_)
    return [standing for standing, _ in found]


def _standing(number: int, record: int, point: int, outage: int) -> Standing:
    """Return what the words of an agreement and a point say."""
    standing = Standing()
    standing.id = number
    standing.state = record >> 72 & 0xFF
    standing.start_s = point >> 176 & (1 << 40) - 1
    standing.stop = point >> 160 & 0xFFFF
    standing.end = point >> 144 & 0xFFFF
    standing.next = point >> 128 & 0xFFFF
    standing.place = point >> 120 & 0xFF
    standing.next_outage = outage >> 80 & (1 << 32) - 1
    standing.outage_open = bool(outage & 0xFF)
    standing.window = 0, 0
    standing.overrides = []
    return standing


def _overrides(
    standing: Standing, contract: bytes, time_s: int, header: "tuple[int, int, bool]", hash_: "Hash"
) -> "Generator[list[bytes], list[Any], None]":
    """Ask what has other bands in the time to come; where the meter judges, from the pass on that it is to report."""
    slots, interval_s, is_sealed = header
    first = max(0, (time_s - standing.start_s) // interval_s)
    if is_sealed:
        first = min(first, standing.next // slots * slots)
    end = min(standing.end, (time_s + WINDOW_S - standing.start_s) // interval_s + 1)
    end = min(end, (first // slots + MOST_PASSES) * slots)
    if first >= end:
        return
    least, most = first // slots, (end - 1) // slots
    words = range(least // _PASSES_OF_WORD, most // _PASSES_OF_WORD + 1)
    answers = yield [passes_slot(standing.id, standing.place, word, hash_) for word in words]
    passes = []
    for pass_ in range(least, most + 1):
        bits = answers[pass_ // _PASSES_OF_WORD - words[0]]
        if bits >> (255 - pass_ % _PASSES_OF_WORD) & 1:
            passes.append(pass_)
    if len(passes) > MOST_OVERRIDES:
        end = passes[MOST_OVERRIDES] * slots
        passes = passes[:MOST_OVERRIDES]
    standing.window = first, end
    if passes:
        creations = yield [creation_slot(standing.id, standing.place, pass_, hash_) for pass_ in passes]
        accounts = [created(contract, creation, hash_) for creation in creations]
        hashes = yield accounts
        for pass_, account, code_hash in zip(passes, accounts, hashes):  # noqa: B905 - no strict= on MicroPython
            standing.overrides.append((pass_, account, code_hash))
