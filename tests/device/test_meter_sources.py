# SPDX-License-Identifier: Apache-2.0
"""What relayers and nodes may say: the right thing read right, and whatever else one SourceError, soon."""

import json
import unittest

from electro_meter.uplink.contract import result, states
from electro_meter.uplink.errors import SourceError
from electro_meter.uplink.head import date_s, pause_s
from electro_meter.uplink.parsing import parsed
from electro_meter.uplink.sources import MOST_TOLD, standing, terms, verdicts

CHAIN_ID = 1337
CONTRACT = bytes(range(20))
ADDRESS = "0x" + "".join([f"{b:02x}" for b in CONTRACT])


def read(text):
    raw = text if isinstance(text, bytes) else text.encode()
    return parsed(bytearray(raw), len(raw))


def agreement(**others):
    told = {
        "agreement_id": 7,
        "state": "accepted",
        "place": 0,
        "start": 1_800_000_000,
        "interval_seconds": 900,
        "intervals": 96,
        "slots": 96,
        "unit_wh": 10,
        "end": 96,
        "reports_until": 1_900_000_000,
        "terms": {"account": "0x" + "ab" * 20, "code_hash": "0x" + "cd" * 32},
        "next": {"latest": 5, "final": 4},
        "next_outage": {"latest": 2, "final": 1},
        "outage_open": True,
        "remaining_bonus": "1000",
        "bounds": {"first_interval": 5, "min": [1, 2], "max": [3, 65535]},
    }
    told.update(others)
    return told


def answer(*agreements, **others):
    told = {
        "device": "0x" + "11" * 20,
        "chain_id": CHAIN_ID,
        "contract": ADDRESS,
        "agreements": list(agreements),
    }
    told.update(others)
    return told


def of(*agreements, **others):
    return standing(answer(*agreements, **others), CHAIN_ID, CONTRACT)


ANYTHING = (
    None, True, -1, 1 << 64, 1 << 200, 1.5, 1e300, "", "x", "-1", "9" * 21, "\u0661", [], [[]], [1], {},
    {"latest": None},
    {"latest": -1, "final": 0}, "0x", "0x" + "1" * 41, "0x" + "g" * 64,
)  # fmt: skip


class Json(unittest.TestCase):
    def test_numbers_without_end_are_refused_soon(self):
        for text in (
            "9" * 79,
            "9" * 32_000,
            "-" + "1" * 100,
            '{"a": [1, ' + "0" * 5_000 + "]}",
            '{"a":"b","c":' + "1" * 80 + "}",
        ):
            with self.assertRaises(SourceError):
                read(text)
        self.assertEqual(read("9" * 78), int("9" * 78))

    def test_hex_may_have_as_many_zeros_as_it_likes(self):
        for text in (
            "0x" + "0" * 5_000,
            "0" * 5_000,
            'quoted \\" ' + "1" * 300,
            "back \\\\",
            "1" * 300 + "\\\\\\",
        ):
            body = json.dumps({"result": text, "id": 1})
            self.assertEqual(read(body), {"result": text, "id": 1})

    def test_a_number_behind_any_text_is_seen(self):
        for text in ("", "\\", '"', '\\"', "\\\\", "x" * 200, '"' * 3):
            with self.assertRaises(SourceError):
                read(json.dumps({"a": text})[:-1] + ', "b": ' + "7" * 200 + "}")

    def test_what_is_nested_deeply_or_has_too_many_parts_is_refused(self):
        for text in ("[" * 600, "[" * 30_000, '{"a":' * 600, "[]," * 600, '"",' * 2_000):
            with self.assertRaises(SourceError):
                read(text)

    def test_what_is_no_json_is_refused(self):
        # MicroPython closes what a text that is cut off has opened; the shape is checked all the same
        for text in ("", "<html>", "\x00", b"\xff\xfe", '{"a": 1} {}', '"', "nul", "}", "1 2"):
            with self.assertRaises(SourceError):
                read(text)


