# SPDX-License-Identifier: Apache-2.0
"""What a failure of one task does to the others, what alone may reset the chip, and what happens after crashes."""

import asyncio
import os
import unittest

import scratch

from electro_meter.life import supervision
from electro_meter.life.supervision import LOG_BYTES, MOST_STARTS, Starts, Supervisor
from electro_tools.grid.virtual_board import VirtualBoard

START_S = 1_800_000_000


class Watched(VirtualBoard):
    def __init__(self, directory):
        VirtualBoard.__init__(self, directory, START_S, 0)
        self.resets = []

    def reset(self, reason):
        self.resets.append(reason)

    def log(self, sentence):
        pass


class Full:
    """Files that can't be written, in the place of the module's own open."""

    def __call__(self, path, mode="r"):
        if mode != "r":
            raise OSError(28, "simulated")
        return open(path, mode)


class Folder(unittest.TestCase):
    def setUp(self):
        if not hasattr(asyncio, "run"):
            raise unittest.SkipTest("the WebAssembly build has no event loop of its own")
        self.folder = scratch.folder()
        self.addCleanup(scratch.remove, self.folder)

    def tearDown(self):
        if "open" in supervision.__dict__:
            del supervision.open

    def log(self):
        with open(self.folder + "/crash.log") as file:
            return file.read()


class Tasks(Folder):
    def run_for(self, seconds, *tasks):
        """Run tasks under a supervisor, each a function of the board that makes a coroutine."""
        board = Watched(self.folder)
        supervisor = Supervisor(board)

        async def go():
            for number, task in enumerate(tasks):
                supervisor.run("task {}".format(number), lambda task=task: task(board))
            await board.time.run_until((START_S + seconds) * 1_000_000)

        asyncio.run(go())
        return supervisor, board

    def test_one_that_fails_is_made_again_and_the_others_do_not_feel_it(self):
        ticks, made = [], []

        async def steady(board):
            while True:
                await board.sleep_ms(1_000)
                ticks.append(board.uptime_us())

        async def dying(board):
            made.append(board.uptime_us())
            await board.sleep_ms(100)
            raise ValueError("something from outside")

        supervisor, board = self.run_for(600, steady, dying)
        self.assertEqual(len(ticks), 600)
        self.assertTrue(10 <= len(made) <= 20, len(made))  # pauses double, to a minute
        self.assertEqual((supervisor.restarts, board.resets), ({"task 1": len(made)}, []))
        self.assertIn("something from outside", supervisor.last)

    def test_whatever_ends_a_task_it_comes_back(self):
        for error in (
            MemoryError("no memory"),
            OSError(28),
            KeyError(1),
            AttributeError("x"),
            RuntimeError(),
        ):
            made = []

            async def dying(board, error=error, made=made):
                made.append(1)
                raise error

            _, board = self.run_for(10, dying)
            self.assertGreater(len(made), 2)
            self.assertEqual(board.resets, [])

    def test_a_task_that_simply_ends_is_made_again(self):
        made = []

        async def ending(board):
            made.append(1)

        self.run_for(100, ending)
        self.assertGreater(len(made), 4)

    def test_a_death_that_can_not_be_noted_is_survived(self):
        made = []

        async def dying(board):
            made.append(1)
            raise OSError(28)

        supervision.open = Full()
        board = Watched(self.folder)
        board.log = None  # whatever a serial line does
        supervisor = Supervisor(board)

        async def go():
            supervisor.run("task", lambda: dying(board))
            await board.time.run_until((START_S + 60) * 1_000_000)

        asyncio.run(go())
        self.assertGreater(len(made), 3)
        self.assertEqual(board.resets, [])

    def test_only_a_third_failure_of_measuring_in_ten_minutes_resets(self):
        board = Watched(self.folder)
        supervisor = Supervisor(board)
        for pause_s, resets in ((0, 0), (60, 0), (601, 0), (10, 0), (10, 1), (10, 1), (10, 1), (10, 2)):
            board.time.now_us += pause_s * 1_000_000
            supervisor.measuring_failed(MemoryError("x"))
            self.assertEqual(len(board.resets), resets)
        self.assertIn("reset: measuring failed", self.log())

    def test_the_log_says_what_and_stays_small(self):
        board = Watched(self.folder)
        supervisor = Supervisor(board)
        for number in range(400):
            try:
                int("broken {}".format(number))
            except ValueError as error:
                supervisor.note("uplink", error)
        self.assertIn("broken 399", self.log())
        for name in ("crash.log", "crash.old.log"):
            self.assertLess(os.stat(self.folder + "/" + name)[6], LOG_BYTES + 400)

    def test_the_same_failure_again_and_again_is_written_once_a_minute(self):
        board = Watched(self.folder)
        supervisor = Supervisor(board)
        for _ in range(600):
            supervisor.note("uplink", ValueError("the same"))
            board.time.now_us += 1_000_000
        self.assertLessEqual(self.log().count("the same"), 11)


class Beginning(Folder):
    def setUp(self):
        super().setUp()
        self.starts = Starts(self.folder)

    def test_after_five_short_starts_it_is_in_safe_mode_once_and_then_tries_once(self):
        self.assertEqual([self.starts.begin(False) for _ in range(MOST_STARTS)], [True] * MOST_STARTS)
        self.assertFalse(self.starts.begin(False))
        self.assertTrue(self.starts.begin(False))
        self.assertFalse(self.starts.begin(False))

    def test_a_start_that_lasts_forgets_the_others(self):
        for _ in range(MOST_STARTS):
            self.starts.begin(False)
        self.starts.lasted()
        self.assertEqual(self.starts.failed(), 0)
        self.assertTrue(self.starts.begin(False))

    def test_losses_of_power_are_no_crashes(self):
        for _ in range(3 * MOST_STARTS):
            self.assertTrue(self.starts.begin(True))

    def test_a_damaged_count_is_none(self):
        for content in ("x", "", "\x00\x00", "9" * 100):
            with open(self.folder + "/starts", "w") as file:
                file.write(content)
            self.starts.begin(False)
        with open(self.folder + "/starts", "w") as file:
            file.write("x")
        self.assertTrue(self.starts.begin(False))

    def test_a_full_flash_resets_nothing(self):
        supervision.open = Full()
        for _ in range(20):
            self.assertTrue(self.starts.begin(False))
            self.starts.note(ValueError("x"))
            self.starts.lasted()


if __name__ == "__main__":
    unittest.main()
