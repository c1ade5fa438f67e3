# SPDX-License-Identifier: Apache-2.0
"""Configurations of other versions: older ones are brought up step by step, newer ones refused."""

import json
import unittest

from settings import entries

from electro_meter.life.config import Config
from electro_meter.life.migrations import _STEPS, VERSION, merge, migrate
from electro_meter.world import ConfigError

OLD = {"uv_per_count": 368_123, "ua_per_count": 170_001, "phase_mdeg": -30, "fine_ua_per_count": 10_000}
OLD_REST = {"no_load_mw": -210, "fine_no_load_mw": 35, "sensors": [[1000, -8400, -680]]}


class Versions(unittest.TestCase):
    def test_from_1_to_2_what_belongs_to_a_channel_moves_into_the_only_one(self):
        old = entries(mains_hz=60, **OLD)
        old.update(OLD_REST)
        before = json.dumps(old)
        new = migrate(old)
        wanted = entries(mains_hz=60, version=2, channels=[dict(OLD, **OLD_REST)])
        self.assertEqual(new, wanted)
        self.assertEqual(json.dumps(old), before)  # the file's entries stay as they are
        channel = Config(old).channels[0]
        self.assertEqual(
            (channel.uv_per_count, channel.phase_mdeg, channel.sensors), (368_123, -30, [(1000, -8400, -680)])
        )

    def test_one_that_says_its_version_is_migrated_from_there(self):
        self.assertEqual(migrate(entries(version=1, ua_per_count=7))["channels"], [{"ua_per_count": 7}])
        new = entries(version=2, channels=[{"ua_per_count": 7}, {}])
        self.assertEqual(migrate(new), new)

    def test_the_entries_of_version_1_are_none_in_version_2(self):
        with self.assertRaises(ConfigError) as caught:
            Config(entries(version=2, uv_per_count=5))
        self.assertIn("uv_per_count", str(caught.exception))

    def test_one_from_the_future_is_refused_with_what_to_do(self):
        for version in (VERSION + 1, 99):
            with self.assertRaises(ConfigError) as caught:
                Config(entries(version=version))
            self.assertIn("electro device install", str(caught.exception))
            self.assertIn(str(version), str(caught.exception))

    def test_what_is_no_version_is_refused(self):
        for version in (0, -1, "2", 1.5, True, None):
            with self.assertRaises(ConfigError):
                Config(entries(version=version))

    def test_there_is_a_step_for_every_version(self):
        self.assertEqual(len(_STEPS), VERSION - 1)

    def test_a_calibration_of_either_version_wins_and_changes_nothing_else(self):
        kept = migrate(
            entries(version=2, channels=[{"ua_per_count": 7, "uv_per_count": 8}, {"ua_per_count": 9}])
        )
        for found in (
            {"uv_per_count": 80, "creep_mw": 1},
            {"version": 2, "channels": [{"uv_per_count": 80}], "creep_mw": 1},
        ):
            merged = merge(kept, found)
            self.assertEqual(
                merged["channels"], [{"ua_per_count": 7, "uv_per_count": 80}, {"ua_per_count": 9}]
            )
            self.assertEqual(merged["creep_mw"], 1)
        self.assertEqual(kept["channels"][0]["uv_per_count"], 8)
        with self.assertRaises(ConfigError):
            merge(kept, {"version": 2, "channels": [{}, {}, {}]})


if __name__ == "__main__":
    unittest.main()
