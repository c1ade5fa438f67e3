# SPDX-License-Identifier: Apache-2.0
"""Keep what was measured: fixed-size records, each with its CRC, appended to a ring of files.

A file is named after its number and holds RECORDS_PER_FILE slots; slot = sequence number modulo that. A record is
written with one append and never changed. Power may fail after any byte: a slot whose CRC is wrong is skipped,
and the next append starts at a whole slot. When the ring is full its oldest file goes; nothing else deletes.

| offset | size | interval record (kind 1)        | outage record (kind 2), closed (3), told (4) |
|---|---|---|---|
| 0  | 1 | kind                                  | kind |
| 1  | 1 | its quality, see `quality`; or 0      | cause |
| 2  | 2 | reading: a lane of the energy report  | 0 |
| 4  | 4 | sequence number of the record         | the same |
| 8  | 8 | agreement                             | agreement |
| 16 | 4 | interval index                        | which outage: sequence number of its kind 2 record |
| 20 | 8 | import register at the end, Wh        | started, unix s |
| 28 | 4 | its fraction, µJ (below 3.6 × 10^9)   | ended, unix s; 0: still out |
| 32 | 8 | energy not yet in a reading, µJ       | number in its agreement |
| 40 | 4 | its quality; if byte 1 is 0 its start, unix s | 0 |
| 44 | 4 | CRC-32 of the bytes before            | the same |

A register record (kind 5) is an interval record of the running interval so far, if there is one; instead of a quality
it has at 1 whether an outage touched it, and at 40 how much of it was measured, ms.
"""

import os
import struct
from binascii import crc32

INTERVAL = 1
OUTAGE = 2
RESTORED = 3
TOLD = 4
REGISTER = 5

RECORD_BYTES = 48
RECORDS_PER_FILE = 256  # 12 KiB: three flash blocks of littlefs
FILES = 40  # 10,240 records: 106 days of quarter hours, and the target is 90 with outages
_TOLD_KEPT = 16  # no chain goes back by more outages than that
_FORMAT = "<BBHIQIQIQI"
_SUFFIX = ".journal"


class Record:
    """One slot, read back; the fields are the table's, by the interval record's names."""

    def __init__(self, fields: "tuple[int, ...]") -> None:
        (
            self.kind,
            self.cause,
            self.reading,
            self.sequence,
            self.agreement_id,
            self.index,
            self.register_wh,
            self.fraction_uj,
            self.carry_uj,
            self.start_s,
        ) = fields

    # the same bytes, by the outage record's names
    @property
    def outage(self) -> int:
        return self.index

    @property
    def started_at(self) -> int:
        return self.register_wh

    @property
    def ended_at(self) -> int:
        return self.fraction_uj

    @property
    def number(self) -> int:
        return self.carry_uj


class _Run:
    """Consecutive slots that hold consecutive intervals of one agreement: what makes finding cheap without an index."""

    def __init__(self, agreement_id: int, index: int, sequence: int) -> None:
        self.agreement_id = agreement_id
        self.index = index
        self.sequence = sequence
        self.count = 1


