# SPDX-License-Identifier: Apache-2.0
"""A whole update with the power cut at every write, on littlefs itself and with boot.py itself; of a bad program, too.

After each cut the chip starts: what boot.py chooses is whole, and is the old program or the one that both keys signed.
"""

import asyncio
import os
import sys
import unittest

import littlefs
import releases
from littlefs import PLACE, PLENTY, Flash
from things import Thing
from updates import Place, meter, pinned, updating

from electro_meter.updating.bundle import Head
from electro_meter.updating.fetching import Fetching
from electro_meter.updating.state import BLOB, EXCHANGED, IDLE, JUDGING, STAGED, TRIAL, step, unpack
from electro_meter.world import Board

OLD = dict(releases.FILES, **{"electro_meter/life/app.mpy": b"o" * 1_300})
POWER, WATCHDOG = 1, 3
_MOST_STARTS = 30  # of one life


class NVS:
    """The storage as boot.py sees it."""

    flash = None
    full = False
    unreadable = 0  # so many reads
    NOT_FOUND, NOT_INITIALISED = -4354, -4353  # what the chip's says, ESP_ERR_NVS_…

    def __init__(self, namespace):
        pass

    def get_blob(self, name, buffer):
        if NVS.unreadable:
            NVS.unreadable -= 1
            raise OSError(NVS.NOT_INITIALISED)
        if name not in NVS.flash.blobs:
            raise OSError(NVS.NOT_FOUND)
        blob = NVS.flash.blobs[name]
        buffer[: len(blob)] = blob
        return len(blob)

    def set_blob(self, name, blob):
        if NVS.full:
            raise OSError("no room")
        NVS.flash.store(name, bytes(blob))

    def commit(self):
        pass


class Timer:
    ONE_SHOT = 0
    late = None  # what it calls; holds all that a test has

    def __init__(self, number):
        pass

    def init(self, mode, period, callback):
        Timer.late = callback


class ChipBoard(Board):
    directory = PLACE

    def __init__(self, flash):
        self.flash = flash
        self.now_us = 1

    async def sleep_ms(self, ms):
        pass

    def uptime_us(self):
        return self.now_us

    def load_blob(self, name):
        return self.flash.blobs.get(name)

    def store_blob(self, name, content):
        self.flash.store(name, content)

    def end_trial(self):
        pass

    def log(self, sentence):
        pass


class ResetError(Exception):
    pass


def reset(_reason):
    raise ResetError


def fill(folder, raw):
    """Fill a folder with a bundle, and mark it as whole."""
    head = Head(raw[: raw.find(b"\n\n") + 2])
    board = ChipBoard(None)
    place = Fetching(board, Place(None, raw), "http://place")
    assert asyncio.run(place.fill(folder, head.manifest, lambda: True))