class Standings(unittest.TestCase):
    def test_an_answer_is_read(self):
        (told,) = of(agreement())
        self.assertEqual((told.id, told.start_s, told.code_hash), (7, 1_800_000_000, b"\xcd" * 32))
        self.assertEqual(
            (told.next_latest, told.next_final, told.next_outage, told.outage_open), (5, 4, 2, True)
        )
        self.assertEqual((told.end, told.cancelled, told.bounds_from), (96, False, 5))
        self.assertEqual((list(told.least), list(told.most)), ([1, 2], [3, 65535]))
        self.assertEqual((told.account, told.bonus), (b"\xab" * 20, 1_000))
        self.assertEqual(of(agreement(agreement_id="18446744073709551615"))[0].id, (1 << 64) - 1)
        self.assertTrue(of(agreement(state="cancelled"))[0].cancelled)
        self.assertEqual(of(), [])

    def test_whatever_a_member_is_it_is_refused_or_in_range(self):
        for name in agreement():
            if name in (
                "place",
                "interval_seconds",
                "intervals",
                "slots",
                "unit_wh",
                "reports_until",
                "remaining_bonus",
            ):
                continue  # the terms' code says so, or nobody on the meter needs it
            lacking = agreement()
            del lacking[name]
            with self.assertRaises(SourceError):
                of(lacking)
            for value in ANYTHING:
                try:
                    (told,) = of(agreement(**{name: value}))
                except SourceError:
                    continue
                self.assertIn((name, type(value)), (("state", str), ("outage_open", bool)), value)
                self.assertFalse(told.cancelled)

    def test_bounds_are_as_many_and_in_range(self):
        for bounds in (
            None, [], {}, {"first_interval": 0, "min": [1], "max": []}, {"first_interval": 0, "min": [70000],
            "max": [1]},
            {"first_interval": 0, "min": [1.5], "max": [1]}, {"first_interval": 0, "min": [True], "max": [1]},
            {"first_interval": 0, "min": [1] * 673, "max": [1] * 673}, {"first_interval": -1, "min": [], "max": []},
            {"first_interval": 0, "min": "ab", "max": "cd"},
        ):  # fmt: skip
            with self.assertRaises(SourceError):
                of(agreement(bounds=bounds))

    def test_an_answer_of_another_kind_chain_or_contract_is_refused(self):
        for untrusted in (None, 5, "x", [], {}, [answer()]):
            with self.assertRaises(SourceError):
                standing(untrusted, CHAIN_ID, CONTRACT)
        for name in ("chain_id", "contract", "agreements"):
            for value in ANYTHING + (
                CHAIN_ID + 1,
                "0x" + "22" * 20,
                [None],
                [5],
                [agreement()] * (MOST_TOLD + 1),
            ):
                if name == "agreements" and value == []:
                    continue
                with self.assertRaises(SourceError):
                    of(**{name: value})

    def test_what_is_left_of_the_bonus_is_told_or_not(self):
        (told,) = of(agreement(remaining_bonus=str((1 << 128) - 1)))
        self.assertEqual(told.bonus, (1 << 128) - 1)
        silent = agreement()
        del silent["remaining_bonus"]
        self.assertEqual(of(silent)[0].bonus, -1)
        for wrong in (str(1 << 128), "9" * 40, "-1", "1e3", None, [], 1.5):
            with self.assertRaises(SourceError):
                of(agreement(remaining_bonus=wrong))


def word(value):
    return value.to_bytes(32, "big")


def state(bounds=b"\x00\x01\x00\x02\x00\x03\x00\x04", **others):
    names = (
        "id", "state", "place", "start", "interval", "intervals", "stop", "end", "until", "slots", "unit",
        "account", "hash",
        "next", "outage", "open", "bonus", "from", "offset",
    )  # fmt: skip
    values = dict.fromkeys(names, 0)
    values.update(id=7, state=2, start=1_800_000_000, end=96, next=5, outage=2, open=1, offset=19 * 32)
    values.update(account=0xAB << 152, hash=0xCD << 248)
    values["from"] = 5
    values.update(others)
    return (
        b"".join([word(values[name]) for name in names])
        + word(len(bounds))
        + bounds
        + bytes(-len(bounds) % 32)
    )


def listed(*encoded):
    offsets, at = b"", 32 * len(encoded)
    for one in encoded:
        offsets += word(at)
        at += len(one)
    return word(32) + word(len(encoded)) + offsets + b"".join(encoded)


class States(unittest.TestCase):
    def test_a_contracts_answer_is_read(self):
        told, other = states(listed(state(bonus=1_000), state(bounds=b"", id=8, state=4)))
        self.assertEqual((told.id, told.start_s, told.end), (7, 1_800_000_000, 96))
        self.assertEqual((told.account, told.code_hash), (b"\xab" + bytes(19), b"\xcd" + bytes(31)))
        self.assertEqual((told.next_latest, told.next_outage, told.outage_open), (5, 2, True))
        self.assertEqual((told.bounds_from, list(told.least), list(told.most)), (5, [1, 2], [3, 4]))
        self.assertEqual((other.id, other.cancelled, list(other.least)), (8, True, []))
        self.assertEqual((told.bonus, other.bonus), (1_000, 0))
        self.assertEqual(states(b""), [])

    def test_an_answer_cut_anywhere_or_with_wild_numbers_is_refused(self):
        raw = listed(state(), state())
        for cut in range(1, len(raw) - 24):  # the last bytes only fill a word
            try:
                states(raw[:cut])
                self.fail(f"{cut} bytes are taken")
            except SourceError:
                pass
        for name in ("id", "state", "start", "end", "next", "outage", "open", "bonus", "from", "offset"):
            with self.assertRaises(SourceError):
                states(listed(state(**{name: (1 << 256) - 1})))
        for wrong in (
            word(32) + word(1 << 255),
            word(32) + word(9) + bytes(900),
            word(32) + word(1) + word(1 << 200),
        ):
            with self.assertRaises(SourceError):
                states(wrong)


