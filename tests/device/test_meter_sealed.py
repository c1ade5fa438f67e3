# SPDX-License-Identifier: Apache-2.0
"""A meter in a sealed agreement: it takes the key by its hash, judges, seals, and without the key reports nothing."""

import os
import unittest

import scratch
from accounts import Accounts, Terms
from flash import Unreadable, unreadable
from sealed_terms import BANDS, SLOTS, VIEWING, code

from electro_meter.account import sealing as account_sealing
from electro_meter.account.sealing import (
    BROUGHT_FILE,
    MOST_KEYS,
    Sealing,
    brought_in,
    keep,
    keep_brought,
    keys_in,
)
from electro_meter.life.keys import load_signer
from electro_meter.uplink.agreement import Agreement
from electro_meter.uplink.bringing import bring
from electro_meter.uplink.errors import SourceError
from electro_meter.uplink.passes import Said
from electro_meter.uplink.sources import seal_of, terms
from electro_meter.viewing import take
from electro_meter.world import KEYS_FILE, Board, SetupError
from electro_protocol import judging, sealing, secp256k1
from electro_protocol.delivery import wrap
from electro_protocol.eip712 import Domain
from electro_protocol.keccak import keccak256
from electro_protocol.readings import NO_DATA, pack, unpack
from electro_protocol.sealed import SealedReport
from electro_protocol.signed import SignedMessage

OTHER = bytes(32)
SEPARATOR = bytes(range(32))
METER = bytes(range(20))


class Hand:
    """A source, as far as it matters who runs it."""

    def __init__(self, by):
        self.by = by


class SealedTerms(Terms):
    def __init__(self, raw=None):
        Terms.__init__(self)
        raw = raw or code()
        self.seal = seal_of(raw)
        self.opened = b""
        self.passes = None
        self.code_hash = keccak256(raw)
        self.pinned = True

    open = Agreement.open


class Codes(unittest.TestCase):
    def test_the_seal_stands_behind_the_numbers(self):
        raw = code(points=3)
        self.assertEqual(terms(raw), (SLOTS, 900, 96, 10))
        seal = seal_of(raw)
        self.assertEqual(seal[:32], sealing.key_hash(VIEWING))
        self.assertEqual(sealing.open_bands(VIEWING, seal[32:48], seal[48:]), BANDS)

    def test_plain_terms_have_none(self):
        raw = bytearray(code())
        raw[8] = 0
        self.assertEqual(seal_of(raw), b"")

    def test_code_of_another_length_is_refused(self):
        for wrong in (code(tail=b"\0"), code()[:-1], code(points=2)[:-20]):
            terms(wrong)
            with self.assertRaises(SourceError):
                seal_of(wrong)

    def test_an_agreement_tells_its_own_bounds_once_they_are_open(self):
        raw = code()
        one = Agreement(7, 0, keccak256(raw), terms(raw) + (seal_of(raw),))
        self.assertIsNone(one.bounds(5, 0))
        one.open(BANDS, None)
        self.assertEqual(one.bounds(SLOTS + 5, 0), (100, 800, False))


