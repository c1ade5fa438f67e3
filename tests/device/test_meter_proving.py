# SPDX-License-Identifier: Apache-2.0
"""What a receipt makes the meter believe: terms, bands and positions that nobody else has to confirm, or nothing.

State and nodes are those of vectors/receipt.json; the header over them is sealed here.
"""

import asyncio
import json
import sys
import unittest
from binascii import hexlify, unhexlify

import scratch
from flash import Unreadable
from network_board import NetworkBoard

from electro_meter import heap
from electro_meter.life.config import Config
from electro_meter.life.keys import Signer
from electro_meter.uplink.clock import Clock
from electro_meter.uplink.exchange import Uplink
from electro_meter.uplink.proof.last import FILE, PROVE_MS, LastProof
from electro_meter.world import ConfigError
from electro_protocol import qbft
from electro_protocol.address import address_of, checksum
from electro_protocol.eip712 import Domain
from electro_protocol.header import MIX_HASH
from electro_protocol.keccak import keccak256
from electro_protocol.secp256k1 import public_key, sign

VECTOR = (__file__.rpartition("/")[0] or ".") + "/vectors/receipt.json"
STATE_ROOT, NUMBER, TIME, EXTRA_DATA, MIX = 3, 8, 11, 12, 13
KEYS = sorted([keccak256(b"validator %d" % i) for i in range(4)], key=lambda key: address_of(public_key(key)))
SET = [address_of(public_key(key)) for key in KEYS]
FIRST = 484  # the running interval of the block, an hour into the sixth day
S = 1_000_000


class Nothing:
    """A journal without records."""

    outage_version = 0

    def closed(self, agreement):
        return 0

    def fits(self, agreement):
        return True

    def outages(self, agreement):
        return []

    def outage(self, agreement, number):
        return None


class Chain:
    """The state of the vector, a relayer that tells what it likes, and receipts under headers of any seals."""

    def __init__(self):
        with open(VECTOR) as file:
            kept = json.load(file)
        self.told = kept["told"]
        self.contract = unhexlify(kept["contract"])
        self.fields = [unhexlify(field) for field in kept["header"]]
        self.fields[MIX] = MIX_HASH
        self.nodes = [unhexlify(node) for node in kept["nodes"]]
        self.codes = {
            checksum(unhexlify(account)): unhexlify(code) for account, code in kept["codes"].items()
        }
        self.number = int.from_bytes(self.fields[NUMBER], "big")
        self.time_s = int.from_bytes(self.fields[TIME], "big")
        self.signers = KEYS[:3]
        self.bands = (1, 700)  # what the relayer tells of each interval
        self.agreements = [self.agreement()]
        self.proof_status = 200
        self.spoil = None
        self.is_qbft = True

    def agreement(self, **changes):
        told = self.told
        one = {
            "agreement_id": told["id"],
            "state": "accepted",
            "place": 0,
            "start": told["start_s"],
            "terms": {"account": "0x" + told["account"], "code_hash": "0x" + told["code_hash"]},
            "next": {"latest": told["next"], "final": told["next"]},
            "next_outage": {"latest": told["next_outage"], "final": told["next_outage"]},
            "outage_open": told["outage_open"],
            "end": told["end"],
        }
        one.update(changes)
        return one

    @property
    def form(self):
        extra = b""
        if self.is_qbft:
            addresses = qbft.encode_list([qbft.encode(one) for one in SET])
            extra = qbft.encode_list([qbft.encode(bytes(32)), addresses, b"\xc0", b"\x80", b"\xc0"])
        fields = self.fields[:EXTRA_DATA] + [extra] + self.fields[EXTRA_DATA + 1 :]
        if not self.is_qbft:
            fields[MIX] = bytes(32)
        return qbft.encode_list([qbft.encode(field) for field in fields])

    def receipt(self):
        form = self.form
        seals = []
        for key in self.signers:
            signature = sign(keccak256(form), key)
            seals.append(qbft.hinted(signature[:64] + bytes([signature[64] - 27])))
        raw = bytearray(qbft.packed(form, seals, self.nodes))
        if self.spoil is not None:
            raw[self.spoil] ^= 1
        return bytes(raw)

    def relayer(self, method, path, body):
        if path.endswith("/proof"):
            return self.proof_status, self.receipt()
        if path.startswith("/v1/terms/"):
            return 200, self.codes[path[len("/v1/terms/") :]]
        least, most = self.bands
        for one in self.agreements:
            one["bounds"] = {"first_interval": FIRST, "min": [least] * 8, "max": [most] * 8}
        return 200, {"chain_id": 1337, "contract": checksum(self.contract), "agreements": self.agreements}

    def node(self, method, path, body):
        asked = json.loads(body)
        if asked["method"] == "eth_getBlockByNumber":
            hash_ = "0x" + hexlify(keccak256(self.form)).decode()
            return 200, {
                "id": 1,
                "result": {"hash": hash_} if asked["params"] == [hex(self.number), False] else None,
            }
        if asked["method"] == "eth_chainId":
            return 200, {"id": 1, "result": hex(1337)}
        return 200, {"id": 1, "error": {"code": 3, "message": "execution reverted"}}