class Journal:
    """Append records and find them again; everything known in RAM is rebuilt from the files at start."""

    def __init__(self, directory: str, files: int = FILES) -> None:
        self._directory = directory
        self._files = files
        self._runs: "list[_Run]" = []
        self.last_register: "Record | None" = None  # newest interval or register record
        self.outages: "dict[int, Record]" = {}  # number → its newest record, while not told
        self.open_outage: "Record | None" = None  # declared, told or not, and not yet restored
        self._outages_of: "dict[int, tuple[int, int]]" = {}  # agreement → number after the last one, and its end
        self._told: "list[Record]" = []  # the last ones that the chain was said to know
        self.skipped = 0  # slots with a wrong CRC, found at start
        self.next_sequence = 0
        self._read_all()

    def append(
        self,
        kind: int,
        agreement_id: int = 0,
        index: int = 0,
        reading: int = 0,
        register_wh: int = 0,
        fraction_uj: int = 0,
        carry_uj: int = 0,
        start_s: int = 0,
        cause: int = 0,
    ) -> int:
        """Write one record through to the file and return its sequence number."""
        sequence = self.next_sequence
        body = struct.pack(
            _FORMAT,
            kind,
            cause,
            reading,
            sequence,
            agreement_id,
            index,
            register_wh,
            fraction_uj,
            carry_uj,
            start_s,
        )
        number = sequence // RECORDS_PER_FILE
        with open(self._path(number), "ab") as file:
            file.write(body + struct.pack("<I", crc32(body)))
        self.next_sequence = sequence + 1
        self._note(Record(struct.unpack(_FORMAT, body)))
        if sequence % RECORDS_PER_FILE == 0:
            self._drop(number - self._files)
        return sequence

    def append_outage(
        self,
        kind: int,
        agreement_id: int,
        outage: int,
        started_at: int,
        ended_at: int,
        cause: int,
        number: int,
    ) -> int:
        """Write an outage's beginning (it gets its name here), its end, or that the chain knows it.

        number: which of its agreement's outages it is.
        """
        outage = self.next_sequence if kind == OUTAGE else outage
        self.append(kind, agreement_id, outage, 0, started_at, ended_at, number, 0, cause)
        return outage

    def after_outages(self, agreement_id: int) -> "tuple[int, int]":
        """Return the number after an agreement's last outage on record, and when that ended; zeros without one."""
        return self._outages_of.get(agreement_id, (0, 0))

    def retell(self, agreement_id: int) -> None:
        """Have an agreement's told outages told again: the chain went back behind what was final."""
        told, self._told = self._told, []
        for record in told:
            if record.agreement_id != agreement_id or record.outage in self.outages:
                self._told.append(record)
                continue
            kind = RESTORED if record.ended_at else OUTAGE
            self.append(
                kind,
                agreement_id,
                record.outage,
                0,
                record.started_at,
                record.ended_at,
                record.number,
                0,
                record.cause,
            )

    def find(self, agreement_id: int, index: int) -> "Record | None":
        """Return the record of an interval, or None if none is (readable) there."""
        for run in reversed(self._runs):
            if run.agreement_id == agreement_id and 0 <= index - run.index < run.count:
                return self._read(run.sequence + index - run.index)
        return None

    def newest_index(self, agreement_id: int) -> int:
        """Return the highest index recorded for an agreement, -1 if none."""
        newest = -1
        for run in self._runs:
            if run.agreement_id == agreement_id:
                newest = max(newest, run.index + run.count - 1)
        return newest

    def _path(self, number: int) -> str:
        return f"{self._directory}/{number:08x}{_SUFFIX}"

    def _numbers(self) -> "list[int]":
        found = []
        for name in os.listdir(self._directory):
            if name.endswith(_SUFFIX) and len(name) == 8 + len(_SUFFIX):
                found.append(int(name[:8], 16))
        found.sort()
        return found

    def _drop(self, number: int) -> None:
        """Delete a file of the ring that is number or older."""
        for old in self._numbers():
            if old <= number:
                os.remove(self._path(old))
        first = (number + 1) * RECORDS_PER_FILE
        self._runs = [run for run in self._runs if run.sequence + run.count > first]

    def _read_all(self) -> None:
        """Read every slot of every file, oldest first, and make the newest file end at a whole slot."""
        numbers = self._numbers()
        for number in numbers:
            with open(self._path(number), "rb") as file:
                slot = 0
                while True:
                    raw = file.read(RECORD_BYTES)
                    if not raw:
                        break
                    record = _decode(raw, number * RECORDS_PER_FILE + slot)
                    if record is None:
                        self.skipped += 1
                    else:
                        self._note(record)
                    slot += 1
                    if len(raw) < RECORD_BYTES:
                        self._pad(number, RECORD_BYTES - len(raw))
                        break
            self.next_sequence = number * RECORDS_PER_FILE + slot

    def _pad(self, number: int, count: int) -> None:
        """Fill the slot that a power cut left short, so that it reads as damaged and the next one is whole."""
        with open(self._path(number), "ab") as file:
            file.write(bytes(count))

    def _read(self, sequence: int) -> "Record | None":
        try:
            with open(self._path(sequence // RECORDS_PER_FILE), "rb") as file:
                file.seek(sequence % RECORDS_PER_FILE * RECORD_BYTES)
                return _decode(file.read(RECORD_BYTES), sequence)
        except OSError:
            return None  # the ring went past it

    def _note(self, record: Record) -> None:
        """Keep in RAM what has to be found quickly."""
        if record.kind in (INTERVAL, REGISTER):
            self.last_register = record
        else:
            number, ended_at = self.after_outages(record.agreement_id)
            self._outages_of[record.agreement_id] = (
                max(number, record.number + 1),
                max(ended_at, record.ended_at),
            )
        if record.kind == INTERVAL:
            run = self._runs[-1] if self._runs else None
            if (
                run
                and run.agreement_id == record.agreement_id
                and run.sequence + run.count == record.sequence
                and run.index + run.count == record.index
            ):
                run.count += 1
            else:
                self._runs.append(_Run(record.agreement_id, record.index, record.sequence))
        elif record.kind in (OUTAGE, RESTORED):
            self.outages[record.outage] = record
            self.open_outage = record if record.kind == OUTAGE else None
        elif record.kind == TOLD:
            newest = self.outages.get(record.outage)
            if newest is not None and newest.ended_at == record.ended_at:  # else its end is still to be told
                del self.outages[record.outage]
                self._told = [one for one in self._told if one.outage != record.outage][1 - _TOLD_KEPT :] + [
                    record
                ]


def _decode(raw: bytes, sequence: int) -> "Record | None":
    """Return the record in a slot, or None if it is short, damaged or from another place."""
    if len(raw) != RECORD_BYTES:
        return None
    body = raw[: RECORD_BYTES - 4]
    if struct.unpack("<I", raw[RECORD_BYTES - 4 :])[0] != crc32(body) & 0xFFFFFFFF:
        return None
    record = Record(struct.unpack(_FORMAT, body))
    return record if record.sequence == sequence and INTERVAL <= record.kind <= REGISTER else None