class Keys(unittest.TestCase):
    def setUp(self):
        self.folder = scratch.folder()
        self.addCleanup(scratch.remove, self.folder)

    def test_keys_are_kept_and_the_oldest_goes(self):
        self.assertEqual(keys_in(self.folder), [])
        made = [bytes([k]) * 32 for k in range(MOST_KEYS + 1)]
        for key in made:
            keep(self.folder, key)
        self.assertEqual(keys_in(self.folder), made[1:])
        keep(self.folder, made[1])
        self.assertEqual(keys_in(self.folder), made[2:] + made[1:2])

    def test_only_the_key_with_the_hash_opens(self):
        agreement = SealedTerms()
        keep(self.folder, OTHER)
        self.assertFalse(Sealing(self.folder, SEPARATOR, METER).opens(agreement))
        keep(self.folder, VIEWING)
        self.assertTrue(Sealing(self.folder, SEPARATOR, METER).opens(agreement))
        self.assertEqual(agreement.opened, BANDS)

    def test_a_flash_that_can_not_be_written_keeps_no_agreement_closed(self):
        keep_brought(self.folder, VIEWING)
        os.mkdir(self.folder + "/" + KEYS_FILE + ".new")
        try:
            sealing_, agreement = Sealing(self.folder, SEPARATOR, METER), SealedTerms()
            self.assertTrue(sealing_.opens(agreement))
            self.assertEqual(keys_in(self.folder), [])
        finally:
            os.rmdir(self.folder + "/" + KEYS_FILE + ".new")
        self.assertTrue(sealing_.opens(agreement))
        self.assertEqual(keys_in(self.folder), [VIEWING])

    def test_a_key_that_can_not_be_read_now_is_found_once_it_can(self):
        keep(self.folder, VIEWING)
        sealing_, agreement = Sealing(self.folder, SEPARATOR, METER), SealedTerms()
        with Unreadable(f"{self.folder}/{KEYS_FILE}"):
            self.assertFalse(sealing_.opens(agreement))
        self.assertTrue(sealing_.opens(agreement))

    def test_one_that_was_read_is_known_whatever_the_flash_says_later(self):
        keep(self.folder, VIEWING)
        sealing_, agreement = Sealing(self.folder, SEPARATOR, METER), SealedTerms()
        self.assertTrue(sealing_.opens(agreement))
        with Unreadable(f"{self.folder}/{KEYS_FILE}"):
            sealing_.forget()  # another one came
            self.assertTrue(sealing_.opens(agreement))
            self.assertTrue(sealing_.opens(SealedTerms()))

    def test_none_is_lost_to_another_that_comes_while_they_can_not_be_read(self):
        def blind(path, mode):
            if mode == "rb":
                unreadable()
            return open(path, mode)

        for take_in, kept, name in ((keep, keys_in, KEYS_FILE), (keep_brought, brought_in, BROUGHT_FILE)):
            take_in(self.folder, VIEWING)
            account_sealing.open = blind
            try:
                with self.assertRaises(OSError):
                    take_in(self.folder, OTHER)
            finally:
                del account_sealing.open
            self.assertEqual(kept(self.folder), [VIEWING])
            os.remove(f"{self.folder}/{name}")

    def test_the_key_of_an_agreement_that_was_opened_before_it_was_confirmed_is_kept_too(self):
        keep_brought(self.folder, VIEWING)
        sealing_, agreement = Sealing(self.folder, SEPARATOR, METER), SealedTerms()
        agreement.pinned = False
        self.assertTrue(sealing_.opens(agreement))
        self.assertEqual(keys_in(self.folder), [])
        agreement.pinned = True
        self.assertTrue(sealing_.opens(agreement))
        self.assertEqual(keys_in(self.folder), [VIEWING])

    def test_bands_that_were_garbled_are_not_judged_by(self):
        raw = bytearray(code())
        raw[100] ^= 1
        keep(self.folder, VIEWING)
        self.assertFalse(Sealing(self.folder, SEPARATOR, METER).opens(SealedTerms(raw)))

    def test_a_key_over_the_serial_line_is_answered_with_the_meter_s_word(self):
        board = Kept(self.folder)
        domain = Domain(1337, b"\xab" * 20)
        answer = take(board, "0x" + "".join(["%02x" % one for one in VIEWING]), domain)
        signed = SignedMessage.from_json(answer["ready"])
        self.assertEqual(signed.message.viewing_key_hash, sealing.key_hash(VIEWING))
        self.assertEqual(keys_in(self.folder), [VIEWING])
        for wrong in (None, 5, "", "0x", "0x" + "00" * 31, "0x" + "00" * 33, "zz", "0x" + "00" * 65):
            with self.assertRaises(SetupError):
                take(board, wrong, domain)
        self.assertEqual(keys_in(self.folder), [VIEWING])

    def test_a_key_wrapped_for_this_meter_is_unwrapped_and_for_another_it_is_another_key(self):
        board = Kept(self.folder)
        domain = Domain(1337, b"\xab" * 20)
        own = secp256k1.public_key(board.load_key())
        for public_key, same in ((own, True), (secp256k1.public_key(bytes(31) + b"\x06"), False)):
            wrapped = wrap(VIEWING, public_key, bytes(31) + b"\x09")
            answer = take(board, "0x" + "".join(["%02x" % one for one in wrapped]), domain)
            said = SignedMessage.from_json(answer["ready"]).message.viewing_key_hash
            self.assertEqual(
                said == sealing.key_hash(VIEWING), same
            )  # whose hash the terms don't have is of no use
        self.assertEqual(keys_in(self.folder)[0], VIEWING)