@unittest.skipUnless(hasattr(asyncio, "run"), "the WebAssembly build has no event loop of its own")
class Proofs(unittest.TestCase):
    age_s = 30  # of the block, when the meter starts

    def setUp(self):
        self.folder = scratch.folder()
        self.addCleanup(scratch.remove, self.folder)
        self.chain = Chain()
        self.make()

    def make(self, age_s=None, **entries):
        age_s = self.age_s if age_s is None else age_s
        self.board = NetworkBoard(self.folder, self.chain.time_s + age_s)
        self.board.clock_is_true = True
        self.board.kept_us = self.board.true_us
        self.board.hosts["10.0.0.1"] = self.chain.relayer
        self.board.hosts["10.0.0.2"] = self.chain.node
        settings = {
            "chain_id": 1337,
            "contract": checksum(self.chain.contract),
            "hardware_id": "0x" + "11" * 32,
            "relayers": [{"url": "http://10.0.0.1", "by": "operator"}],
            "validators": [checksum(one) for one in reversed(SET)],
        }
        settings.update(entries)
        signer = Signer(keccak256(b"meter"), Domain(1337, self.chain.contract), self.board.log)
        self.uplink = Uplink(
            self.board, Config(settings), signer, Clock(self.board), Nothing(), self.board.signal()
        )
        return self.uplink

    def run_for(self, seconds):
        async def go():
            self.board.time.spawn(self.uplink.exchange_task())
            await self.board.time.run_until(self.board.true_us + seconds * S)

        asyncio.run(go())

    @property
    def one(self):
        (agreement,) = self.uplink.agreements.all
        return agreement

    def bounds(self, index=FIRST):
        return self.one.bounds(index, self.board.uptime_us())

    def proofs(self):
        return len([one for one in self.board.asked if one.endswith("/proof")])

    def assert_nothing_is_proved(self, word):
        self.assertFalse(self.one.pinned)
        self.assertEqual(self.bounds(), (1, 700, False))
        self.assertTrue(word in self.uplink.proved.why, self.uplink.proved.why)
        self.assertTrue(self.uplink.reached)  # it carries messages all the same


