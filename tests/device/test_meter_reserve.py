# SPDX-License-Identifier: Apache-2.0
"""The last gasp: what is told, and what is switched off, while the board lives on its supercapacitor."""

import unittest

from accounts import S
from bench_meter import OnTheBench

from electro_meter.account.records import ENDED
from electro_meter.life.reserve import GASP, NORMAL, POWER_MW, QUIET, RECHARGE_MW, Reserve
from electro_meter.world import Board

BUDGET_MJ = 20_000


class ACapacitor(Board):
    def __init__(self):
        self.now_us = 0
        self.reserve = False
        self.levels = []

    def uptime_us(self):
        return self.now_us

    def on_reserve(self):
        return self.reserve

    def save_power(self, level):
        self.levels.append(level)


class Budgets(unittest.TestCase):
    def setUp(self):
        self.board = ACapacitor()
        self.reserve = Reserve(self.board, BUDGET_MJ)

    def live(self, seconds, owes):
        for _ in range(int(seconds * 4)):
            self.board.now_us += 250_000
            self.reserve.follow(owes)

    def test_with_supply_nothing_is_switched(self):
        self.live(100, True)
        self.assertEqual((self.board.levels, self.reserve.left_mj), ([], BUDGET_MJ))

    def test_what_is_owed_keeps_the_radio_on_until_three_quarters_are_spent(self):
        self.board.reserve = True
        self.live(21, True)
        self.assertEqual(self.board.levels, [GASP])
        self.live(2, True)
        self.assertEqual(self.board.levels, [GASP, QUIET])
        self.assertLess(abs(self.reserve.left_mj - BUDGET_MJ // 4), 1_000)

    def test_once_it_is_told_the_radio_goes_off_at_once(self):
        self.board.reserve = True
        self.live(3, True)
        self.live(1, False)
        self.assertEqual(self.board.levels, [GASP, QUIET])
        spent_mj = BUDGET_MJ - self.reserve.left_mj
        self.assertLess(abs(spent_mj - 3 * POWER_MW[GASP]), POWER_MW[GASP])
        self.live(10, False)
        self.assertLess(abs(BUDGET_MJ - self.reserve.left_mj - spent_mj - 10 * POWER_MW[QUIET]), 100)

    def test_supply_that_is_back_switches_everything_on_and_charges(self):
        self.board.reserve = True
        self.live(30, True)
        self.board.reserve = False
        left_mj = self.reserve.left_mj
        self.live(10, True)
        self.assertEqual(self.board.levels, [GASP, QUIET, NORMAL])
        self.assertLess(abs(self.reserve.left_mj - left_mj - 10 * RECHARGE_MW), RECHARGE_MW)

    def test_a_second_gasp_soon_after_has_less(self):
        self.board.reserve = True
        self.live(30, True)
        self.board.reserve = False
        self.live(4, True)
        self.board.reserve = True
        self.live(1, True)
        before = list(self.board.levels)
        self.live(4, True)
        self.assertEqual((before[-1], self.board.levels[-1]), (GASP, QUIET))

    def test_without_a_reserve_a_floating_pin_says_nothing(self):
        self.reserve = Reserve(self.board, 0)
        self.board.reserve = True
        self.live(10, True)
        self.assertEqual(self.board.levels, [])


class Gasps(OnTheBench):
    channels = 1
    reserve_mj = BUDGET_MJ

    def setUp(self):
        OnTheBench.setUp(self)
        self.meter = self.make(reserve_mj=self.reserve_mj)
        self.run_for(12)

    def lose(self):
        self.board.volts[0] = self.board.amps[0] = 0.0
        self.board.mains = False
        return self.board.now_us

    def accept(self):
        """Let a relayer accept what is owed."""
        self.meter.uplink.sending._accepted_outages = self.meter.reports.outage_version

    def test_the_outage_is_declared_at_once(self):
        lost_us = self.lose()
        self.run_for(1)
        self.assertTrue(self.meter.outages.open)
        self.assertIn(self.meter.outage_ring.newest[4] - lost_us // S, (-1, 0, 1))
        self.assertEqual(self.board.level, GASP)
        self.assertTrue(self.meter.uplink.wake.is_set())

    def test_a_loss_that_nothing_has_sampled_yet_is_told_as_well(self):
        self.lose()
        self.board.now_us += 10_000  # the board is on its reserve, and the loss not yet known
        self.run_for(1)
        self.assertTrue(self.meter.outages.open)
        self.assertEqual([level for _, level in self.board.levels], [GASP])

    def test_outputs_are_off_on_the_reserve(self):
        self.meter.shedding.warning = self.meter.shedding.shed = True
        self.meter._show()
        self.assertEqual(self.board.outputs[1:], (True, True))
        self.lose()
        self.run_for(1)
        self.assertEqual(self.board.outputs, (False, False, False))

    def test_the_radio_stays_on_until_a_relayer_has_accepted_it(self):
        self.lose()
        self.run_for(10)
        self.assertEqual(self.board.level, GASP)
        self.accept()
        self.run_for(6)
        self.assertEqual(self.board.level, QUIET)

    def test_if_nobody_accepts_it_the_budget_ends_it(self):
        self.lose()
        self.run_for(30)
        self.assertEqual(self.board.level, QUIET)
        self.assertTrue(self.meter.uplink.owes_outage)  # told when there is power again

    def test_supply_that_is_back_ends_it_and_is_told(self):
        self.lose()
        self.run_for(5)
        self.accept()
        self.run_for(6)
        self.board.volts[0], self.board.amps[0], self.board.mains = 230.0, 10.0, True
        self.run_for(6)
        self.assertEqual(self.board.level, NORMAL)
        self.assertEqual(self.meter.outage_ring.newest[0], ENDED)
        self.assertTrue(self.meter.uplink.owes_outage)
        told = self.meter.status()
        self.assertEqual((told["momentary"], told["sustained"]), (1, 0))


class WithoutReserve(OnTheBench):
    channels = 1

    def test_the_same_loss_is_declared_after_its_time_and_nothing_is_switched(self):
        self.run_for(12)
        self.meter.shedding.warning = True
        self.board.volts[0] = self.board.amps[0] = 0.0
        self.board.mains = False
        self.run_for(1)
        self.assertFalse(self.meter.outages.open)
        self.run_for(14)
        self.assertTrue(self.meter.outages.open)
        self.assertEqual(self.board.levels, [])


if __name__ == "__main__":
    unittest.main()