class Bringing(unittest.TestCase):
    """Keys that a relayer has for this meter."""

    def setUp(self):
        import asyncio

        if not hasattr(asyncio, "run"):
            raise unittest.SkipTest("the WebAssembly build has no event loop of its own")
        self.folder = scratch.folder()
        self.addCleanup(scratch.remove, self.folder)
        self.board = Kept(self.folder)
        self.domain = Domain(1337, b"\xab" * 20)
        self.signer = load_signer(self.board, self.domain)
        self.sealing = Sealing(self.folder, SEPARATOR, METER)

    def forget_keys(self):
        """What bring tells the reports."""
        self.sealing.forget()

    def bring(self, *keys, more=()):
        import asyncio

        public_key = secp256k1.public_key(self.board.load_key())
        texts = [
            "0x" + "".join(["%02x" % one for one in wrap(key, public_key, bytes(31) + b"\x09")])
            for key in keys
        ]
        client = Offering(texts + list(more))
        asyncio.run(bring(self.board, client, "http://r", self.signer, self))
        return client.words

    def test_the_meter_takes_them_and_gives_its_word(self):
        agreement = SealedTerms()
        self.assertFalse(self.sealing.opens(agreement))
        (word,) = self.bring(VIEWING)
        signed = SignedMessage.from_json(word)
        self.assertEqual(signed.message.viewing_key_hash, sealing.key_hash(VIEWING))
        self.assertEqual(signed.signer(self.domain), self.signer.address)
        self.assertTrue(self.sealing.opens(agreement))

    def test_what_anyone_brings_pushes_out_no_key_that_is_used(self):
        made = [bytes([k]) * 32 for k in range(1, 7)]
        keep(self.folder, made[0])
        self.bring(VIEWING)
        candidate = SealedTerms()
        candidate.pinned = False
        self.assertTrue(self.sealing.opens(candidate))
        self.assertEqual(keys_in(self.folder), [made[0]])  # nobody has confirmed it yet
        self.assertTrue(self.sealing.opens(SealedTerms()))
        self.assertEqual(keys_in(self.folder), [made[0], VIEWING])
        for key in made:
            self.bring(key)
        self.assertEqual(keys_in(self.folder), [made[0], VIEWING])
        self.assertEqual(brought_in(self.folder), made[-2:])
        self.assertTrue(Sealing(self.folder, SEPARATOR, METER).opens(SealedTerms()))

    def test_what_is_no_key_is_refused_and_two_are_taken_at_most(self):
        for bad in (5, None, "0x", "0x" + "00" * 65, "0x02" + "ff" * 64):
            try:
                self.bring(more=(bad,))
            except (SourceError, ValueError):
                continue
            self.fail("it was taken")
        self.assertEqual(brought_in(self.folder), [])
        self.assertEqual(len(self.bring(*[bytes([k]) * 32 for k in range(1, 5)])), 2)


class Offering:
    """A relayer's answers, and what it was posted."""

    def __init__(self, wrapped):
        self.wrapped = wrapped
        self.words = []

    async def request(self, method, url, body=None):
        assert url.startswith("http://r/v1/viewing-keys/0x")
        if method == "POST":
            self.words.append(body)
        return Answered(202 if method == "POST" else 200, {"wrapped": self.wrapped})


class Answered:
    def __init__(self, status, content):
        self.status = status
        self.content = content

    def json(self):
        return self.content


class Kept(Board):
    """A chip that was provisioned."""

    def __init__(self, directory):
        self.directory = directory

    def load_key(self):
        return bytes(31) + b"\x05"

    def log(self, sentence):
        raise AssertionError(sentence)

    async def sleep_ms(self, ms):
        pass


