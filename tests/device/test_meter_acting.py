# SPDX-License-Identifier: Apache-2.0
"""What the meter does about the running slot: projection, warning, shedding with its least times, and the LED."""

import unittest

from accounts import START, Accounts, S, told

from electro_meter import lights
from electro_meter.acting import Acting

KW = 1_000_000  # in mW
LIMIT = 100  # units of 10 Wh in 900 s: 4 kW


class Slots(Accounts):
    min_on_ms = 0
    min_off_ms = 0

    def setUp(self):
        Accounts.setUp(self)
        self.agreements.adopt([told(bounds_of=(50, LIMIT))], START)
        self.acting = Acting(self.intervals, self.min_on_ms, self.min_off_ms)
        self.at_s = START - 60
        self.uptime_us = 5_000_000

    def live(self, seconds, kw):
        """Let a load flow; return the states of the shedding output, by window of ten seconds."""
        states = []
        for _ in range(seconds // 10):
            end_us = (self.at_s + 10) * S
            self.intervals.add(self.at_s * S, end_us, int(kw * 10_000_000_000))
            self.at_s += 10
            self.uptime_us += 10 * S
            self.acting.update(end_us, int(kw * KW), self.uptime_us)
            states.append(self.acting.shed)
        return states


class Projecting(Slots):
    def test_the_projection_is_what_was_used_and_the_rest_at_this_power(self):
        self.live(60 + 450, 2)
        self.assertEqual(self.acting.projected_units, 50)
        self.live(10, 8)
        # 450 s of 2 kW, 10 s of 8 kW, 440 s of 8 kW: 4.5 MJ of 36 kJ each
        self.assertEqual(self.acting.projected_units, (900_000 + 80_000 + 3_520_000) // 36_000)

    def test_the_first_tenth_of_a_slot_projects_nothing_new(self):
        self.live(60 + 80, 20)
        self.assertFalse(self.acting.warning or self.acting.shed)
        self.live(20, 20)
        self.assertTrue(self.acting.warning and self.acting.shed)

    def test_too_little_warns_and_sheds_nothing(self):
        self.live(60 + 300, 1)
        self.assertTrue(self.acting.warning)
        self.assertFalse(self.acting.shed)

    def test_within_the_band_nothing_happens(self):
        self.live(60 + 1_700, 3)
        self.assertFalse(self.acting.warning or self.acting.shed)

    def test_shedding_ends_well_below_the_limit_and_not_at_it(self):
        self.live(60 + 300, 6)
        self.assertTrue(self.acting.shed)
        self.live(100, 3.1)  # 300 s of 6 kW and 600 s of 3.1 kW: 101 units
        self.assertTrue(self.acting.shed)
        self.live(100, 2.9)  # 98
        self.assertFalse(self.acting.warning)
        self.assertTrue(self.acting.shed)
        self.live(100, 2.0)
        self.assertFalse(self.acting.shed)

    def test_without_an_agreement_outputs_are_off_and_nothing_is_projected(self):
        self.live(60 + 300, 6)
        self.agreements.all = []
        self.at_s = START + 200 * 900
        self.live(10, 6)
        self.assertEqual(
            (self.acting.warning, self.acting.shed, self.acting.projected_units), (False, False, -1)
        )


class LeastTimes(Slots):
    min_on_ms = 120_000
    min_off_ms = 200_000

    def test_it_stays_on_for_its_least_time(self):
        self.live(60 + 400, 6)
        on_since_us = self.acting._since_us
        self.live(10, 6)
        states = self.live(300, 0.5)
        first_off = states.index(False)
        self.assertFalse(any(states[first_off:]))
        # it had gone on at 90 s of the slot, longer ago than its least time: let go as soon as the projection allows
        self.assertGreater(self.acting._since_us - on_since_us, 120 * S - 1)

    def test_a_load_that_hunts_cannot_make_it_chatter(self):
        self.live(60 + 90, 6)
        changes = []
        before = self.acting.shed
        for _ in range(36):
            for state in self.live(10, 20) + self.live(10, 0.1):
                if state != before:
                    changes.append(self.uptime_us)
                    before = state
        for k in range(1, len(changes)):
            self.assertGreaterEqual(changes[k] - changes[k - 1], 120 * S)
        self.assertLess(len(changes), 9)

    def test_after_letting_go_it_waits_before_it_sheds_again(self):
        self.live(60 + 200, 8)
        self.live(300, 0.0)
        self.assertFalse(self.acting.shed)
        off_since_us = self.acting._since_us
        states = self.live(400, 40)
        if True in states:
            self.assertGreaterEqual(self.acting._since_us - off_since_us, 200 * S)
        self.assertTrue(self.acting.warning)  # which follows at once

    def test_at_the_start_it_may_shed_at_once(self):
        self.assertIn(True, self.live(60 + 100, 9))

    def test_a_clock_set_back_does_not_hold_it(self):
        self.live(60 + 200, 8)
        self.intervals.step(-100 * S)
        self.at_s -= 100
        self.assertIn(False, self.live(250, 0.0))


class TheLight(unittest.TestCase):
    def steps(self, *case):
        steps = lights.pattern(*case)
        return "".join(
            ["#" if lights.is_on(steps, 4_000 * 7 + k * lights.STEP_MS) else "-" for k in range(8)]
        )

    def test_each_pattern_is_the_tables(self):
        # fault, supplied, timed, reached, warning
        for case, marks in (
            ((False, True, True, True, False), "########"),
            ((False, True, True, True, True), "-#######"),
            ((False, True, True, False, True), "#-------"),
            ((False, True, False, False, False), "#-#-#---"),
            ((False, False, True, True, True), "#-#-----"),
            ((True, False, False, False, False), "###-###-"),
        ):
            self.assertEqual(self.steps(*case), marks)

    def test_all_patterns_differ(self):
        all_of_them = [
            lights.SAFE_MODE,
            lights.SENSOR_FAULT,
            lights.NO_SUPPLY,
            lights.NO_TIME,
            lights.NO_RELAYER,
            lights.WARNING,
            lights.WELL,
        ]
        self.assertEqual(len(set(all_of_them)), 7)


if __name__ == "__main__":
    unittest.main()
