# SPDX-License-Identifier: Apache-2.0
"""Other validators, signed with both release keys, that a place of releases brings: taken, or nothing is changed."""

import asyncio
import json
import os
import unittest

import releases
import scratch
from things import Thing
from updates import NOW_S, Place, UpdatingBoard, meter, pinned, updating

from electro_meter.life.config import load
from electro_meter.updating.state import BLOB, IDLE, STAGED, unpack
from electro_meter.updating.steps import ASK_US
from electro_protocol.address import checksum
from electro_protocol.eip712 import Domain
from electro_protocol.releases import ValidatorSet

FIRST = tuple([bytes([k]) * 20 for k in (1, 2, 3, 4)])
OTHER = tuple([bytes([k]) * 20 for k in (2, 3, 4, 5, 6)])


def signed(validators=OTHER, version=2, deadline=NOW_S + 60, keys=None, domain=releases.DOMAIN, **more):
    """Return a set's paper as `electro device sign-validators` leaves it."""
    message = ValidatorSet(ValidatorSet.hash_of(validators), version, deadline)
    keys = keys or {"operator": releases.OPERATOR_KEY, "consumer": releases.CONSUMER_KEY}
    paper = {
        "chain_id": domain.chain_id,
        "contract": checksum(domain.contract),
        "validators": [checksum(one) for one in validators],
        "version": version,
        "deadline": deadline,
        "signatures": {role: releases.signature(message, key, domain) for role, key in keys.items()},
    }
    paper.update(more)
    return paper


