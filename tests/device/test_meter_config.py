# SPDX-License-Identifier: Apache-2.0
"""Configuration: clear refusals, and never half a file."""

import json
import unittest

import scratch
from flash import Unreadable
from settings import entries

from electro_meter.life.config import BOARDS, Config, load
from electro_meter.world import ConfigError


class Configurations(unittest.TestCase):
    def refused(self, untrusted, word):
        with self.assertRaises(ConfigError) as caught:
            Config(untrusted)
        self.assertIn(word, str(caught.exception))

    def test_the_required_entries_suffice(self):
        config = Config(entries())
        self.assertEqual((config.chain_id, config.report_every, config.contract), (1337, 1, b"\xab" * 20))

    def test_what_is_missing_or_out_of_range_is_named(self):
        for name in ("chain_id", "contract", "hardware_id", "relayers"):
            untrusted = entries()
            del untrusted[name]
            self.refused(untrusted, name)
        for name, value in (
            ("chain_id", 0),
            ("chain_id", "1"),
            ("chain_id", True),
            ("contract", "0x12"),
            ("contract", 5),
            ("hardware_id", "0x11"),
            ("relayers", []),
            ("relayers", "x"),
            ("report_every", 673),
            ("mains_hz", 55),
            ("phase_mdeg", 10_001),
            ("wifi_ssid", 5),
            ("max_gap_ms", 99),
        ):
            self.refused(entries(**{name: value}), name)
        self.refused(entries(relayers=["ftp://x"]), "http")
        self.refused(entries(window_period_ms=60_000), "max_gap_ms")
        self.refused(entries(voltage=230), "voltage")
        self.refused([], "object")

    def test_a_file_that_is_missing_or_no_json_is_said(self):
        folder = scratch.folder()
        self.addCleanup(scratch.remove, folder)
        with self.assertRaises(ConfigError):
            load(folder)
        for damaged in (b"{", b"\xff" * 64, b'{"version": 2, "board": "\xc3"}'):
            with open(folder + "/config.json", "wb") as file:
                file.write(damaged)
            with self.assertRaises(ConfigError):
                load(folder)

    def test_a_flash_that_can_not_be_read_now_is_another_thing(self):
        """For a person has to come and help where the file is missing; here the next start does."""
        folder = scratch.folder()
        self.addCleanup(scratch.remove, folder)
        with open(folder + "/config.json", "w") as file:
            json.dump(entries(), file)
        with Unreadable(folder + "/config.json"), self.assertRaises(OSError):
            load(folder)
        self.assertEqual(load(folder).chain_id, 1337)

    def test_a_file_cut_off_anywhere_is_never_half_a_configuration(self):
        folder = scratch.folder()
        self.addCleanup(scratch.remove, folder)
        text = json.dumps(
            entries(wifi_password="a}b]", linearisation=[[1, 2], [3, 4]], channels=[{}], version=2)
        )
        for size in range(len(text)):
            with open(folder + "/config.json", "w") as file:
                file.write(text[:size])
            with self.assertRaises(ConfigError):
                load(folder)
        with open(folder + "/config.json", "w") as file:
            file.write(text)
        self.assertEqual(load(folder).wifi_password, "a}b]")


class Channels(unittest.TestCase):
    def test_one_to_three_are_taken(self):
        for count in (1, 2, 3):
            self.assertEqual(len(Config(entries(version=2, channels=[{}] * count)).channels), count)
        for wrong in ([], [{}] * 4, {}, "x", [5], [{"colour": 1}], [{"uv_per_count": 0}]):
            with self.assertRaises(ConfigError):
                Config(entries(version=2, channels=wrong))

    def test_a_board_is_one_that_has_pins(self):
        self.assertEqual(Config(entries()).board, "")
        for name in BOARDS:
            self.assertEqual(Config(entries(board=name)).board, name)
        with self.assertRaises(ConfigError):
            Config(entries(board="esp8266"))


if __name__ == "__main__":
    unittest.main()
