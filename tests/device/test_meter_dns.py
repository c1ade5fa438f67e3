# SPDX-License-Identifier: Apache-2.0
"""Names and their addresses: who answers what, for how long it holds, and everything a datagram can be wrong in."""

import asyncio
import unittest

from network_board import NetworkBoard, dns_answer

from electro_meter.uplink.dns import Resolver, answer, is_address, question, repeats
from electro_meter.uplink.errors import UnreachableError

NUMBER = b"\x12\x34"
ASKED = question("relayer.example", NUMBER)
NAME = b"\x07relayer\x07example\x00"


def record(owner, kind, life_s, value):
    return (
        owner
        + kind.to_bytes(2, "big")
        + b"\x00\x01"
        + life_s.to_bytes(4, "big")
        + len(value).to_bytes(2, "big")
        + value
    )


def datagram(*records, count=None, flags=b"\x81\x80"):
    count = len(records) if count is None else count
    return NUMBER + flags + b"\x00\x01" + count.to_bytes(2, "big") + bytes(4) + ASKED[12:] + b"".join(records)


def read(raw):
    return answer(raw, len(ASKED))


A = b"\x0a\x00\x00\x07"
OWN = b"\xc0\x0c"


class Questions(unittest.TestCase):
    def test_a_question_is_the_rfcs(self):
        self.assertEqual(ASKED, NUMBER + b"\x01\x00\x00\x01" + bytes(6) + NAME + b"\x00\x01\x00\x01")

    def test_what_is_no_name_is_not_asked_for(self):
        for host in ("", ".", "a..b", "x" * 64, ".".join(["abcdefgh"] * 40)):
            with self.assertRaises(UnreachableError):
                question(host, NUMBER)

    def test_an_answer_repeats_number_and_question(self):
        good = datagram(record(OWN, 1, 300, A))
        self.assertTrue(repeats(good, ASKED))
        self.assertTrue(repeats(good[:12] + good[12:].upper(), ASKED))
        for wrong in (
            b"", good[:11], b"\x12\x35" + good[2:], good[:2] + b"\x01\x80" + good[4:],
            good[:4] + b"\x00\x02" + good[6:],
            good[:14] + b"x" + good[15:], good[: len(ASKED) - 1], good[:2] + b"\x91\x80" + good[4:],
            good.replace(b"\x00\x01\x00\x01", b"\x00\x1c\x00\x01", 1),
        ):  # fmt: skip
            self.assertFalse(repeats(wrong, ASKED), wrong)

    def test_addresses_need_no_asking(self):
        self.assertTrue(all(is_address(one) for one in ("10.0.0.7", "255.255.255.255")))
        self.assertFalse(
            any(is_address(one) for one in ("", "10.0.0", "10.0.0.256", "a.b.c.d", "10.0.0.7.1", "1.2.3.0x4"))
        )


class Datagrams(unittest.TestCase):
    def test_addresses_and_their_life_are_read(self):
        self.assertEqual(read(datagram(record(OWN, 1, 300, A))), (["10.0.0.7"], 300))
        two = datagram(record(OWN, 1, 300, A), record(NAME, 1, 200, b"\x0a\x00\x00\x08"))
        self.assertEqual(read(two), (["10.0.0.7", "10.0.0.8"], 200))

    def test_life_is_a_minute_to_a_day(self):
        for life_s, held_s in ((0, 60), (59, 60), (86_401, 86_400), (1 << 31, 60), ((1 << 32) - 1, 60)):
            self.assertEqual(read(datagram(record(OWN, 1, life_s, A)))[1], held_s)

    def test_aliases_are_followed(self):
        other = b"\x05other\x00"
        further = b"\x07further\xc0\x14"
        raw = datagram(
            record(OWN, 5, 100, other),
            record(other, 5, 300, further),
            record(b"\x07FURTHER\x07example\x00", 1, 300, A),
        )
        self.assertEqual(read(raw), (["10.0.0.7"], 100))
        four = b"\x02ab\x00"  # a name as long as an address, that ends as one may
        self.assertEqual(read(datagram(record(OWN, 5, 300, four), record(four, 1, 300, A)))[0], ["10.0.0.7"])
        self.assertEqual(read(datagram(record(OWN, 1, 300, b"\x0a\x00\x00\x00")))[0], ["10.0.0.0"])

    def test_addresses_of_other_names_and_kinds_do_not_count(self):
        for raw in (
            datagram(), datagram(record(b"\x05other\x00", 1, 300, A)), datagram(record(OWN, 28, 300, bytes(16))),
            datagram(record(OWN, 1, 300, A[:3])), datagram(record(OWN, 1, 300, A + b"\x00")),
            datagram(record(OWN, 1, 300, bytes(4))), datagram(record(OWN, 1, 300, b"\xe0\x00\x00\x01")),
            datagram(record(OWN, 1, 300, b"\xff" * 4)), datagram(record(OWN, 5, 300, b"\x05other\x00")),
            datagram(record(OWN, 5, 300, OWN)), datagram(record(OWN, 5, 9, NAME), record(NAME, 5, 9, OWN)),
            datagram(record(OWN, 1, 300, A), flags=b"\x81\x83"), datagram(record(OWN, 1, 300, A), flags=b"\x81\x85"),
        ):  # fmt: skip
            with self.assertRaises(ValueError):
                read(raw)

    def test_pointers_lead_backwards_or_nowhere(self):
        at = len(ASKED)
        for owner in (
            bytes([0xC0, at]), bytes([0xC0, at + 1]), b"\xff\xff", b"\xc0\x00", b"\xc0\x02", b"\xc0", b"\x40a", b"\x80",
            bytes([1, 97, 0xC0, at]), bytes([0xC0, at + 2, 0xC0, at]),
        ):  # fmt: skip
            with self.assertRaises(ValueError):
                read(datagram(record(owner, 1, 300, A), count=1))

    def test_a_datagram_cut_anywhere_ends_soon(self):
        raw = datagram(record(OWN, 5, 100, b"\x05other\x00"), record(b"\x05other\x00", 1, 300, A))
        for cut in range(len(ASKED), len(raw)):
            with self.assertRaises(ValueError):
                read(raw[:cut])
        self.assertEqual(read(datagram(record(OWN, 1, 300, A), count=65_535))[0], ["10.0.0.7"])