class Cuts(unittest.TestCase):
    def setUp(self):
        if not littlefs.THERE or not hasattr(asyncio, "run"):
            raise unittest.SkipTest("littlefs is MicroPython's, with an event loop")
        self.flash = NVS.flash = Flash(32)
        self.addCleanup(self.flash.close)
        self.addCleanup(os.chdir, os.getcwd())
        self.addCleanup(setattr, Timer, "late", None)
        NVS.full, NVS.unreadable = False, 0
        self.cause = POWER
        machine = Thing(
            PWRON_RESET=POWER,
            SOFT_RESET=5,
            Timer=Timer,
            reset_cause=lambda: self.cause,
            reset=lambda: reset("late"),
        )
        for name, stands in (("machine", machine), ("esp32", Thing(NVS=NVS))):
            self.addCleanup(sys.modules.pop, name, None)
            sys.modules[name] = stands
        self.boot = {"__name__": "boot"}
        with open((__file__.rpartition("/")[0] or ".") + "/../../firmware/boot.py") as file:
            exec(file.read(), self.boot)
        fill(PLACE + "/lib", releases.bundle(6, OLD)[0])
        self.flash.blobs[BLOB] = pinned().pack()
        self.raw, manifest = releases.bundle()
        self.place = Place(releases.release(manifest), self.raw)
        self.bad = False
        self.ran = []

    def state(self):
        return unpack(self.flash.blobs.get(BLOB))

    def start(self):
        """Start as the chip does, and look at what boot.py has chosen."""
        os.chdir(PLACE)
        folder = self.boot["start"]()
        files = littlefs.files(PLACE + "/" + folder)
        content = files[folder + "/electro_meter/life/app.mpy"]
        for program in (OLD, releases.FILES):
            if content == program["electro_meter/life/app.mpy"]:
                for path, wanted in program.items():
                    assert files[folder + "/" + path] == wanted, f"{folder}/{path} is half"
                assert folder + "/whole" in files
                self.ran.append(folder)
                return program is not OLD
        raise AssertionError("half a program runs")

    def live(self):
        """Live from a start to the next one; a program that is bad falls to the watchdog at once."""
        is_new = self.start()
        self.cause = WATCHDOG
        if is_new and self.bad:
            raise ResetError
        board = ChipBoard(self.flash)
        sys.path.insert(0, self.ran[-1])
        try:
            update = updating(meter(reset, lambda: False), board)
            for _ in range(4):
                asyncio.run(update.exchanged(self.place))
                board.now_us += 100_000_000
            self.why = update.why
        finally:
            sys.path.pop(0)

    def live_on(self):
        """Live until an update is decided, or the power goes."""
        for _ in range(_MOST_STARTS):
            try:
                self.live()
                if self.state().kind == IDLE:
                    return
            except ResetError:
                pass
            if self.flash.dead:
                return
        raise AssertionError("it comes to no end")

    def cut_everywhere(self, check):
        """Cut a life at each write, and once more in the life after it; call `check` each time an end has come."""
        before = self.flash.image()
        cut = -1
        while True:
            cut += 1
            self.flash.boot(before)
            lives = 0
            for writes in (cut, cut % 7, PLENTY):
                lives += 1
                self.cause = POWER
                if self.flash.run(self.live_on, writes):
                    break
                self.flash.boot()
            check()
            if lives == 1:
                return cut

    def test_a_good_one_is_committed_whenever_the_power_goes(self):
        def check():
            state = self.state()
            self.assertEqual((state.kind, state.version, state.slot), (IDLE, 7, 1))
            self.assertTrue(self.start())

        self.assertTrue(self.cut_everywhere(check) > 40)

    def test_a_bad_one_never_is_and_the_old_one_runs(self):
        self.bad = True

        def check():
            state = self.state()
            self.assertEqual((state.version, state.slot), (0, 0))
            self.assertFalse(self.start())

        self.assertTrue(self.cut_everywhere(check) > 40)

    def test_one_that_does_not_fit_leaves_the_journal_its_room(self):
        before = os.statvfs(PLACE)[3]
        large = dict(releases.FILES)
        for number in range(8):
            large[f"electro_meter/large{number}.mpy"] = bytes(16_000)
        self.raw, manifest = releases.bundle(7, large)
        self.place = Place(releases.release(manifest), self.raw)
        self.live()
        self.assertEqual((self.state().kind, self.state().version), (IDLE, 0))
        self.assertIn("28", self.why)  # ENOSPC
        self.assertTrue(os.statvfs(PLACE)[3] >= before - 4)  # of littlefs itself
        self.assertFalse(self.start())

    def test_what_boot_can_not_count_is_neither_tried_nor_committed(self):
        fill(PLACE + "/lib2", self.raw)
        state = pinned()
        state.kind, state.next_version = STAGED, 7
        self.flash.blobs[BLOB] = step(state, EXCHANGED)[0].pack()
        NVS.full = True  # for a while
        self.live()
        self.assertEqual((self.ran, self.state().kind), (["lib"], TRIAL))
        NVS.full = False
        self.live()
        self.assertEqual((self.ran, self.state().slot), (["lib", "lib2"], 1))

    def test_a_trial_that_hangs_ends_by_the_timer_though_the_storage_takes_nothing(self):
        fill(PLACE + "/lib2", self.raw)
        state = pinned()
        state.kind, state.next_version = STAGED, 7
        self.flash.blobs[BLOB] = step(state, EXCHANGED)[0].pack()
        self.start()
        for NVS.full in (True, False):
            with self.assertRaises(ResetError):
                Timer.late(None)
        self.cause = WATCHDOG
        self.start()
        self.assertEqual((self.ran, self.state().kind), (["lib2", "lib"], JUDGING))

    def test_a_storage_that_can_not_be_read_now_is_none_that_was_never_written(self):
        fill(PLACE + "/lib2", self.raw)
        state = pinned()
        state.slot, state.version = 1, 7
        self.flash.blobs[BLOB] = kept = state.pack()
        NVS.unreadable = 3
        self.live()
        self.assertEqual(self.ran, ["lib2"])
        os.remove(PLACE + "/lib2/whole")
        NVS.unreadable = 1_000
        self.start()
        os.remove(PLACE + "/lib/whole")
        fill(PLACE + "/lib2", self.raw)
        self.start()
        self.assertEqual((self.ran[1:], self.flash.blobs[BLOB]), (["lib", "lib2"], kept))

    def test_nothing_is_written_over_a_program_that_runs_though_another_is_committed(self):
        newer, manifest = releases.bundle(8)
        self.place = Place(releases.release(manifest, 8), newer)
        fill(PLACE + "/lib2", self.raw)
        state = pinned()
        state.slot, state.version = 1, 7
        self.flash.blobs[BLOB] = state.pack()
        NVS.unreadable = 1_000
        self.live()
        self.assertIn("not the committed program runs", self.why)
        self.assertFalse(self.start())  # whole as before
        NVS.unreadable = 0
        self.live_on()
        self.assertEqual((self.ran, self.state().version), (["lib", "lib", "lib2", "lib"], 8))

    def test_a_folder_that_can_not_be_looked_at_now_may_be_whole(self):
        fill(PLACE + "/lib2", self.raw)
        state = pinned()
        state.slot, state.version = 1, 7
        self.flash.blobs[BLOB] = kept = state.pack()

        def stat(path):
            if path == "lib2/whole":
                raise OSError(5)
            return os.stat(path)

        os.chdir(PLACE)
        self.boot["os"] = Thing(stat=stat)
        self.assertEqual((self.boot["start"](), self.flash.blobs[BLOB]), ("lib2", kept))

    def test_no_update_writes_into_the_only_program_that_is_whole(self):
        """As after an installation that was cut: the committed folder is not whole, the other one runs."""
        fill(PLACE + "/lib2", self.raw)
        os.remove(PLACE + "/lib/whole")
        newer, manifest = releases.bundle(8)
        self.place = Place(releases.release(manifest, 8), newer)
        for kind in (IDLE, STAGED, TRIAL):
            state = pinned()
            state.kind, state.next_version, state.tries = kind, 7, 3
            self.flash.blobs[BLOB] = state.pack()
            self.start()
            self.assertEqual((self.ran.pop(), self.state().kind, self.state().slot), ("lib2", IDLE, 1))
        self.live_on()
        self.assertEqual((self.state().version, self.state().slot), (8, 0))


if __name__ == "__main__":
    unittest.main()
