# SPDX-License-Identifier: Apache-2.0
"""Keep registers, open base, interruption and counters where a reset (RTC memory) or a loss of power (NVS) finds them.

RTC memory costs nothing and is written with each window. NVS is flash: it is written hourly, every ten minutes while
the journal's records wait in RAM, and when supply goes, for the next moment may be without power: at once if the last
time was a minute ago, else when the interruption has lasted a second, and once it is dated. What it tells of an
interruption that is over stands for a minute at most, or the next loss of power would be taken for a part of it. A
loose contact that flickers for ever so wears 31 entries a page no faster than once a minute.

What counts after a start is RTC memory, else NVS unless the journal's newest record saw more energy; the registers go
on from whichever of the three saw the most. While the journal can't be read, an open base that NVS kept an hour ago may
have been recorded since: it is gone on with only if supply went as it was kept.
"""

import struct
from array import array
from binascii import crc32

from .account import UJ_PER_J, Account

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..world import Board
    from .journal import Ring

COUNTERS = 9  # see `outages`
NAME = "registers"
_VERSION = 1
# version; base number, instant, whether joined, flags; its registers at the start; measured, sampled, without supply,
# gap, doubt; the registers now; interruption since, cause; counters. A register is joules and a rest in microjoules.
_FORMAT = "<BIQBBQIQIIIIIQQIQIQB9I"
_CRC_BYTES = 4
_EVERY_US = 3_600_000_000
_EVERY_WAITING_US = 600_000_000
_SOON_US = 60_000_000
_LASTING_US = 1_000_000
_MOST_WORD = 0xFFFFFFFF


class Snapshot:
    """Write what is, and find what was."""

    def __init__(self, board: "Board", account: Account, ring: "Ring") -> None:
        self._board = board
        self._account = account
        self._ring = ring
        self.since_us = 0  # dated, of an interruption that is not over; 0: there is none
        self.cause = 0
        self.counters: "array[int]" = array("I", [0] * COUNTERS)
        self._stored_us = 0  # uptime
        self.stores = 0
        self.trouble = ""  # what NVS said last
        self._meant_us = 0  # since when supply was out as it was written last, well or not
        self._told = True  # whether NVS tells of an interruption
        self._load()

    def window(self) -> None:
        """Follow a window: into RTC memory, and NVS if it is time."""
        content = self._pack()
        self._board.retain(content)
        every_us = _EVERY_WAITING_US if self._ring.waiting else _EVERY_US
        if self._told and not self.since_us:
            every_us = _SOON_US
        if self._board.uptime_us() - self._stored_us >= every_us:
            self._store(content)

    def losing(self, lasted_us: int) -> None:
        """Follow an interruption: what there is may be gone in a moment."""
        content = self._pack()
        self._board.retain(content)
        ago_us = self._board.uptime_us() - self._stored_us
        is_kept = self._meant_us == self.since_us and lasted_us - ago_us >= _LASTING_US
        if ago_us >= _SOON_US or (lasted_us >= _LASTING_US and not is_kept):
            self._store(content)

    def _store(self, content: bytes) -> None:
        self._stored_us = self._board.uptime_us()
        self._meant_us = self.since_us
        self.stores += 1
        try:
            self._board.store_blob(NAME, content)
            self._told = self.since_us > 0
            self.trouble = ""
        except OSError as error:
            self.trouble = str(error)

    def _pack(self) -> bytes:
        account = self._account
        (
            number,
            dated_us,
            joined,
            import_uj,
            export_uj,
            flags,
            measured_us,
            sampled_us,
            dark_us,
            gap_us,
            doubt_uj,
        ) = account.open()
        body = struct.pack(
            _FORMAT,
            _VERSION,
            number if number >= 0 else _MOST_WORD,
            dated_us,
            joined,
            flags,
            import_uj // UJ_PER_J,
            import_uj % UJ_PER_J,
            export_uj // UJ_PER_J,
            export_uj % UJ_PER_J,
            min(measured_us, _MOST_WORD),
            min(sampled_us, _MOST_WORD),
            min(dark_us, _MOST_WORD),
            min(gap_us, _MOST_WORD),
            doubt_uj,
            account.import_uj // UJ_PER_J,
            account.import_uj % UJ_PER_J,
            account.export_uj // UJ_PER_J,
            account.export_uj % UJ_PER_J,
            self.since_us,
            self.cause,
            *self.counters,
        )
        return body + struct.pack("<I", crc32(body) & 0xFFFFFFFF)

    def _load(self) -> None:
        """Take over what was kept last, and the registers of whatever saw the most energy."""
        account, newest = self._account, self._ring.newest
        retained = _unpack(self._board.retained())
        if retained is None or retained[1] == _MOST_WORD:
            account.forget_time()  # the chip's clock was only set to a time that had passed
        stored = None
        try:
            stored = _unpack(self._board.load_blob(NAME))
            self._told = stored is not None and stored[18] > 0
        except OSError as error:
            self.trouble = str(error)
        import_uj = newest[4] * UJ_PER_J if newest is not None else 0
        export_uj = newest[5] * UJ_PER_J if newest is not None else 0
        for fields in (retained, stored):
            if fields is not None:
                import_uj = max(import_uj, fields[14] * UJ_PER_J + fields[15])
                export_uj = max(export_uj, fields[16] * UJ_PER_J + fields[17])
        account.import_uj, account.export_uj = import_uj, export_uj
        kept = retained or stored
        if kept is None:
            return
        for k in range(COUNTERS):
            self.counters[k] = kept[20 + k]
        if kept is stored and newest is not None and newest[4] + newest[5] > kept[14] + kept[16]:
            return  # the journal went on after this was kept: supply was back, and another base open
        self.since_us, self.cause = kept[18], kept[19]
        if (
            kept[1] == _MOST_WORD
            or self._ring.find(kept[1]) >= 0
            or not (kept is retained or self.since_us or self._ring.is_all_known)
        ):
            return
        # where a start could not read one of them, the registers began lower: no energy of the open base
        import_uj -= kept[14] * UJ_PER_J + kept[15]
        export_uj -= kept[16] * UJ_PER_J + kept[17]
        account.resume(
            (
                kept[1],
                kept[2],
                kept[3] and not (import_uj or export_uj),
                kept[5] * UJ_PER_J + kept[6] + import_uj,
                kept[7] * UJ_PER_J + kept[8] + export_uj,
                kept[4],
            )
            + kept[9:14],
            kept is retained,
        )


def _unpack(content: "bytes | None") -> "tuple[int, ...] | None":
    """Return the fields, None if there are none of this version, or they are damaged."""
    size = struct.calcsize(_FORMAT)
    if content is None or len(content) < size + _CRC_BYTES or content[0] != _VERSION:
        return None
    if struct.unpack_from("<I", content, size)[0] != crc32(content[:size]) & 0xFFFFFFFF:
        return None
    return struct.unpack_from(_FORMAT, content)