@unittest.skipUnless(hasattr(asyncio, "run"), "the WebAssembly build has no event loop of its own")
class Resolving(unittest.TestCase):
    def setUp(self):
        self.board = NetworkBoard(".", 1_800_000_000)
        self.board.servers = ["10.0.0.1", "10.0.0.2"]
        self.resolver = Resolver(self.board, [])
        self.questions = []
        self.addresses = ["10.0.0.7", "10.0.0.8"]
        self.alive = True
        self.life_s = 300
        self.code = 0
        self.board.datagrams["10.0.0.1", 53] = self.server

    def server(self, raw):
        self.questions.append(raw)
        return [b"", raw, dns_answer(raw, self.addresses, self.life_s, self.code)] if self.alive else []

    def resolve(self, *hosts, after_s=0):
        found = []

        async def go():
            for host in hosts:
                try:
                    found.append(await self.resolver.resolve(host))
                except UnreachableError:
                    found.append(None)

        async def all_of_it():
            self.board.time.spawn(go())
            await self.board.time.run_until(self.board.time.now_us + 60_000_000)

        self.board.renew_time(after_s)
        asyncio.run(all_of_it())
        return found

    def test_an_answer_holds_for_its_life(self):
        self.assertEqual(self.resolve("relayer.example", "relayer.example", after_s=0), ["10.0.0.7"] * 2)
        self.assertEqual(len(self.questions), 1)
        self.addresses = ["10.0.0.9"]
        self.assertEqual(self.resolve("relayer.example", after_s=200), ["10.0.0.7"])
        self.assertEqual(self.resolve("relayer.example", after_s=100), ["10.0.0.9"])

    def test_each_question_has_another_number(self):
        self.life_s = 0
        self.resolve("relayer.example")
        self.resolve("relayer.example", after_s=61)
        self.assertNotEqual(self.questions[0][:2], self.questions[1][:2])

    def test_an_old_answer_is_served_for_a_week_while_nobody_answers(self):
        self.resolve("relayer.example")
        self.alive = False
        self.assertEqual(self.resolve("relayer.example", after_s=86_400), ["10.0.0.7"])
        self.assertEqual(self.resolve("relayer.example", after_s=7 * 86_400), [None])

    def test_another_server_is_asked_when_one_is_silent_or_fails(self):
        self.code = 2
        self.board.datagrams["10.0.0.2", 53] = lambda raw: [dns_answer(raw, ["10.0.0.5"])]
        self.assertEqual(self.resolve("relayer.example"), ["10.0.0.5"])

    def test_configured_servers_go_before_the_networks(self):
        self.resolver = Resolver(self.board, ["10.0.0.2"])
        self.board.datagrams["10.0.0.2", 53] = lambda raw: [dns_answer(raw, ["10.0.0.5"])]
        self.assertEqual(self.resolve("relayer.example"), ["10.0.0.5"])
        self.assertEqual(self.questions, [])

    def test_an_address_that_fails_gives_way_to_the_next(self):
        self.resolve("relayer.example")
        self.alive = False
        self.resolver.failed("relayer.example")
        self.assertEqual(self.resolve("relayer.example"), ["10.0.0.8"])
        self.resolver.failed("other.example")

    def test_an_address_that_fails_is_asked_for_anew(self):
        self.life_s = 86_400
        self.addresses = ["10.0.9.9"]  # a lie, for a day
        self.resolve("relayer.example")
        self.addresses = ["10.0.0.7"]
        self.assertEqual(self.resolve("relayer.example"), ["10.0.9.9"])
        self.resolver.failed("relayer.example")
        self.assertEqual(self.resolve("relayer.example"), ["10.0.0.7"])

    def test_what_is_an_address_or_has_no_server_is_itself(self):
        self.assertEqual(self.resolve("10.1.2.3"), ["10.1.2.3"])
        self.board.servers = []
        self.assertEqual(self.resolve("localhost"), ["localhost"])

    def test_names_without_end_do_not_fill_memory(self):
        self.resolve(*[f"host{i}.example" for i in range(30)])
        self.assertEqual(len(self.resolver._kept), 12)


if __name__ == "__main__":
    unittest.main()
