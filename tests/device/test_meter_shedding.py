# SPDX-License-Identifier: Apache-2.0
"""What the meter does about the running slot: projection, warning, shedding with its least times, and the LED."""

import unittest

from accounts import Accounts, S, Terms

from electro_meter.life import lights
from electro_meter.life.shedding import Shedding

KW = 1_000_000  # in mW
LIMIT = 100  # units of 10 Wh in 900 s: 4 kW


class Band(Terms):
    """An agreement with the same band in each slot."""

    confirmed = True
    told = (50, LIMIT, True)

    def bounds(self, index, now_us):
        return self.told


class One:
    """An agreement or none."""

    def __init__(self, agreement):
        self.agreement = agreement

    def at(self, unix_s):
        one = self.agreement
        return one if one is not None and one.start_s <= unix_s < one.end_s else None


class Slots(Accounts):
    min_on_ms = 0
    min_off_ms = 0
    base_s = 60

    def setUp(self):
        Accounts.setUp(self)
        self.account._max_gap_us = 60 * S
        self.agreements = One(Band())
        self.shedding = Shedding(self.account, self.agreements, self.min_on_ms, self.min_off_ms)
        self.clock.offset_us -= 60 * S  # the meter starts a minute before the agreement

    def live(self, seconds, kw):
        """Let a load flow; return the states of the shedding output, by window of ten seconds."""
        states = []
        for _ in range(seconds // 10):
            start_us = self.board.now_us
            self.wait(10)
            self.add(start_us, int(kw * 1_000))
            self.shedding.update(self.clock, int(kw * KW), self.board.now_us)
            states.append(self.shedding.shed)
        return states


class Projecting(Slots):
    def test_the_projection_is_what_was_used_and_the_rest_at_this_power(self):
        self.live(60 + 450, 2)
        self.assertEqual(self.shedding.projected_units, 50)
        self.live(10, 8)
        # 450 s of 2 kW, 10 s of 8 kW, 440 s of 8 kW: 4.5 MJ of 36 kJ each
        self.assertEqual(self.shedding.projected_units, (900_000 + 80_000 + 3_520_000) // 36_000)

    def test_the_first_tenth_of_a_slot_projects_nothing_new(self):
        self.live(60 + 80, 20)
        self.assertFalse(self.shedding.warning or self.shedding.shed)
        self.live(20, 20)
        self.assertTrue(self.shedding.warning and self.shedding.shed)

    def test_too_little_warns_and_sheds_nothing(self):
        self.live(60 + 300, 1)
        self.assertTrue(self.shedding.warning)
        self.assertFalse(self.shedding.shed)

    def test_within_the_band_nothing_happens(self):
        self.live(60 + 1_700, 3)
        self.assertFalse(self.shedding.warning or self.shedding.shed)

    def test_shedding_ends_well_below_the_limit_and_not_at_it(self):
        self.live(60 + 300, 6)
        self.assertTrue(self.shedding.shed)
        self.live(100, 3.1)  # 300 s of 6 kW and 600 s of 3.1 kW: 101 units
        self.assertTrue(self.shedding.shed)
        self.live(100, 2.9)  # 98
        self.assertFalse(self.shedding.warning)
        self.assertTrue(self.shedding.shed)
        self.live(100, 2.0)
        self.assertFalse(self.shedding.shed)

    def test_without_an_agreement_outputs_are_off_and_nothing_is_projected(self):
        self.live(60 + 300, 6)
        self.agreements.agreement = None
        self.live(10, 6)
        self.assertEqual(
            (self.shedding.warning, self.shedding.shed, self.shedding.projected_units), (False, False, -1)
        )


class LeastTimes(Slots):
    min_on_ms = 120_000
    min_off_ms = 200_000

    def test_it_stays_on_for_its_least_time(self):
        self.live(60 + 400, 6)
        on_since_us = self.shedding._since_us
        self.live(10, 6)
        states = self.live(300, 0.5)
        first_off = states.index(False)
        self.assertFalse(any(states[first_off:]))
        # it had gone on at 90 s of the slot, longer ago than its least time: let go as soon as the projection allows
        self.assertGreater(self.shedding._since_us - on_since_us, 120 * S - 1)

    def test_a_load_that_hunts_cannot_make_it_chatter(self):
        self.live(60 + 90, 6)
        changes = []
        before = self.shedding.shed
        for _ in range(36):
            for state in self.live(10, 20) + self.live(10, 0.1):
                if state != before:
                    changes.append(self.board.now_us)
                    before = state
        for k in range(1, len(changes)):
            self.assertGreaterEqual(changes[k] - changes[k - 1], 120 * S)
        self.assertLess(len(changes), 9)

    def test_after_letting_go_it_waits_before_it_sheds_again(self):
        self.live(60 + 200, 8)
        self.live(300, 0.0)
        self.assertFalse(self.shedding.shed)
        off_since_us = self.shedding._since_us
        states = self.live(400, 40)
        if True in states:
            self.assertGreaterEqual(self.shedding._since_us - off_since_us, 200 * S)
        self.assertTrue(self.shedding.warning)  # which follows at once

    def test_at_the_start_it_may_shed_at_once(self):
        self.assertIn(True, self.live(60 + 100, 9))

    def test_a_clock_set_back_does_not_hold_it(self):
        self.live(60 + 200, 8)
        self.clock.offset_us -= 100 * S
        self.assertIn(False, self.live(250, 0.0))


class Trust(Slots):
    def test_what_nobody_confirms_warns_and_sheds_nothing(self):
        for terms, bounds in ((False, True), (True, False)):
            self.tearDown()
            self.setUp()
            self.agreements.agreement.confirmed = terms
            self.agreements.agreement.told = (50, LIMIT, bounds)
            self.live(60 + 500, 9)
            self.assertTrue(self.shedding.warning)
            self.assertFalse(self.shedding.shed)

    def test_bounds_of_zero_by_one_source_close_no_relay(self):
        self.agreements.agreement.told = (0, 0, False)
        self.live(60 + 800, 3)
        self.assertEqual((self.shedding.warning, self.shedding.shed), (True, False))

    def test_a_meter_that_was_not_there_when_the_slot_began_projects_nothing(self):
        self.clock.offset_us += 300 * S
        self.live(500, 9)
        self.assertEqual((self.shedding.projected_units, self.shedding.shed), (-1, False))
        self.live(600, 9)
        self.assertTrue(self.shedding.shed)


class TheLight(unittest.TestCase):
    def steps(self, *case):
        steps = lights.pattern(*case)
        return "".join(
            ["#" if lights.is_on(steps, 4_000 * 7 + k * lights.STEP_MS) else "-" for k in range(8)]
        )

    def test_each_pattern_is_the_tables(self):
        # fault, supplied, timed, flash full, reached, warning
        for case, marks in (
            ((False, True, True, False, True, False), "########"),
            ((False, True, True, False, True, True), "-#######"),
            ((False, True, True, False, False, True), "#-------"),
            ((False, True, True, True, False, True), "##--##--"),
            ((False, True, False, True, False, False), "#-#-#---"),
            ((False, False, True, False, True, True), "#-#-----"),
            ((True, False, False, False, False, False), "###-###-"),
        ):
            self.assertEqual(self.steps(*case), marks)

    def test_all_patterns_differ(self):
        all_of_them = [
            lights.SAFE_MODE,
            lights.SENSOR_FAULT,
            lights.NO_SUPPLY,
            lights.NO_TIME,
            lights.NO_FLASH,
            lights.NO_RELAYER,
            lights.WARNING,
            lights.WELL,
        ]
        self.assertEqual(len(set(all_of_them)), 8)


if __name__ == "__main__":
    unittest.main()