class Validators(unittest.TestCase):
    def setUp(self):
        if not hasattr(asyncio, "run"):
            raise unittest.SkipTest("the WebAssembly build has no event loop of its own")
        self.folder = scratch.folder()
        self.addCleanup(scratch.remove, self.folder)
        entries = {
            "version": 2,
            "chain_id": 1337,
            "contract": checksum(releases.DOMAIN.contract),
            "hardware_id": "0x" + "07" * 32,
            "relayers": ["https://relayer.example"],
            "validators": [checksum(one) for one in FIRST],
            "validators_version": 1,
        }
        with open(self.folder + "/config.json", "w") as file:
            json.dump(entries, file)
        self.place = Place(None, b"")
        self.board = UpdatingBoard(self.folder)
        self.meter = meter([].append, lambda: False)
        self.meter.uplink.proved = Thing(due_us=9)
        self.updating = updating(self.meter, self.board, FIRST)

    def offer(self, paper):
        self.place.validators = paper
        self.board.now_us += ASK_US + 1
        asyncio.run(self.updating.exchanged(self.place))

    def believed(self):
        """Return the set of the file, which is also the one that goes now."""
        config = load(self.folder)
        settings = self.updating._settings
        self.assertEqual(
            (config.validators, config.validators_version),
            (settings.validators, settings.validators_version),
        )
        return config.validators, config.validators_version

    def test_a_higher_version_that_both_have_signed_is_believed_at_once_and_after_a_restart(self):
        self.offer(signed())
        self.assertEqual(self.believed(), (OTHER, 2))
        self.assertEqual(self.updating.why, "")
        self.assertEqual(self.meter.uplink.proved.due_us, 0)
        self.assertEqual(load(self.folder).sources[0].url, "https://relayer.example")
        self.assertEqual(os.listdir(self.folder).count("config.json.new"), 0)
        self.offer(signed(tuple(reversed(FIRST)), 7))
        self.assertEqual(self.believed(), (FIRST, 7))

    def test_an_old_one_again_is_passed_over(self):
        self.offer(signed(version=5))
        for paper in (signed(FIRST, 4), signed(FIRST, 5), signed(version=5), signed(FIRST, 1)):
            self.offer(paper)
            self.assertEqual(self.believed(), (OTHER, 5))
            self.assertEqual(self.updating.why, "")

    def test_what_is_not_signed_by_both_for_this_meter_and_time_changes_nothing(self):
        operator, consumer = releases.OPERATOR_KEY, releases.CONSUMER_KEY
        good = signed()
        for paper, why in (
            (signed(keys={"operator": operator}), "the consumer's release key has not signed"),
            (signed(keys={"consumer": consumer}), "the operator's release key has not signed"),
            (signed(keys={"operator": consumer, "consumer": operator}), "is of another key"),
            (signed(keys={"operator": operator, "consumer": operator}), "is of another key"),
            (signed(keys={"operator": b"\x51" * 32, "consumer": consumer}), "is of another key"),
            (signed(domain=Domain(1, bytes(range(20)))), "chain or contract"),
            (signed(domain=Domain(1337, b"\x09" * 20)), "chain or contract"),
            (signed(deadline=NOW_S - 1), "until a time that has passed"),
            (dict(good, version=3), "is of another key"),
            (dict(good, deadline=NOW_S + 61), "is of another key"),
            (dict(good, validators=good["validators"][:4]), "is of another key"),
            (dict(good, validators=[checksum(one) for one in FIRST]), "is of another key"),
        ):
            self.offer(paper)
            self.assertIn(why, self.updating.why)
            self.assertEqual(self.believed(), (FIRST, 1))

    def test_no_paper_does_more_than_be_refused(self):
        good = signed()
        listed = good["validators"]
        for paper in (
            [], 7, "x", True, {}, {"validators": listed},
            dict(good, validators=[]), dict(good, validators=listed * 4), dict(good, validators=listed[:1] * 5),
            dict(good, validators=[7]), dict(good, validators=["0x12"]), dict(good, validators={"0x": 1}),
            dict(good, version="2"), dict(good, version=2.5), dict(good, version=1 << 32), dict(good, version=None),
            dict(good, deadline=None), dict(good, deadline=-1), dict(good, deadline=1 << 60), dict(good, deadline="1"),
            dict(good, signatures=None), dict(good, signatures=[]), dict(good, signatures={"operator": 7}),
            dict(good, signatures={"operator": "0x" + "00" * 65, "consumer": "0x" + "ff" * 65}),
            dict(good, signatures={"operator": "0x", "consumer": "0x12"}),
        ):  # fmt: skip
            self.offer(paper)
            self.assertTrue(self.updating.why, str(paper))
            self.assertEqual(self.believed(), (FIRST, 1))

    def test_without_two_keys_none_come_over_the_network(self):
        for role in ("operator", "consumer"):
            state = pinned()
            setattr(state, role, bytes(20))
            self.updating.state = state
            self.offer(signed())
            self.assertIn("two release keys must be pinned", self.updating.why)
        self.assertEqual(self.believed(), (FIRST, 1))

    def test_who_has_none_asks_for_none(self):
        self.updating._settings.validators = ()
        self.offer(signed())
        self.assertEqual([url for url, _ in self.place.asked if "validators" in url], [])

    def test_a_program_comes_whatever_is_wrong_with_them(self):
        self.place.raw, manifest = releases.bundle()
        self.place.paper = releases.release(manifest)
        self.offer([])
        self.assertEqual(unpack(self.board.blobs[BLOB]).kind, STAGED)
        self.assertIn("validators: that is no set", self.updating.why)

    def test_a_flash_that_takes_nothing_keeps_those_before(self):
        os.rename(self.folder + "/config.json", self.folder + "/other.json")
        self.offer(signed())
        self.assertTrue(self.updating.why.startswith("validators: "))
        os.rename(self.folder + "/other.json", self.folder + "/config.json")
        self.assertEqual(self.believed(), (FIRST, 1))
        self.assertEqual(unpack(self.board.blobs[BLOB]).kind, IDLE)

    def test_they_are_asked_for_once_a_day_and_again_soon_where_nobody_answered(self):
        self.place.fails_after = 0
        self.offer(signed())
        self.assertEqual(self.believed(), (FIRST, 1))
        self.place.fails_after = 1 << 30
        for pause_us, set_ in ((60_000_000, (FIRST, 1)), (3_600_000_000, (OTHER, 2))):
            self.board.now_us += pause_us
            asyncio.run(self.updating.exchanged(self.place))
            self.assertEqual(self.believed(), set_)
        asked = len(self.place.asked)
        asyncio.run(self.updating.exchanged(self.place))
        self.assertEqual(len(self.place.asked), asked)


if __name__ == "__main__":
    unittest.main()