class Reporting(Accounts):
    def setUp(self):
        Accounts.setUp(self)
        self.reports.sealed_as = self.folder, SEPARATOR, METER

    def build(self, agreement):
        import asyncio

        if not hasattr(asyncio, "run"):
            raise unittest.SkipTest("the WebAssembly build has no event loop of its own")
        end = self.reports.closed(agreement)
        for url, by in (("http://one", "operator"), ("http://two", "consumer")):
            agreement.passes.tell(0, url, Said(Hand(by), agreement.code_hash, 0, True))
        return asyncio.run(self.reports.build(agreement, 0, end, "http://one"))

    def opened(self, report):
        about = sealing.report(SEPARATOR, METER, 7, report.first_interval, report.schedule, report.intervals)
        return sealing.open_report(VIEWING, about, report.sealed, report.deviations)

    def test_without_the_key_it_reports_nothing_and_with_it_everything(self):
        self.run_steady(4 * 900 + 10, 36_000, 2_000)
        agreement = SealedTerms()
        self.assertEqual(self.reports.closed(agreement), 0)
        self.assertFalse(self.reports.opens(agreement))
        keep(self.folder, VIEWING)
        self.make()
        self.reports.sealed_as = self.folder, SEPARATOR, METER
        self.assertEqual(self.reports.closed(agreement), 4)
        report = self.build(agreement)
        self.assertTrue(isinstance(report, SealedReport))
        self.assertEqual(self.opened(report), (36_000 * (4 * 900) // 3_600, pack([900] * 4)))
        told = judging.read(report.deviations, 4)
        self.assertEqual(told, [(k, judging.OVER, 100) for k in range(4)])

    def test_a_record_that_is_lost_and_told_again_without_data_shares_no_keystream(self):
        keep(self.folder, VIEWING)
        self.run_steady(2 * 900 + 10, 20_000, 2_000)
        first = self.build(SealedTerms())
        number = self.ring.find(self.account.open_s() // self.base_s - 3)
        self.ring.read = _losing(self.ring.read, number)
        again = self.build(SealedTerms())
        one, two = self.opened(first)[1], self.opened(again)[1]
        self.assertEqual(unpack(one), [500, 500])
        self.assertIn(NO_DATA, unpack(two))
        self.assertNotEqual(first.sealed[:16], again.sealed[:16])
        width = min(len(one), len(two))
        hidden = [first.sealed[24 + k] ^ again.sealed[24 + k] for k in range(width)]
        self.assertNotEqual(hidden, [one[k] ^ two[k] for k in range(width)])

    def test_others_are_told_as_ever(self):
        self.run_steady(900 + 10, 20_000, 2_000)
        self.assertEqual(self.lanes(Terms()), [500])

    def test_what_one_source_alone_tells_is_told_nothing_by_who_holds_a_key(self):
        """Else an agreement that was invented, in the open or with another unit, would show what is sealed."""
        self.run_steady(900 + 10, 20_000, 2_000)
        invented, moved = Terms(unit_wh=1, number=8), SealedTerms()
        moved.pinned, moved.unit_wh = False, 1
        self.assertEqual((self.reports.closed(invented), self.reports.may_tell(moved)), (1, False))
        keep(self.folder, VIEWING)
        self.make()
        self.reports.sealed_as = self.folder, SEPARATOR, METER
        self.assertEqual((self.reports.closed(invented), self.reports.closed(moved)), (0, 0))
        os.remove(self.folder + "/" + KEYS_FILE)
        keep_brought(self.folder, VIEWING)
        self.make()
        self.reports.sealed_as = self.folder, SEPARATOR, METER
        self.assertEqual((self.reports.closed(invented), self.reports.closed(SealedTerms())), (1, 1))
        self.assertEqual(
            self.reports.closed(invented), 0
        )  # from the first sealed agreement that is confirmed on
        keep(self.folder, VIEWING)
        self.make()
        self.reports.sealed_as = f"{self.folder}/{KEYS_FILE}", SEPARATOR, METER  # where nothing can be read
        self.assertEqual(self.reports.closed(invented), 0)
        self.reports.sealed_as = self.folder, SEPARATOR, METER
        invented.pinned = moved.pinned = True
        self.assertEqual((self.reports.closed(invented), self.reports.closed(moved)), (1, 1))


def _losing(read, lost):
    return lambda at: None if at == lost else read(at)


if __name__ == "__main__":
    unittest.main()
