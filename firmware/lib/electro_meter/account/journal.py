# SPDX-License-Identifier: Apache-2.0
"""Keep records in a ring of files on flash, and those that the flash does not take in RAM until it does.

A file is named after its number and holds `slots` records; sequence = number · slots + slot. A record is written once,
at its place, and never changed. Power may fail at any byte: what is not whole is skipped, and a place that was cut
short is written anew. The last slot of a full file says which bases are in it, so that opening reads one record a
file. What can't be read at the start is not written over: a new file begins, and the old one is tried again for
hours; where not even the names can be read, records wait in RAM. Nothing here raises for what the flash or a stranger's
file does: it is counted in `trouble`, and told.
"""

import os
import struct
from array import array

from ..world import NO_FILE
from .records import BASE, BODY, ENDED, OUTAGE, RECORD_BYTES, SUMMARY, is_whole, seal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Registers: 256 slots are 8 KB, two blocks of littlefs; 128 files are 113 days of five minutes.
BASE_SLOTS = 256
BASE_FILES = 128
# Outages have a ring of their own, so that a loose contact pushes no registers out: 2,048 records.
OUTAGE_SLOTS = 128
OUTAGE_FILES = 16
# While the flash takes nothing: 21 hours of five minutes.
MOST_WAITING = 256
# A full flash makes room by the ring's own oldest file, down to two weeks of five minutes.
_LEAST_FILES = 16
_NO_SPACE = 28  # ENOSPC
_PIECE = 16  # records read at once
_NEAR = (1, 2, 3, 0, -1, -2, -3)  # records between which a START or a SUMMARY may lie


