# SPDX-License-Identifier: Apache-2.0
"""Sealed readings and bands against foreign vectors; what opens, what does not, and what is judged."""

import json
import unittest
from binascii import unhexlify

from electro_protocol import judging, sealing
from electro_protocol.delivery import DeliveryError, unwrap, wrap
from electro_protocol.messages import MessageError, SealedReport
from electro_protocol.readings import pack

VECTORS = (__file__.rpartition("/")[0] or ".") + "/vectors/sealed.json"
KEY = bytes(range(32))
OTHER = bytes(range(1, 33))
DOMAIN = bytes(range(32, 64))
METER = bytes(range(20))


def rows(kind):
    """The vectors of a kind, one at a time, bytes as bytes."""
    with open(VECTORS) as file:
        for line in file:
            if line[0] != "{":
                continue
            row = json.loads(line.rstrip().rstrip(","))
            if row["kind"] == kind:
                yield {
                    name: unhexlify(value[2:]) if isinstance(value, str) and value[:2] == "0x" else value
                    for name, value in row.items()
                }


def about_of(row):
    return sealing.report(
        row["separator"],
        row["device"],
        row["agreementId"],
        row["firstInterval"],
        row["schedule"],
        len(row["readings"]) // 2,
    )


def about(agreement_id=1, first=0, schedule=bytes(16), intervals=3, separator=DOMAIN, device=METER):
    return sealing.report(separator, device, agreement_id, first, schedule, intervals)


class Chance:
    """The same numbers on both Pythons (java.util.Random)."""

    def __init__(self, seed):
        self.state = seed

    def below(self, count):
        self.state = (self.state * 25214903917 + 11) & 0xFFFFFFFFFFFF
        return (self.state >> 17) % count


class Vectors(unittest.TestCase):
    def test_a_key_has_its_hash(self):
        for row in rows("key"):
            self.assertEqual(sealing.key_hash(row["key"]), row["hash"])

    def test_bands_are_sealed_and_opened(self):
        count = 0
        for row in rows("bands"):
            key, bands = row["key"], row["bands"]
            self.assertEqual(sealing.seal_bands(key, bands), (row["nonce"], row["sealed"]))
            self.assertEqual(sealing.open_bands(key, row["nonce"], row["sealed"]), bands)
            self.assertEqual(sealing.bands_seed(key, bands), row["seed"])
            self.assertTrue(sealing.are_bands_of(row["nonce"], bands, row["seed"]))
            self.assertFalse(sealing.are_bands_of(row["nonce"], bands[:-1] + b"\x7f", row["seed"]))
            count += 1
        self.assertEqual(count, 3)

    def test_bands_of_a_pass_are_sealed_about_it_and_open_for_no_other(self):
        count = 0
        for row in rows("pass"):
            key, bands, nonce = row["key"], row["bands"], row["nonce"]
            number, place, pass_ = row["agreementId"], row["place"], row["pass"]
            whose = sealing.of_pass(number, place, pass_)
            self.assertEqual(sealing.seal_bands(key, bands, whose), (nonce, row["sealed"]))
            self.assertEqual(sealing.open_bands(key, nonce, row["sealed"], whose), bands)
            self.assertEqual(sealing.bands_seed(key, bands, whose), row["seed"])
            self.assertTrue(sealing.are_bands_of(nonce, bands, row["seed"], whose))
            for other in (
                sealing.AGREED,
                sealing.of_pass(number - 1, place, pass_),
                sealing.of_pass(number, place ^ 1, pass_),
                sealing.of_pass(number, place, pass_ ^ 1),
            ):
                self.assertRaises(sealing.SealError, sealing.open_bands, key, nonce, row["sealed"], other)
                self.assertFalse(sealing.are_bands_of(nonce, bands, row["seed"], other))
            count += 1
        self.assertEqual(count, 3)

    def test_reports_are_sealed_opened_and_disclosed(self):
        count = 0
        for row in rows("report"):
            topic, key, words = about_of(row), row["key"], row["deviations"]
            made = sealing.seal_report(key, topic, row["register"], row["readings"], words)
            self.assertEqual(made, row["sealed"])
            opened = sealing.open_report(key, topic, made, words)
            self.assertEqual(opened, (row["register"], row["readings"]))
            seed, shown = sealing.disclose(key, topic, made, words)
            self.assertEqual((seed, shown), (row["seed"], row["shown"]))
            self.assertEqual(sealing.open_disclosed(seed, shown, topic, made, words), opened)
            count += 1
        self.assertEqual(count, 3)

    def test_a_key_reaches_the_meter_that_it_was_wrapped_for(self):
        for row in rows("delivery"):
            self.assertEqual(wrap(row["key"], row["publicKey"], row["ephemeral"]), row["wrapped"])
            self.assertEqual(unwrap(row["wrapped"], row["privateKey"]), row["key"])
            self.assertNotEqual(unwrap(row["wrapped"], bytes(31) + b"\x09"), row["key"])


