# SPDX-License-Identifier: Apache-2.0
"""An update from a URL, through its trial to its commit or back: with a place that lies, stalls and loses."""

import asyncio
import unittest

import releases
import scratch
from flash import Unreadable
from things import Thing
from updates import NOW_S, Place, UpdatingBoard, meter, updating

from electro_meter.updating.bundle import BundleError, close_folder
from electro_meter.updating.fetching import Fetching
from electro_meter.updating.state import BLOB, IDLE, JUDGING, STAGED, STORING, TRIAL, unpack
from electro_meter.updating.steps import ASK_US
from electro_meter.uplink.errors import SourceError


class Updates(unittest.TestCase):
    def setUp(self):
        if not hasattr(asyncio, "run"):
            raise unittest.SkipTest("the WebAssembly build has no event loop of its own")
        self.folder = scratch.folder()
        self.addCleanup(scratch.remove, self.folder)
        self.raw, self.manifest = releases.bundle()
        self.place = Place(releases.release(self.manifest), self.raw)
        self.board = UpdatingBoard(self.folder)
        self.agreement = Thing(id=7, next_latest=3, intervals=96, start_s=NOW_S - 9_000, interval_s=900)
        self.resets = []
        self.wake = False
        self.meter = meter(self.resets.append, lambda: self.wake)
        self.start()

    def start(self):
        """Start anew, as after a reset; uptime begins anew."""
        self.board.now_us = 1
        self.updating = updating(self.meter, self.board)

    def exchange(self, times=1):
        for _ in range(times):
            asyncio.run(self.updating.exchanged(self.place))

    @property
    def kind(self):
        return unpack(self.board.blobs[BLOB]).kind

    def boot(self):
        """Start as boot.py does after a failure."""
        names = {"__name__": "boot"}
        with open((__file__.rpartition("/")[0] or ".") + "/../../firmware/boot.py") as file:
            exec(file.read(), names)
        blob = bytearray(self.board.blobs[BLOB])
        slot = names["choose"](blob, 1)
        self.board.blobs[BLOB] = bytes(blob)
        self.start()
        return slot

    def to_trial(self):
        self.exchange(2)
        self.assertEqual(self.kind, TRIAL)
        self.assertEqual(self.boot(), 1)

    def test_it_is_fetched_tried_and_committed(self):
        self.exchange()
        self.assertEqual(self.kind, STAGED)
        close_folder(self.folder + "/lib2", self.manifest)
        self.exchange()
        self.assertEqual((self.kind, len(self.resets)), (TRIAL, 1))
        self.assertEqual(self.boot(), 1)
        self.exchange()
        self.assertEqual(self.kind, TRIAL)  # too soon
        self.board.now_us += 200_000_000
        self.exchange()
        self.assertEqual((self.kind, unpack(self.board.blobs[BLOB]).version), (IDLE, 7))
        self.assertTrue(self.board.trial_ended)
        self.assertEqual(self.boot(), 1)
        self.exchange()  # the same release is not taken again, and that is no failure
        self.assertEqual((self.kind, self.updating.why), (IDLE, ""))
        asked = len(self.place.asked)
        self.exchange()
        self.assertEqual(len(self.place.asked), asked)  # for a day
        self.place.paper = releases.release(bytes(32))  # another program of that version
        self.board.now_us += ASK_US + 1
        self.exchange()
        self.assertIn("is not above version 7", self.updating.why)

    def test_next_must_move_and_the_self_test_hold(self):
        self.meter.uplink.agreements.all = [self.agreement]
        self.to_trial()
        self.board.now_us += 200_000_000
        self.exchange(3)
        self.assertEqual(self.kind, TRIAL)
        self.agreement.next_latest += 1
        self.meter.ring.trouble = "no space"
        self.exchange()
        self.assertEqual(self.kind, TRIAL)
        self.meter.ring.trouble = ""
        self.exchange()
        self.assertEqual(self.kind, IDLE)

    def test_one_that_does_not_get_through_where_the_old_one_does_is_refused(self):
        self.meter.uplink.agreements.all = [self.agreement]
        self.to_trial()
        self.assertEqual([self.boot(), self.boot(), self.boot()], [1, 1, 0])
        self.assertEqual(self.kind, JUDGING)
        self.exchange()
        self.assertEqual(self.kind, JUDGING)
        self.agreement.next_latest += 1
        self.exchange()
        self.assertEqual(self.kind, IDLE)
        self.exchange()
        self.assertIn("failed here before", self.updating.why)

    def test_where_the_old_one_does_not_either_it_is_tried_again(self):
        self.meter.uplink.agreements.all = [self.agreement]
        self.to_trial()
        self.assertEqual([self.boot(), self.boot(), self.boot()], [1, 1, 0])
        self.board.now_us += 7_300_000_000
        self.agreement.next_latest += 1
        self.exchange()
        self.assertEqual(self.kind, STAGED)

    def test_what_was_fetched_stays_over_a_failure_and_a_restart(self):
        self.place.fails_after = 4
        self.exchange()
        self.assertEqual(self.kind, STORING)
        asked = len(self.place.asked)
        self.exchange()
        self.assertEqual(len(self.place.asked), asked)  # left for an hour
        self.start()
        self.place.fails_after = 1 << 30
        self.exchange()
        self.assertEqual(self.kind, STAGED)
        self.assertEqual(len([one for one in self.place.asked[asked:] if one[1].startswith("bytes=0-")]), 0)

    def test_whatever_goes_wrong_no_exchange_fails_for_it(self):
        def no_memory(*_):
            raise MemoryError

        self.place.request, asks = no_memory, self.place.request
        self.exchange()
        self.assertEqual((self.kind, self.updating.why), (IDLE, "MemoryError"))
        self.place.request = asks
        self.board.now_us += ASK_US + 1
        self.place.fails_after = 4
        self.exchange()
        self.assertEqual(self.kind, STORING)

        def full(*_):
            raise OSError(28)

        # a file can't be written, nor can that be
        self.place.fails_after = 1 << 30
        self.place.request, self.board.store_blob = full, full
        self.board.now_us += ASK_US + 1
        self.exchange()
        self.assertEqual(self.kind, STORING)
        del self.place.request, self.board.store_blob
        self.board.now_us += ASK_US + 1
        self.exchange()
        self.assertEqual(self.kind, STAGED)

    def test_what_can_not_be_read_now_is_neither_missing_nor_wrong(self):
        self.exchange()
        self.assertEqual(self.kind, STAGED)
        for name in ("head", "list", "electro_meter/life/app.mpy"):
            self.updating.state.kind = STORING  # as if the power went before that was written
            asked = len(self.place.asked)
            with Unreadable(f"{self.folder}/lib2/{name}"):
                self.exchange()
                self.assertEqual((self.updating.state.kind, self.updating.why != ""), (STORING, True))
            self.board.now_us += 3_700_000_000
            self.exchange()
            self.assertEqual((self.kind, self.updating.why), (STAGED, ""))
            parts = [part for _, part in self.place.asked[asked:] if part]
            self.assertEqual(parts, ["bytes=0-511"])  # the head, to see whether it is offered still

    def test_reports_that_become_due_come_first(self):
        self.wake = True
        self.exchange()
        self.assertEqual(self.kind, STORING)
        self.wake = False
        self.exchange()
        self.assertEqual(self.kind, STAGED)

    def test_a_place_that_lies_gets_nothing_started(self):
        good = self.raw
        for at in (20, 200, 600, len(good) - 1):
            self.place.raw = good[:at] + bytes([good[at] ^ 1]) + good[at + 1 :]
            self.board.now_us += ASK_US + 1
            self.exchange()
            self.assertIn(self.kind, (IDLE, STORING))
        for paper in ({}, [], {"release": 1}, releases.release(self.manifest, consumer=None), "x", None):
            self.place.paper = paper
            self.board.now_us += ASK_US + 1
            self.exchange()
            self.assertNotEqual(self.kind, STAGED)

    def test_a_bundle_that_is_cut_or_changed_anywhere_never_is_whole(self):
        good = self.raw
        contents = len(good) - 2_200
        places = list(range(contents)) + list(range(contents, len(good), 61))
        for at in places:
            for raw in (good[:at], good[:at] + bytes([good[at] ^ 0x20]) + good[at + 1 :]):
                self.place.raw = raw
                with self.assertRaises((BundleError, SourceError)):
                    asyncio.run(self.fill())
        self.place.raw = good + b"more"  # which nobody asks for
        self.assertTrue(asyncio.run(self.fill()))

    def fill(self):
        place = Fetching(self.board, self.place, "http://place")
        return place.fill(self.folder + "/lib2", self.manifest, lambda: True)

    def test_an_old_release_again_and_one_of_keys_that_were_changed_are_refused(self):
        raw, manifest = releases.bundle(7, more=releases.line("consumer", b"\x44" * 32))
        self.place.raw, self.place.paper = raw, releases.release(manifest)
        self.to_trial()
        self.board.now_us += 200_000_000
        self.exchange()
        state = unpack(self.board.blobs[BLOB])
        self.assertEqual((state.version, state.consumer), (7, releases.address(b"\x44" * 32)))
        raw, manifest = releases.bundle(8)
        good = releases.release(manifest, 8, consumer=b"\x44" * 32)
        for paper, why in (
            (releases.release(self.manifest), "is not above version 7"),
            (releases.release(manifest, 8), "the consumer's signature is of another key"),
            (
                releases.release(manifest, 8, consumer=releases.OPERATOR_KEY),
                "the consumer's signature is of another key",
            ),
            (
                dict(good, signatures=dict(good["signatures"], operator=good["signatures"]["consumer"])),
                "operator's",
            ),
            (
                releases.release(manifest, 9, consumer=b"\x44" * 32),
                "the bundle is not the one that was signed",
            ),
        ):
            self.place.raw, self.place.paper = raw, paper
            self.board.now_us += ASK_US + 1
            self.exchange()
            self.assertIn(why, self.updating.why)
            self.assertEqual(self.kind, IDLE)
        self.place.paper = good
        self.board.now_us += ASK_US + 1
        self.exchange()
        self.assertEqual(self.kind, STAGED)

    def test_what_is_not_offered_any_more_gives_way_to_what_is(self):
        self.place.fails_after = 4
        self.exchange()
        self.assertEqual(self.kind, STORING)
        self.place.fails_after = 1 << 30
        new, manifest = releases.bundle(8)
        self.place.raw, self.place.paper = b"", releases.release(self.manifest)
        self.board.now_us += 3_700_000_000
        self.exchange()  # the bundle is gone, its paper is still there
        self.assertEqual(self.kind, STORING)
        self.place.raw, self.place.paper = new, releases.release(manifest, 8)
        self.board.now_us += 3_700_000_000
        self.exchange()
        self.assertEqual((self.kind, unpack(self.board.blobs[BLOB]).next_version), (STAGED, 8))
        self.assertEqual(self.updating.why, "")
        close_folder(self.folder + "/lib2", manifest)

    def test_what_was_offered_until_now_is_fetched_no_further(self):
        self.place.fails_after = 4
        self.exchange()
        self.place.fails_after = 1 << 30
        self.place.paper = releases.release(self.manifest, deadline=NOW_S + 10)
        self.meter.clock.unix_s = lambda: NOW_S + 11
        self.board.now_us += 3_700_000_000
        self.exchange()
        self.assertEqual(self.kind, STORING)
        self.assertIn("until a time that has passed", self.updating.why)

    def test_without_a_sure_time_nothing_is_asked(self):
        self.meter.clock.confirmed = False
        self.exchange()
        self.assertEqual(self.place.asked, [])


if __name__ == "__main__":
    unittest.main()