def code(slots=96, interval_s=900, intervals=2880, unit_wh=10, size=400, first=0):
    head = (
        bytes([first])
        + slots.to_bytes(2, "big")
        + interval_s.to_bytes(4, "big")
        + intervals.to_bytes(4, "big")
    )
    return (head + unit_wh.to_bytes(4, "big") + bytes(size))[:size]


class Terms(unittest.TestCase):
    def test_the_numbers_stand_in_the_code(self):
        self.assertEqual(terms(code()), (96, 900, 2880, 10))

    def test_code_that_is_no_terms_is_refused(self):
        for wrong in (
            b"", b"\x00", code(size=96), code(size=4_097), code(first=1), code(slots=0), code(slots=673),
            code(interval_s=0),
            code(interval_s=86_401), code(intervals=0), code(intervals=65_536), code(unit_wh=0),
        ):  # fmt: skip
            with self.assertRaises(SourceError):
                terms(wrong)


class Verdicts(unittest.TestCase):
    def test_each_message_has_its_own(self):
        refused = {"error": {"code": "WRONG_SEQUENCE", "expected": 9}, "status_code": 409}
        told = verdicts(200, {"results": [{"status": "accepted", "status_code": 202}, refused]}, 2)
        self.assertEqual(told, [(202, "", -1), (409, "WRONG_SEQUENCE", 9)])
        self.assertEqual(verdicts(202, {"status": "accepted"}, 1), [(202, "", -1)])

    def test_no_verdict_is_as_good_as_none(self):
        for untrusted in (
            None, 5, [], {}, {"results": None}, {"results": 5}, {"results": []}, {"results": [{"status_code": 202}]},
            {"results": [5, 5]}, {"results": [None, {"status_code": 202}]}, {"results": [{"status_code": "x"}] * 2},
            {"results": [{"status_code": 1e9}] * 2}, {"results": {"0": 1, "1": 2}},
            {"results": [{"status_code": 202}] * 3},
        ):  # fmt: skip
            with self.assertRaises(SourceError):
                verdicts(200, untrusted, 2)

    def test_a_refusal_of_any_shape_is_a_refusal(self):
        for error in (
            {},
            {"code": 5},
            {"code": ["x"]},
            {"expected": -1},
            {"expected": 1 << 99},
            {"expected": True},
        ):
            self.assertEqual(verdicts(409, {"error": error}, 1), [(409, "", -1)])
        for untrusted in (None, [], 5, {"error": None}, {"error": 5}):
            self.assertEqual(verdicts(409, untrusted, 1)[0][0], 409)
        self.assertEqual(len(verdicts(409, {"error": {"code": "\u20ac" * 900}}, 1)[0][1]), 40)


class Results(unittest.TestCase):
    def test_a_call_has_a_result_or_was_refused(self):
        self.assertEqual(result({"result": "0x1"}, False), "0x1")
        self.assertEqual(result({"error": {"code": 3, "message": "execution reverted"}}, False), "")
        self.assertEqual(result({"error": {"code": -39001}}, True), "")

    def test_anything_else_is_refused(self):
        for untrusted in (
            None,
            5,
            [],
            {},
            {"result": None},
            {"result": 5},
            {"error": {"code": -1}},
            {"error": {"message": 5}},
        ):
            with self.assertRaises(SourceError):
                result(untrusted, False)


class Heads(unittest.TestCase):
    def test_dates_are_those_of_http(self):
        for text, unix_s in (
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777), ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Tue, 29 Feb 2028 23:59:59 GMT", 1_835_481_599), ("Mon, 01 Mar 2100 00:00:00 GMT", 4_107_542_400),
        ):  # fmt: skip
            self.assertEqual(date_s(text), unix_s)
        for text in (
            "", "now", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 06 ovD 1994 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 06 Nov 0094 08:49:37 GMT",
            "Sun, \u0660\u0666 Nov 1994 08:49:37 GMT", "Sun, -6 Nov 1994 08:49:37 GMT",
        ):  # fmt: skip
            self.assertEqual(date_s(text), 0, text)

    def test_a_pause_is_an_hour_at_most(self):
        self.assertEqual(
            [pause_s(text) for text in ("0", "7", "3600", "3601", "9" * 20)], [0, 7, 3600, 3600, 3600]
        )
        self.assertEqual([pause_s(text) for text in ("", "-1", "x", "9" * 21, "\u0661")], [60] * 5)


if __name__ == "__main__":
    unittest.main()
