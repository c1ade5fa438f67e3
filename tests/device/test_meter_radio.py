# SPDX-License-Identifier: Apache-2.0
"""A network that is not there is waited for; a radio that is stuck is made anew, and a dead one resets the chip."""

import asyncio
import sys
import unittest

try:
    import ssl  # noqa: F401 - looked for
except ImportError:
    sys.modules["ssl"] = sys  # this interpreter has none, and nothing here uses it

from electro_meter import radio


class Station:
    """A station that joins nothing."""

    def __init__(self, revives):
        self.revives = revives
        self.on = False
        self.switched = []
        self.joined = False

    def active(self, on=None):
        if on is not None:
            self.switched.append(on)
            self.on = on and (self.revives or len(self.switched) == 1)
        return self.on

    def isconnected(self):
        return self.joined

    def connect(self, ssid, password):
        pass

    def disconnect(self):
        pass


class NoPause:
    @staticmethod
    async def sleep(seconds):
        pass


@unittest.skipUnless(hasattr(asyncio, "run"), "the WebAssembly build has no event loop of its own")
class Radios(unittest.TestCase):
    def setUp(self):
        radio.asyncio = NoPause

    def tearDown(self):
        radio.asyncio = asyncio

    def joins(self, station, count):
        """Return what the chip was reset for in so many joins that fail."""
        reasons = []
        one = radio.Radio(station, "PLANT", "", reasons.append)
        for _ in range(count):
            with self.assertRaises(OSError):
                asyncio.run(one.join())
            station.on = True  # it would say that it lives until it is made anew
        return reasons

    def test_one_that_joins_nothing_is_made_anew_at_every_sixth_failure(self):
        station = Station(True)
        self.assertEqual(self.joins(station, 5), [])
        self.assertEqual(station.switched, [True])
        station = Station(True)
        self.assertEqual(self.joins(station, 13), [])
        self.assertEqual(station.switched, [True, False, True, False, True])

    def test_one_that_stays_dead_resets_the_chip(self):
        self.assertEqual(len(self.joins(Station(False), 6)), 1)

    def test_a_join_that_succeeds_begins_the_count_anew(self):
        station, reasons = Station(False), []
        one = radio.Radio(station, "PLANT", "", reasons.append)
        for k in range(12):
            station.on, station.joined = True, k % 5 == 4
            if station.joined:
                asyncio.run(one.join())
                continue
            with self.assertRaises(OSError):
                asyncio.run(one.join())
        self.assertEqual(reasons, [])


if __name__ == "__main__":
    unittest.main()
