# SPDX-License-Identifier: Apache-2.0
"""What a person is told at the serial line, of a meter in the middle of a slot."""

import asyncio
import json

from whole_meter import INTERVAL_S, WATTS, Meters

from electro_meter.life import answers
from electro_meter.life.console import RECORD, listen


class Answers(Meters):
    def ask(self, board, meter, *words):
        told = answers.answer(board, meter, list(words))
        return json.loads(json.dumps(told))

    def test_the_running_slot_stands_against_its_band(self):
        board, meter = self.make(relayers=("http://one",))
        self.run_to(board, meter, 3 * INTERVAL_S + 600)
        live = self.ask(board, meter, "live")
        slot = live["slot"]
        self.assertEqual((slot["agreement"], slot["interval"], slot["length_s"]), (7, 3, INTERVAL_S))
        self.assertEqual((slot["least"], slot["most"], slot["unit_wh"]), (1, 600, 10))
        self.assertLess(abs(slot["so_far_wh"] - WATTS * 600 // 3_600), WATTS // 20)
        self.assertLess(abs(slot["projected_units"] - WATTS // 40), WATTS // 400)
        self.assertLess(abs(live["power_mw"] - WATTS * 1000), WATTS * 50)

    def test_everything_is_told_and_nothing_secret(self):
        board, meter = self.make()
        self.run_to(board, meter, INTERVAL_S)
        told = self.ask(board, meter, "status")
        self.assertEqual(told["device"], self.address)
        self.assertEqual(told["update"]["state"], "idle")
        self.assertEqual(list(told["agreements"]), ["7"])
        self.assertEqual(told["agreements"]["7"]["bonus"], "1")
        self.assertFalse("07" * 32 in json.dumps(told))

    def test_whoever_asks_for_something_else_is_told_what_there_is(self):
        board, meter = self.make()
        self.assertIn("ask for status", self.ask(board, meter, "reboot")["error"])
        self.assertEqual(self.ask(board, meter, "logs", "99999999"), {"log": ""})
        self.assertEqual(self.ask(board, meter, "identify", "5"), {"device": self.address})

    def test_what_can_not_be_told_is_said_and_the_next_question_answered(self):
        board, meter = self.make()
        typed = list("electro status\nelectro identify\n")
        network, said = board.network, []

        async def heard():
            if not typed:
                raise EOFError
            return typed.pop(0)

        def broken():
            board.network = network
            raise OSError("the radio")

        board.heard, board.network, board.log = heard, broken, said.append
        with self.assertRaises(EOFError):
            asyncio.run(listen(board, meter))
        told = [json.loads(line[1:]) for line in said if line[:1] == RECORD]
        self.assertEqual(told, [{"error": "the meter can't tell: the radio"}, {"device": self.address}])


if __name__ == "__main__":
    import unittest

    unittest.main()
