# SPDX-License-Identifier: Apache-2.0
"""Find out what a ring has on flash, at the start of the meter, and again for what could not be read then.

A full file says in its last slot which bases are in it: one record is read of each. The others are read through.
"""

import os
from array import array

from .records import RECORD_BYTES, SUMMARY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .journal import Ring

NOTHING = 0xFFFFFFFF  # the least base of a file that has none
# Files of a ring in thousands of years: whatever has a higher number is a stranger's.
_MOST_NUMBER = 1 << 20
_MOST_TRIES = 192  # of a file, one with each base of five minutes: sixteen hours, as `reports` has patience


def find_files(ring: "Ring") -> bool:
    """Tell a ring its files, their bases, and where the next record goes; False if not even their names can be read."""
    numbers = []
    ring.numbers, ring.least, ring.most = array("I"), array("I"), array("I")
    try:
        names = os.listdir(ring.directory)
    except OSError as error:
        ring.trouble = str(error)
        return False
    for name in names:
        if name.endswith(ring.suffix) and len(name) == 8 + len(ring.suffix):
            try:
                number = int(name[:8], 16)
            except ValueError:
                number = -1
            if 0 <= number < _MOST_NUMBER and ring.path(number).endswith(name):
                numbers.append(number)
            else:
                ring.skipped += 1
    numbers.sort()
    for number in numbers:
        if not _read(ring, number):
            ring.unindexed[number] = 1
            if not ring.numbers or ring.numbers[-1] != number:
                _add(ring, number, NOTHING, 0)
    ring.next = 0
    if ring.numbers:
        last = ring.numbers[-1]
        ring.next = (last + 1) * ring.slots
        if last not in ring.unindexed:
            ring.next = last * ring.slots + _length(ring, last)
    return True


def read_again(ring: "Ring") -> None:
    """Try the files that could not be read; one that can't for hours is given up."""
    for number in list(ring.unindexed):
        known = ring.next, ring.newest, ring.numbers, ring.least, ring.most
        ring.numbers, ring.least, ring.most = array("I"), array("I"), array("I")
        is_read = _read(ring, number)
        found = (ring.least[0], ring.most[0]) if ring.numbers else (NOTHING, 0)
        ring.next, ring.newest, ring.numbers, ring.least, ring.most = known
        ring.unindexed[number] += 1
        if not is_read and ring.unindexed[number] < _MOST_TRIES:
            continue
        ring.skipped += not is_read
        del ring.unindexed[number]
        for k in range(len(ring.numbers)):
            if ring.numbers[k] == number:
                ring.least[k], ring.most[k] = found
        ring.opened += 1


def _read(ring: "Ring", number: int) -> bool:
    """Take over what is in a file; False if the flash could not read it."""
    unread = ring.unread
    if not _summarise(ring, number):
        _scan(ring, number)
    return ring.unread == unread


def _add(ring: "Ring", number: int, least: int, most: int) -> None:
    ring.numbers.append(number)
    ring.least.append(least)
    ring.most.append(most)


def _length(ring: "Ring", number: int) -> int:
    """Return the whole slots of a file."""
    try:
        return min(os.stat(ring.path(number))[6] // RECORD_BYTES, ring.slots)
    except OSError:
        return ring.slots


def _summarise(ring: "Ring", number: int) -> bool:
    """Take over what a full file says of itself; False if it does not."""
    last = (number + 1) * ring.slots - 1
    ring.next = last + 1
    if _length(ring, number) < ring.slots:
        return False
    summary = ring.read(last)
    if summary is None or summary[0] != SUMMARY:
        return False
    _add(ring, number, summary[3], summary[4])
    ring.newest = ring.read(last - 1) or ring.newest
    return True


def _scan(ring: "Ring", number: int) -> None:
    """Read a file through; one without a whole record is no file of ours."""
    least, most = NOTHING, 0
    first = number * ring.slots
    ring.next = first + ring.slots
    for sequence in range(first, first + _length(ring, number)):
        record = ring.read(sequence)
        if record is None:
            ring.skipped += 1
        elif record[0] != SUMMARY:
            ring.newest = record
            least, most = min(least, record[3]), max(most, record[3])
    if least <= most:
        _add(ring, number, least, most)