class Believed(Proofs):
    def test_one_source_does_whose_receipt_proves_terms_and_bands(self):
        self.run_for(60)
        self.assertEqual(self.uplink.proved.why, "")
        self.assertTrue(self.one.pinned)
        self.assertEqual(
            self.bounds(), (300, 1100, True)
        )  # those of the override, whatever the relayer tells
        self.assertEqual(self.one.proved.next_latest, self.chain.told["next"])
        self.assertEqual(self.one.proved.end, self.chain.told["end"])
        self.assertEqual((self.uplink.proved.number, self.uplink.proved.sealed), (self.chain.number, 3))
        self.assertEqual(self.proofs(), 1)

    def test_what_only_a_proof_needs_is_let_go_on_a_chip(self):
        heap.short = sys.implementation.name == "micropython"
        self.addCleanup(setattr, heap, "short", False)
        self.run_for(60)
        self.assertTrue(self.one.pinned)
        if sys.implementation.name == "micropython":
            self.assertFalse("electro_protocol.receipt" in sys.modules)
            self.assertFalse("electro_meter.uplink.proof.proving" in sys.modules)

    def test_it_is_proved_anew_before_an_hour_is_over(self):
        self.run_for(60)
        self.chain.fields[TIME] = (self.chain.time_s + 3_000).to_bytes(4, "big")
        self.chain.fields[NUMBER] = (self.chain.number + 1).to_bytes(1, "big")
        self.board.renew_time(PROVE_MS // 1000)
        self.run_for(3_600)
        self.assertTrue(self.proofs() > 1)
        self.assertEqual(self.uplink.proved.number, self.chain.number + 1)

    def test_a_header_older_than_an_hour_proves_terms_and_sheds_nothing(self):
        self.make(age_s=3_700)
        self.run_for(60)
        self.assertTrue(self.one.pinned)
        self.assertEqual(self.bounds(), (1, 700, False))

    def test_what_was_proved_sheds_no_more_when_its_header_is_an_hour_old(self):
        self.run_for(60)
        self.assertEqual(self.bounds(), (300, 1100, True))
        self.assertEqual(self.one.bounds(FIRST, self.board.uptime_us() + 3_600 * S), (1, 700, False))

    def test_the_time_of_a_proved_block_is_one_that_has_passed(self):
        self.run_for(60)
        self.assertEqual(self.uplink.clock.floor_s, self.chain.time_s)

    def test_an_agreement_that_the_chain_does_not_know_is_forgotten_if_it_was_told_before(self):
        false = self.chain.agreement(agreement_id=9)
        self.chain.agreements.append(false)
        self.chain.proof_status = 503
        self.run_for(60)
        self.assertEqual(sorted([one.id for one in self.uplink.agreements.all]), [1, 9])
        self.chain.proof_status = 200
        self.chain.agreements.remove(false)
        self.chain.fields[TIME] = (self.chain.time_s + 900).to_bytes(4, "big")
        self.board.renew_time(900)
        self.run_for(3_600)
        self.assertEqual([one.id for one in self.uplink.agreements.all], [1])

    def test_terms_that_nobody_told_before_are_fetched_and_hashed(self):
        self.chain.agreements = []
        self.run_for(60)
        self.assertTrue(self.one.pinned)
        self.assertEqual(self.one.interval_s, 900)
        self.assertEqual(self.bounds(), (300, 1100, True))

    def test_a_relayer_that_told_other_terms_is_contradicted(self):
        false = (
            b"\x00\x00\x01"
            + (900).to_bytes(4, "big")
            + (96).to_bytes(4, "big")
            + bytes([0, 0, 0, 1])
            + bytes(86)
        )
        account = "0x" + "33" * 20
        self.chain.codes[checksum(unhexlify(account[2:]))] = false
        code_hash = "0x" + hexlify(keccak256(false)).decode()
        self.chain.agreements = [self.chain.agreement(terms={"account": account, "code_hash": code_hash})]
        self.run_for(60)
        self.assertEqual(self.one.code_hash, unhexlify(self.chain.told["code_hash"]))
        self.assertTrue(self.one.pinned)


class Disbelieved(Proofs):
    def test_a_spoiled_receipt(self):
        self.chain.spoil = 400
        self.run_for(60)
        self.assert_nothing_is_proved("seal")

    def test_too_few_seals(self):
        self.chain.signers = KEYS[:2]
        self.run_for(60)
        self.assert_nothing_is_proved("seals")

    def test_other_validators_than_the_pinned_ones(self):
        self.make(validators=[checksum(one) for one in SET[:3]])
        self.run_for(60)
        self.assert_nothing_is_proved("pinned")

    def test_a_relayer_without_receipts(self):
        self.chain.proof_status = 503
        self.run_for(60)
        self.assert_nothing_is_proved("503")
        self.assertEqual(self.proofs(), 1)  # it is not asked again and again

    def test_a_code_with_another_hash_than_is_proved(self):
        for account in self.chain.codes:
            if account != checksum(unhexlify(self.chain.told["account"])):
                self.chain.codes[account] = self.chain.codes[account][:-1] + b"\xff"
        self.run_for(60)
        self.assert_nothing_is_proved("proved hash")

    def test_an_older_block_after_a_restart_too(self):
        self.run_for(60)
        kept = LastProof(self.folder)
        self.assertEqual((kept.number, kept.time_s), (self.chain.number, self.chain.time_s))
        kept.note(self.chain.number + 1, self.chain.time_s, kept.code_hash, 3)
        self.make()
        self.run_for(60)
        self.assertTrue("older" in self.uplink.proved.why, self.uplink.proved.why)

    def test_while_the_flash_can_not_tell_what_was_proved_last(self):
        LastProof(self.folder).note(0, 0, keccak256(b"the code on the meter's own chain"), 3)
        with Unreadable(f"{self.folder}/{FILE}"):
            self.make()
            self.run_for(60)
            self.assert_nothing_is_proved("Errno")

    def test_once_the_flash_can_tell_it_again(self):
        LastProof(self.folder).note(0, 0, keccak256(b"the code on the meter's own chain"), 3)
        with Unreadable(f"{self.folder}/{FILE}"):
            self.make()
        self.run_for(60)
        self.assert_nothing_is_proved("another chain's")

    def test_another_chain_of_the_same_validators_with_a_contract_at_the_same_address(self):
        """Whose code is another, as the chain's number is in it."""
        LastProof(self.folder).note(0, 0, keccak256(b"the code on the meter's own chain"), 3)
        self.make()
        self.run_for(60)
        self.assert_nothing_is_proved("another chain's")

    def test_a_header_of_another_time_than_ours_sheds_nothing(self):
        self.make(age_s=-120)  # sealed for a time that is two minutes ahead
        self.run_for(60)
        self.assertTrue(self.one.pinned)
        self.assertEqual(self.bounds(), (1, 700, False))

    def test_a_relayer_that_repeats_an_old_receipt_does_not_keep_the_others_from_proving(self):
        """Nor one that proves nothing: the next turn is another one's."""
        for first in (self.old_receipt, lambda method, path, body: (503, {})):
            self.chain = Chain()
            relayers = [{"url": "http://10.0.0." + one, "by": "operator"} for one in ("1", "3")]
            self.make(relayers=relayers)
            self.old = self.chain.receipt()
            self.board.hosts["10.0.0.1"] = lambda *asked, first=first: (
                first(*asked) if asked[1].endswith("/proof") else self.chain.relayer(*asked)
            )
            self.board.hosts["10.0.0.3"] = self.chain.relayer
            self.run_for(60)
            for hour in range(1, 4):
                self.chain.fields[NUMBER] = bytes([self.chain.number + hour])
                self.chain.fields[TIME] = (self.chain.time_s + 3_600 * hour).to_bytes(4, "big")
                self.board.renew_time(3_600)
                self.run_for(3_600)
            self.assertTrue(self.uplink.proved.number >= self.chain.number + 2, self.uplink.proved.number)
            self.folder = scratch.folder()  # whose name another process may have had before
            self.addCleanup(scratch.remove, self.folder)

    def old_receipt(self, method, path, body):
        return 200, self.old

    def test_a_damaged_file_of_the_last_proof_is_none(self):
        for text in (
            "", "[", "[1]", "{}", '["a", 1, "00"]', "[1, 5]", "[-1, 5, " + '"' + "0" * 64 + '"]', '[1, 5, "00"]',
            "[1, 5, 7]", "[1, " + "9" * 50 + ', ""]', "null",
        ):  # fmt: skip
            with open(self.folder + "/proved.json", "w") as file:
                file.write(text)
            self.assertEqual(LastProof(self.folder).number, 0)


class WithoutSeals(Proofs):
    def setUp(self):
        Proofs.setUp(self)
        self.chain.is_qbft = False
        self.chain.signers = []

    def ask(self, by):
        self.make(validators=[], receipts=1, nodes=[{"url": "http://10.0.0.2", "by": by}])
        self.run_for(60)

    def test_a_node_by_another_one_that_tells_the_same_header_makes_it_a_proof(self):
        self.ask("consumer")
        self.assertEqual(self.uplink.proved.why, "")
        self.assertEqual(self.bounds(), (300, 1100, True))
        self.assertEqual(self.uplink.proved.sealed, 0)

    def test_a_node_by_the_same_one_does_not(self):
        self.ask("operator")
        self.assert_nothing_is_proved("another one")

    def test_nor_one_that_may_be_the_relayer_itself(self):
        def both(method, path, body):
            return (self.chain.node if method == "POST" else self.chain.relayer)(method, path, body)

        for relayer, node, apart in (
            ("one.example", "two.example", True),
            ("one.example", "one.example", False),
            ("one.example", "10.0.0.1", False),
            ("10.0.0.1", "one.example", False),
        ):
            self.make(
                validators=[], receipts=1, relayers=[{"url": "http://" + relayer, "by": "operator"}],
                nodes=[{"url": "http://" + node + "/node", "by": "consumer"}],
            )  # fmt: skip
            self.board.resolve({"one.example": "10.0.0.1", "two.example": "10.0.0.2"})
            self.board.hosts["10.0.0.1"] = both
            self.run_for(60)
            self.assertEqual(self.one.pinned, apart, (relayer, node, self.uplink.proved.why))

    def test_nor_one_that_tells_another_header(self):
        honest = self.chain.node

        def other(method, path, body):
            status, told = honest(method, path, body)
            if "hash" in str(told):
                told["result"]["hash"] = "0x" + "77" * 32
            return status, told

        self.chain.node = other
        self.ask("consumer")
        self.assert_nothing_is_proved("another block")


class Configured(Proofs):
    def test_validators_are_few_and_different_and_none_without_a_word(self):
        self.assertEqual(self.make(validators=[]).proved, None)
        many = [checksum(bytes(19) + bytes([i])) for i in range(17)]
        for wrong in ("0x12", [1], ["0x12"], [checksum(SET[0])] * 2, many):
            with self.assertRaises(ConfigError):
                self.make(validators=wrong)


if __name__ == "__main__":
    unittest.main()