class Delivery(unittest.TestCase):
    def test_what_is_no_wrapped_key_is_refused(self):
        for row in rows("delivery"):
            good = row["wrapped"]
        no_point = b"\x02" + bytes(31) + b"\x05" + good[33:]
        beyond = b"\x02" + b"\xff" * 32 + good[33:]
        for bad in (b"", good[:-1], good + b"\0", b"\x04" + good[1:], no_point, beyond):
            with self.assertRaises(DeliveryError):
                unwrap(bad, bytes(31) + b"\x01")
        with self.assertRaises(DeliveryError):
            wrap(KEY, bytes(64), bytes(31) + b"\x01")
        with self.assertRaises(DeliveryError):
            wrap(KEY[:31], row["publicKey"], bytes(31) + b"\x01")


class Reports(unittest.TestCase):
    def setUp(self):
        self.readings = pack([5, 0x8001, 0xFFFF])
        self.sealed = sealing.seal_report(KEY, about(), 77, self.readings, b"\x30\x02\x00\x00")

    def test_nothing_else_opens(self):
        words = b"\x30\x02\x00\x00"
        self.assertEqual(sealing.open_report(KEY, about(), self.sealed, words), (77, self.readings))
        topics = (
            about(agreement_id=2),
            about(first=1),
            about(schedule=b"\x01" + bytes(15)),
            about(intervals=4),
            about(separator=bytes(32)),
            about(device=bytes(20)),
        )
        for topic in topics:
            with self.assertRaises(sealing.SealError):
                sealing.open_report(KEY, topic, self.sealed, words)
        for bad_words in (b"", b"\x30\x01\x00\x00"):
            with self.assertRaises(sealing.SealError):
                sealing.open_report(KEY, about(), self.sealed, bad_words)
        with self.assertRaises(sealing.SealError):
            sealing.open_report(OTHER, about(), self.sealed, words)
        for at in range(len(self.sealed)):
            spoiled = bytearray(self.sealed)
            spoiled[at] ^= 1 << at % 8
            with self.assertRaises(sealing.SealError):
                sealing.open_report(KEY, about(), bytes(spoiled), words)
        for length in (0, 1, 24, 25, 27):
            with self.assertRaises(sealing.SealError):
                sealing.open_report(KEY, about(), bytes(length), words)

    def test_two_versions_of_an_interval_share_no_keystream(self):
        """A record that was lost, and is signed again as no data, must not show the reading that it was."""
        again = sealing.seal_report(
            KEY, about(), 77, pack([5, 0xFFFF, 0xFFFF]), b"\x30\x01\x00\x00\x30\x02\x00\x00"
        )
        self.assertNotEqual(again[:16], self.sealed[:16])
        first = [a ^ b for a, b in zip(again[16:24], self.sealed[16:24])]  # noqa: B905 - MicroPython
        self.assertNotEqual(bytes(first), bytes(8))  # the registers are equal: one keystream would show it

    def test_a_disclosure_of_one_report_opens_no_other(self):
        words = b"\x30\x02\x00\x00"
        seed, shown = sealing.disclose(KEY, about(), self.sealed, words)
        other = sealing.seal_report(KEY, about(first=3), 80, self.readings, words)
        with self.assertRaises(sealing.SealError):
            sealing.open_disclosed(seed, shown, about(first=3), other, words)
        with self.assertRaises(sealing.SealError):
            sealing.open_disclosed(seed, bytes(32), about(), self.sealed, words)
        with self.assertRaises(sealing.SealError):
            sealing.open_disclosed(bytes(32), shown, about(), self.sealed, words)
        with self.assertRaises(sealing.SealError):
            sealing.disclose(OTHER, about(), self.sealed, words)


