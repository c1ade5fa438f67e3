# SPDX-License-Identifier: Apache-2.0
"""The tables of a calibration, and the bench that they are made and tried on."""

import math
import unittest
from array import array

from electro_meter.sensing import cells
from electro_meter.sensing.linearisation import straighten, table_of
from electro_meter.sensing.metering import SensorTable
from electro_meter.sensing.sampling import _FINE_BELOW_PERMILLE
from electro_tools.grid.bench import Bench
from electro_tools.grid.calibrating import Calibrated, nominal
from electro_tools.grid.chip import Chip
from electro_tools.grid.coefficients import DIRECT_FROM_PERCENT
from electro_tools.grid.transformers import CLASS_05S, IDEAL, SCT_013, errors
from electro_tools.grid.waveforms import LOADS, power


def straightened(points, codes):
    table, found = straighten(points), []
    for code in codes:
        samples = array("H", [code])
        cells.straighten(samples, array("H", [0]), table, 1)
        found.append(samples[0])
    return found


class TheTables(unittest.TestCase):
    def test_a_straightened_code_is_what_was_there(self):
        points = [(800, 808), (1600, 1592), (2400, 2400)]
        self.assertEqual(straightened(points, (96, 152, 200, 248, 304)), [777, 1216, 1592, 1980, 2432])

    def test_between_its_points_a_corner_is_cut_by_little(self):
        chip = Chip(1)
        bow = chip.inl()  # from code 186 on
        points = [(int(8 * (ideal + bow[ideal - 186])), 8 * ideal) for ideal in range(190, 3_060, 32)]
        codes = list(range(220, 3_000))
        found = straightened(points, codes)
        segment = worst = squares = 0
        for k in range(len(codes)):
            said = codes[k] * 8
            while points[segment + 1][0] <= said:
                segment += 1
            (x0, y0), (x1, y1) = points[segment], points[segment + 1]
            off = abs(found[k] - (y0 + (said - x0) * (y1 - y0) / (x1 - x0)))
            worst = max(worst, off)
            squares += off * off
        # eighths of a count: half a count at most, 0.08 on the average; the points are known to 0.2
        self.assertLess(worst, 4.5)
        self.assertLess(math.sqrt(squares / len(codes)), 0.65)

    def test_beyond_its_points_it_goes_on_straight_and_stays_in_range(self):
        self.assertEqual(straightened([(80, 160), (160, 240)], (0, 30, 4_095)), [80, 320, 32_760 + 7])

    def test_points_that_do_not_rise_are_refused(self):
        for points in ([], [(1, 1)], [(1, 1), (1, 2)], [(1, 2), (2, 2)]):
            with self.assertRaises(ValueError):
                straighten(points)

    def test_a_sensor_is_corrected_by_its_current(self):
        table = SensorTable([(1000, -8000, 600), (5000, -4000, 200)])
        self.assertEqual(table.at(500), (-8000, 600))
        self.assertEqual(table.at(2000), (-7000, 500))
        self.assertEqual(table.at(90_000), (-4000, 200))
        self.assertEqual(SensorTable([]).at(5), (0, 0))
        with self.assertRaises(ValueError):
            SensorTable([(2, 0, 0), (2, 0, 0)])


class TheRanges(unittest.TestCase):
    def test_they_change_over_where_the_calibration_believes(self):
        self.assertAlmostEqual(DIRECT_FROM_PERCENT * 10, _FINE_BELOW_PERMILLE)


class TheBench(unittest.TestCase):
    def test_chips_bend_as_measured_ones_do(self):
        for serial in (1, 2, 3):
            inl = Chip(serial).inl()
            rms = math.sqrt(sum([one * one for one in inl]) / len(inl))
            self.assertTrue(4.6 <= rms <= 5.7, str(rms))
            self.assertTrue(9 <= max([abs(one) for one in inl]) <= 17)

    def test_no_two_chips_are_alike(self):
        self.assertNotEqual(Chip(1).gain, Chip(2).gain)
        self.assertNotEqual(Chip(1).inl()[:9], Chip(2).inl()[:9])

    def test_it_saturates(self):
        self.assertEqual((Chip(1).read(-500.0), Chip(1).read(9000.0)), (0, 4095))

    def test_power_counts_only_what_both_have(self):
        volts, amps = LOADS["harmonics"]
        self.assertAlmostEqual(power(volts, amps), 1.04, places=6)
        self.assertAlmostEqual(power(*LOADS["PF 0.5 lag"]), 0.5, places=6)

    def test_a_transformer_errs_most_at_little_current(self):
        self.assertAlmostEqual(errors(CLASS_05S, 1)[0], 0.99, places=6)
        self.assertAlmostEqual(errors(SCT_013, 100)[1], 1.6, places=6)
        self.assertEqual(errors(IDEAL, 30), (1.0, 0.0))


class AWindowOnTheBench(unittest.TestCase):
    def test_nominal_parts_measure_within_their_spread(self):
        device = Calibrated(Bench(Chip(1), IDEAL, 50, LOADS["PF 1"], 50), table_of([]), nominal())
        self.assertTrue(device.window())
        self.assertTrue(device.window())
        self.assertLess(abs(device.metering.window.power_mw / 11_500_000 / Chip(1).gain ** 2 - 1), 0.04)


if __name__ == "__main__":
    unittest.main()