class Ring:
    """Records by sequence number, and where the numbers of bases (or outages) lie."""

    def __init__(self, directory: str, suffix: str, slots: int, files: int) -> None:
        self.directory = directory
        self.suffix = suffix
        self.slots = slots
        self._files = files
        self.numbers: "array[int]" = array("I")  # of the files, rising; and of each file
        self.least: "array[int]" = array("I")  # the least base in it
        self.most: "array[int]" = array("I")  # and the greatest
        self._waiting: "list[bytes]" = []  # the last records, not on flash yet
        self._unplaced: "list[tuple[int, ...]]" = []  # what came while nobody knows what the flash has
        self.opened = 0  # changes when more is known of what the flash has
        self.unindexed: "dict[int, int]" = {}  # files that could not be read at the start, and how often not
        self._piece = bytearray(_PIECE * RECORD_BYTES)
        self._piece_at = -1  # its first sequence number
        self._cursor = -1  # where `find` found something
        self.next = 0
        self.newest: "tuple[int, ...] | None" = None  # the last whole record's fields
        self.unread = 0  # times that the flash could not read what it has
        self.skipped = 0  # slots that are not whole, and files that can't be read
        self.trouble = ""  # the flash's last word, "" once it takes records again
        self._open()

    @property
    def waiting(self) -> int:
        return len(self._waiting) + len(self._unplaced)

    def append(self, *fields: int) -> None:
        """Append a record; it is on flash, or waits in RAM."""
        if not self.opened:
            self._unplaced.append(fields)
            del self._unplaced[:-MOST_WAITING]
        else:
            self._push(fields)
            self._summary()
        self.flush()

    @property
    def is_all_known(self) -> bool:
        """Return whether nothing may be on flash that could not be read yet."""
        return self.opened > 0 and not self.unindexed

    def flush(self) -> None:
        """Ask the flash for what it did not do: tell what it has, as at the start, and take what waits."""
        if not self.opened:
            self._open()
        elif self.unindexed:
            from .opening import read_again

            read_again(self)
        self._write_out()

    def _write_out(self) -> None:
        while self._waiting:
            try:
                self._write()
            except OSError as error:
                self.trouble = str(error)
                if error.errno != _NO_SPACE or not self._make_room():
                    del self._waiting[:-MOST_WAITING]
                    return
        self.trouble = ""

    def read(self, sequence: int) -> "tuple[int, ...] | None":
        """Return a record's fields, None if it is not there or not whole."""
        waits = sequence - (self.next - len(self._waiting))
        if waits >= 0:
            return struct.unpack_from(BODY, self._waiting[waits]) if sequence < self.next else None
        first = sequence - sequence % _PIECE
        if first != self._piece_at and not self._load(first):
            return None
        at = (sequence - first) * RECORD_BYTES
        return struct.unpack_from(BODY, self._piece, at) if is_whole(self._piece, at, sequence) else None

    def find(self, number: int) -> int:
        """Return the sequence of the first record of a base, -1 if there is none.

        There is a second one if it was measured on while nobody could read that it was recorded.
        """
        if self._cursor >= 0:  # most questions are for the next one or the one before
            for step in _NEAR:
                sequence = self._cursor + step
                record = self.read(sequence) if sequence >= 0 else None
                if record is not None and record[0] == BASE and record[3] == number:
                    self._cursor = sequence
                    return sequence
        unread, failed = self.unread, 0
        for k in range(len(self.numbers)):
            if self.least[k] <= number <= self.most[k]:
                first = self.numbers[k] * self.slots
                for sequence in range(first, min(first + self.slots, self.next)):
                    if sequence < failed:
                        continue  # of a piece that can't be read: to try it for each record would take seconds
                    record = self.read(sequence)
                    if self.unread != unread:
                        unread, failed = self.unread, sequence - sequence % _PIECE + _PIECE
                    if record is not None and record[3] == number and record[0] == BASE:
                        self._cursor = sequence
                        return sequence
        return -1

    def before(self, number: int) -> "tuple[int, ...] | None":
        """Return the record with the greatest base below a number."""
        found = None
        for k in range(len(self.numbers)):
            if self.least[k] < number and (found is None or self.most[k] > found[3]):
                first = self.numbers[k] * self.slots
                unread = self.unread
                for sequence in range(first, min(first + self.slots, self.next)):
                    record = self.read(sequence)
                    if self.unread != unread:
                        break  # nor, most likely, the rest of the file
                    if record is None or record[0] != BASE or record[3] >= number:
                        continue
                    if found is None or record[3] > found[3]:
                        found = record
        return found

    def oldest(self) -> int:
        """Return the lowest sequence number that may be there."""
        return self.numbers[0] * self.slots if self.numbers else self.next

    def _summary(self) -> None:
        """Say what is in the file, in its last slot."""
        if self.next % self.slots == self.slots - 1:
            self._push((SUMMARY, 0, 0, self.least[-1], self.most[-1], 0, 0, 0, 0))

    def _push(self, fields: "tuple[int, ...]") -> None:
        if not self.numbers or self.next % self.slots == 0:
            self._begin_file(self.next // self.slots)
        if fields[0] != SUMMARY:
            self.newest = fields
            self.least[-1] = min(self.least[-1], fields[3])
            self.most[-1] = max(self.most[-1], fields[3])
        self._waiting.append(seal(struct.pack(BODY, *fields), self.next))
        self.next += 1

    def _begin_file(self, number: int) -> None:
        self.numbers.append(number)
        self.least.append(0xFFFFFFFF)
        self.most.append(0)
        while len(self.numbers) > self._files:
            self._drop()

    def _drop(self) -> None:
        """Delete the oldest file of the ring."""
        try:
            os.remove(self.path(self.numbers[0]))
        except OSError:
            self.skipped += 1
        self.numbers, self.least, self.most = self.numbers[1:], self.least[1:], self.most[1:]
        self._piece_at = self._cursor = -1

    def _make_room(self) -> bool:
        if len(self.numbers) <= min(_LEAST_FILES, self._files // 2):
            return False
        self._drop()
        return True

    def _write(self) -> None:
        """Write as many waiting records as belong to one file.

        Raises OSError.
        """
        first = self.next - len(self._waiting)
        count = min(len(self._waiting), self.slots - first % self.slots)
        path = self.path(first // self.slots)
        file: "Any"
        try:
            file = open(path, "r+b")  # noqa: SIM115 - closed below
        except OSError as error:
            if error.errno not in NO_FILE:
                raise
            file = open(path, "wb")  # noqa: SIM115
        try:
            file.seek(first % self.slots * RECORD_BYTES)
            for record in self._waiting[:count]:
                file.write(record)
        finally:
            file.close()  # littlefs commits here, whole or not at all
        del self._waiting[:count]
        self._piece_at = -1

    def path(self, number: int) -> str:
        return f"{self.directory}/{number:08x}{self.suffix}"

    def _load(self, first: int) -> bool:
        """Read the piece that begins at a sequence number."""
        self._piece_at = -1
        try:
            with open(self.path(first // self.slots), "rb") as file:
                file.seek(first % self.slots * RECORD_BYTES)
                count = file.readinto(self._piece) or 0
        except OSError as error:
            if error.errno not in NO_FILE:  # else the ring went past it
                self.unread += 1
                self.trouble = str(error)
            return False
        for at in range(count, len(self._piece)):
            self._piece[at] = 0
        self._piece_at = first
        return True

    def _open(self) -> None:
        """Find the files, what lies in them, and where the next record goes."""
        from .opening import find_files  # which `start` forgets

        if not find_files(self):
            return
        self.opened += 1
        if self.numbers and self.next % self.slots:
            self._summary()  # the power failed before it was written
        while len(self.numbers) > self._files:
            self._drop()
        self._place()

    def _place(self) -> None:
        """Append what came before the ring was open; outages were counted from zero then."""
        first = self.newest[3] + 1 if self.newest is not None else 0
        if self.unindexed:
            first = max(first, self.next)  # each took a record
        for fields in self._unplaced:
            if fields[0] in (OUTAGE, ENDED):
                fields = fields[:3] + (fields[3] + first,) + fields[4:]  # noqa: PLW2901
            self._push(fields)
            self._summary()
        self._unplaced = []
        self._write_out()
