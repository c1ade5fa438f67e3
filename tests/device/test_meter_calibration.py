# SPDX-License-Identifier: Apache-2.0
"""The calibration on the chip: kept with its hash, wins over the settings, can be undone, is refused when damaged."""

import json
import unittest

import scratch

from electro_meter.life.config import FILE, load
from electro_meter.sensing import calibration
from electro_meter.world import Board, ConfigError

FIRST = '{"date": 1800000000, "uv_per_count": 368123}'
SECOND = '{"date": 1800000900, "uv_per_count": 368456, "sensors": [[1000, -8400, -680]]}'


class Storage(Board):
    def __init__(self):
        self.blobs = {}

    def load_blob(self, name):
        return self.blobs.get(name)

    def store_blob(self, name, content):
        self.blobs[name] = content


class Sets(unittest.TestCase):
    def setUp(self):
        self.board = Storage()

    def test_before_the_first_there_is_none(self):
        self.assertEqual(calibration.entries(self.board), {})
        self.assertEqual(calibration.read(self.board), ("", {"date": 0}))
        with self.assertRaises(ConfigError):
            calibration.undo(self.board)

    def test_a_set_is_found_by_its_hash(self):
        digest = calibration.store(self.board, FIRST)
        self.assertEqual(len(digest), 64)
        self.assertEqual(calibration.read(self.board), (digest, json.loads(FIRST)))
        self.assertEqual(calibration.entries(self.board), {"uv_per_count": 368123})

    def test_undoing_the_first_leaves_the_settings_alone_and_twice_brings_it_back(self):
        digest = calibration.store(self.board, FIRST)
        self.assertEqual(calibration.undo(self.board), "")
        self.assertEqual(calibration.entries(self.board), {})
        self.assertEqual(calibration.undo(self.board), digest)
        self.assertEqual(calibration.entries(self.board), {"uv_per_count": 368123})

    def test_undoing_the_second_brings_the_first(self):
        digest = calibration.store(self.board, FIRST)
        calibration.store(self.board, SECOND)
        self.assertEqual(calibration.undo(self.board), digest)

    def test_every_flipped_bit_is_refused(self):
        calibration.store(self.board, FIRST)
        whole = self.board.blobs[calibration.CURRENT]
        for bit in range(0, 8 * len(whole), 7):
            damaged = bytearray(whole)
            damaged[bit // 8] ^= 1 << bit % 8
            self.board.blobs[calibration.CURRENT] = bytes(damaged)
            with self.assertRaises(ConfigError):
                calibration.entries(self.board)

    def test_what_is_no_set_is_not_stored(self):
        for text in ("[]", "{}", "hello", '{"date": "today"}', '{"date": 1, "x": "' + "y" * 4_000 + '"}'):
            with self.assertRaises(ConfigError):
                calibration.store(self.board, text)
        self.assertEqual(self.board.blobs, {})


class OverTheSettings(unittest.TestCase):
    def setUp(self):
        self.folder = scratch.folder()
        with open(f"{self.folder}/{FILE}", "w") as file:
            json.dump(
                {
                    "chain_id": 1,
                    "contract": "0x" + "ab" * 20,
                    "hardware_id": "0x" + "11" * 32,
                    "relayers": ["http://relayer"],
                    "uv_per_count": 350_000,
                    "ua_per_count": 170_001,
                },
                file,
            )

    def tearDown(self):
        scratch.remove(self.folder)

    def test_the_set_wins_and_the_rest_stays(self):
        board = Storage()
        self.assertEqual(load(self.folder, calibration.entries(board)).channels[0].uv_per_count, 350_000)
        calibration.store(board, FIRST)
        config = load(self.folder, calibration.entries(board))
        channel = config.channels[0]
        self.assertEqual((channel.uv_per_count, channel.ua_per_count), (368_123, 170_001))


if __name__ == "__main__":
    unittest.main()