class Bands(unittest.TestCase):
    def test_bands_that_were_changed_or_of_another_key_do_not_open(self):
        bands = pack([1, 2, 10, 20])
        nonce, sealed = sealing.seal_bands(KEY, bands)
        self.assertEqual(sealing.open_bands(KEY, nonce, sealed), bands)
        with self.assertRaises(sealing.SealError):
            sealing.open_bands(OTHER, nonce, sealed)
        with self.assertRaises(sealing.SealError):
            sealing.open_bands(KEY, bytes(16), sealed)
        for bad in (b"", sealed[:-1], sealed[:-4], sealed[:-1] + bytes([sealed[-1] ^ 1])):
            with self.assertRaises(sealing.SealError):
                sealing.open_bands(KEY, nonce, bad)

    def test_unsound_bands_do_not_open_though_the_key_fits(self):
        for bands in (pack([2, 1]), pack([0, 0x8000])):
            nonce, sealed = sealing.seal_bands(KEY, bands)
            with self.assertRaises(sealing.SealError):
                sealing.open_bands(KEY, nonce, sealed)


def plainly(lane, least, greatest):
    """What the words of the agreement say of a reading, by other means than judge."""
    if lane == 0xFFFF:
        return judging.UNKNOWN, 0
    used = lane % 0x8000
    if lane > 0x7FFF:
        return judging.CUT_OFF, used - greatest if used > greatest else 0
    if least <= used <= greatest:
        return None
    return (judging.OVER, used - greatest) if used > greatest else (judging.UNDER, least - used)


class Judging(unittest.TestCase):
    EDGES = (0, 1, 2, 99, 100, 101, 0x7FFE, 0x7FFF)

    def test_every_lane_at_the_edges(self):
        lanes = self.EDGES + tuple([0x8000 + edge for edge in self.EDGES])
        for least in self.EDGES:
            for greatest in self.EDGES:
                if least <= greatest:
                    for lane in lanes:
                        self.assertEqual(judging.judge(lane, least, greatest), plainly(lane, least, greatest))

    def test_random_words(self):
        chance = Chance(18)
        for _ in range(200):
            slots = 1 + chance.below(40)
            least = [chance.below(0x8000) for _ in range(slots)]
            greatest = [each + chance.below(0x8000 - each) for each in least]
            lanes = [chance.below(0x10000) for _ in range(slots)]
            slot = chance.below(slots)
            lanes = lanes[slot:]
            words = judging.deviations(pack(lanes), pack(least + greatest), slot)
            told = {offset: (kind, units) for offset, kind, units in judging.read(words, len(lanes))}
            for offset, lane in enumerate(lanes):
                expected = plainly(lane, least[slot + offset], greatest[slot + offset])
                self.assertEqual(told.get(offset), expected)

    def test_what_no_meter_may_tell(self):
        good = "00000001100100022002000030030000"
        self.assertEqual(judging.read(unhexlify(good), 4), [(0, 0, 1), (1, 1, 2), (2, 2, 0), (3, 3, 0)])
        bad = (
            "000000",  # cut off
            "00040001",  # beyond the report
            "0fff0001",
            "0001000100010001",  # twice
            "0001000100000001",  # backwards
            "00000000",  # over by nothing
            "10000000",
            "00008000",  # by more than a reading can say
            "10008000",
            "20007fff",
            "30000001",  # no data, and units
            "40000001",  # no kind
            "f0000000",
        )
        for words in bad:
            with self.assertRaises(judging.DeviationError):
                judging.read(unhexlify(words), 4)
            with self.assertRaises(MessageError):
                SealedReport(1, 0, bytes(16), 0, bytes(32), unhexlify(words))
        for length in (0, 24, 25, 27, 1370):
            with self.assertRaises(MessageError):
                SealedReport(1, 0, bytes(16), 0, bytes(length), b"")


if __name__ == "__main__":
    unittest.main()
