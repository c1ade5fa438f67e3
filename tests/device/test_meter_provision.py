# SPDX-License-Identifier: Apache-2.0
"""Provisioning: a key that never comes out, kept over a second run, and a chip that errs."""

import json
import os
import unittest
from binascii import hexlify, unhexlify

import scratch
from flash import Unreadable, unreadable
from settings import entries

from electro_meter.life.config import load, stored
from electro_meter.life.keys import TRIES, MissingKeyError, load_signer
from electro_meter.life.new_key import make_key
from electro_meter.provision import COMMITTED, change, finish, provision
from electro_meter.uplink.proof.last import LastProof
from electro_meter.world import Board, ConfigError
from electro_protocol.address import address_of, checksum
from electro_protocol.comb import FaultError
from electro_protocol.eip712 import Domain
from electro_protocol.releases import ValidatorSet
from electro_protocol.secp256k1 import public_key, sign
from electro_protocol.signed import SignedMessage

NOW_S = 1_800_000_000


class ChipBoard(Board):
    """NVS and a generator, nothing else."""

    def __init__(self, directory, entropy=b"\x01"):
        self.directory = directory
        self.key = None
        self.logged = []
        self.blobs = {}
        self._entropy = entropy

    def unix_us(self):
        return NOW_S * 1_000_000

    def entropy(self, count):
        return self._entropy * count

    def load_key(self):
        return self.key

    def store_key(self, private_key):
        self.key = private_key

    def load_blob(self, name):
        return self.blobs.get(name)

    def store_blob(self, name, content):
        self.blobs[name] = content

    def log(self, sentence):
        self.logged.append(sentence)


class Provisioning(unittest.TestCase):
    def setUp(self):
        self.folder = scratch.folder()
        self.addCleanup(scratch.remove, self.folder)
        self.board = ChipBoard(self.folder)

    def request(self, **changes):
        changes.setdefault("relayers", ["http://relayer.example"])
        return entries(host_entropy="0x" + "22" * 32, unix_s=NOW_S, **changes)

    def test_it_makes_a_key_keeps_the_configuration_and_signs_the_enrolment(self):
        answer = provision(self.board, self.request())
        signed = SignedMessage.from_json(answer["enrollment"])
        self.assertEqual(checksum(signed.signer(Domain(1337, b"\xab" * 20))), answer["address"])
        self.assertEqual(signed.message.hardware_id, b"\x11" * 32)
        self.assertGreater(signed.message.deadline, NOW_S)
        self.assertEqual(load(self.folder).wifi_ssid, "plant")

    def test_the_key_is_in_no_answer_and_no_file(self):
        answer = provision(self.board, self.request())
        with open(self.folder + "/config.json") as file:
            kept = file.read()
        key = "".join(["{:02x}".format(octet) for octet in self.board.key])
        for text in (json.dumps(answer), kept):
            self.assertFalse(key in text)
        self.assertFalse("22" * 32 in kept)  # the entropy neither

    def test_a_second_run_keeps_the_identity(self):
        first = provision(self.board, self.request())
        second = provision(self.board, self.request(wifi_ssid="other"))
        self.assertEqual(first["address"], second["address"])
        self.assertEqual(load(self.folder).wifi_ssid, "other")

    def test_a_key_that_can_not_be_read_now_is_not_replaced(self):
        first = provision(self.board, self.request())
        load_key, self.board.load_key = self.board.load_key, unreadable
        with self.assertRaises(OSError):
            provision(self.board, self.request(wifi_ssid="other"))
        self.board.load_key = load_key
        self.assertEqual(load(self.folder).wifi_ssid, "plant")
        self.assertEqual(provision(self.board, self.request())["address"], first["address"])

    def test_keys_that_can_not_be_read_now_are_not_taken_for_none(self):
        """Else releases of anybody would be taken from then on."""
        pinned = {role: "0x" + "ab" * 19 + end for role, end in (("operator", "01"), ("consumer", "02"))}
        provision(self.board, self.request(release_keys=pinned))
        load_blob, self.board.load_blob = self.board.load_blob, unreadable
        with self.assertRaises(OSError):
            provision(self.board, self.request(wifi_ssid="other"))
        self.board.load_blob = load_blob
        answer = provision(self.board, self.request())
        self.assertEqual(answer["operator_key"].lower(), pinned["operator"])

    def test_what_was_committed_and_can_not_be_read_now_is_done_at_the_next_start(self):
        provision(self.board, self.request())
        committed = {"entries": entries(wifi_ssid="other"), "certificate": None, "keys": None}
        with open(f"{self.folder}/{COMMITTED}", "w") as file:
            json.dump(committed, file)
        with Unreadable(f"{self.folder}/{COMMITTED}"), self.assertRaises(OSError):
            finish(self.board)
        finish(self.board)
        self.assertEqual(load(self.folder).wifi_ssid, "other")

    def test_both_sources_of_entropy_count(self):
        keys = [
            make_key(ChipBoard(".", chip), host)
            for chip, host in ((b"\x01", b"\x01" * 32), (b"\x02", b"\x01" * 32), (b"\x01", b"\x02" * 32))
        ]
        self.assertEqual(len(set(keys)), 3)

    def test_what_does_not_fit_is_refused_before_a_key_is_made(self):
        for spoiled in ({"host_entropy": "0x22"}, {"host_entropy": None}, {"unix_s": 5}, {"chain_id": 0}):
            untrusted = self.request()
            untrusted.update(spoiled)
            with self.assertRaises(ConfigError):
                provision(self.board, untrusted)
            self.assert_untouched()

    def assert_untouched(self):
        self.assertIsNone(self.board.key)
        self.assertEqual((self.board.blobs, os.listdir(self.folder)), ({}, []))

    def test_what_is_refused_late_changes_nothing_either(self):
        for spoiled in (
            {"certificate": "30"}, {"relayers": ["https://relayer.example"]}, {"release_keys": []},
            {"release_keys": {"operator": "0x12"}}, {"release_keys": {"regulator": None}},
            {"release_keys": {"operator": "0x" + "12" * 20, "consumer": "0x" + "12" * 20}},
        ):  # fmt: skip
            untrusted = self.request()
            untrusted.update(spoiled)
            with self.assertRaises(ConfigError):
                provision(self.board, untrusted)
            self.assert_untouched()

    def test_a_certificate_comes_with_the_settings_and_stays(self):
        request = self.request(relayers=["https://relayer.example"])
        provision(self.board, dict(request, certificate="0x3003020101"))
        with open(self.folder + "/ca.der", "rb") as file:
            self.assertEqual(file.read(), b"\x30\x03\x02\x01\x01")
        provision(self.board, request)
        self.assertEqual(sorted(os.listdir(self.folder)), ["ca.der", "config.json"])

    def test_release_keys_are_pinned_and_stay_until_others_are(self):
        keys = {"operator": "0x" + "12" * 20, "consumer": "0x" + "34" * 20}
        answer = provision(self.board, self.request(release_keys=keys))
        self.assertEqual(
            (answer["operator_key"].lower(), answer["consumer_key"].lower()),
            (keys["operator"], keys["consumer"]),
        )
        self.assertEqual(provision(self.board, self.request())["operator_key"], answer["operator_key"])
        none = provision(self.board, self.request(release_keys={"consumer": None}))
        self.assertEqual((none["operator_key"], none["consumer_key"]), (answer["operator_key"], None))

    def test_one_entry_can_be_changed_and_a_wrong_one_changes_none(self):
        provision(self.board, self.request())
        self.assertEqual(change(self.board, {"wifi_ssid": "hall"}), {"changed": ["wifi_ssid"]})
        for wrong in ({"wifi_ssid": "x", "mains_hz": 55}, {"nothing": 1}, []):
            with self.assertRaises(ConfigError):
                change(self.board, wrong)
        self.assertEqual(load(self.folder).wifi_ssid, "hall")

    def provision_on_a_chip_that_errs(self, times):
        make = SignedMessage.make

        def erring(message, domain, private_key):
            nonlocal times
            times -= 1
            if times < 0:
                return make(message, domain, private_key)
            raise FaultError("erred")

        SignedMessage.make = erring
        try:
            return provision(self.board, self.request())
        finally:
            SignedMessage.make = make

    def test_a_chip_that_errs_while_signing_tries_again_at_once(self):
        answer = self.provision_on_a_chip_that_errs(TRIES - 1)
        signed = SignedMessage.from_json(answer["enrollment"])
        self.assertEqual(checksum(signed.signer(Domain(1337, b"\xab" * 20))), answer["address"])
        self.assertEqual(len(self.board.logged), TRIES - 1)

    def test_one_that_errs_always_is_as_it_was(self):
        with self.assertRaises(FaultError):
            self.provision_on_a_chip_that_errs(TRIES)
        self.assert_untouched()

    def test_without_a_key_there_is_no_signer(self):
        with self.assertRaises(MissingKeyError):
            load_signer(self.board, Domain(1337, b"\xab" * 20))


class Validators(Provisioning):
    def setUp(self):
        Provisioning.setUp(self)
        self.first = ["0x" + "01" * 20, "0x" + "02" * 20]
        self.other = ["0x" + "03" * 20]

    def give(self, validators, version, **more):
        return provision(self.board, self.request(validators=validators, validators_version=version, **more))

    def signed(self, validators, version, deadline=NOW_S + 60, keys=(b"\x31" * 32, b"\x32" * 32), **other):
        hash_ = ValidatorSet.hash_of(tuple([unhexlify(one[2:]) for one in validators]))
        digest = ValidatorSet(hash_, version, deadline).digest(
            Domain(other.get("chain_id", 1337), b"\xab" * 20)
        )
        named = zip(("operator", "consumer"), keys)  # noqa: B905 - no strict= on MicroPython
        return {
            "deadline": deadline,
            "signatures": {role: "0x" + hexlify(sign(digest, key)).decode() for role, key in named},
        }

    def kept(self):
        config = load(self.folder)
        return ["0x" + hexlify(one).decode() for one in config.validators], config.validators_version

    def test_they_stay_when_a_second_run_says_nothing_of_them(self):
        self.give(self.first, 3)
        provision(self.board, self.request(wifi_ssid="other"))
        self.assertEqual(self.kept(), (self.first, 3))
        self.give(list(reversed(self.first)), 3)  # the same set

    def test_only_a_higher_version_replaces_them(self):
        self.give(self.first, 3)
        for version in (0, 2, 3):
            with self.assertRaises(ConfigError) as caught:
                self.give(self.other, version)
            self.assertTrue("version 3" in str(caught.exception))
        self.assertEqual(self.kept(), (self.first, 3))
        self.give(self.other, 4)
        self.assertEqual(self.kept(), (self.other, 4))
        self.give([], 5)
        self.assertEqual(self.kept(), ([], 5))
        with self.assertRaises(ConfigError):
            self.give(self.first, 3)  # what was signed before all were taken away

    def test_what_was_proved_of_another_chain_is_forgotten(self):
        self.give(self.first, 1)
        LastProof(self.folder).note(20_000_000, NOW_S, b"\x07" * 32, 3)
        change(self.board, {"wifi_ssid": "other"})
        self.assertEqual(LastProof(self.folder).number, 20_000_000)
        self.give(self.first, 1)
        self.assertEqual(LastProof(self.folder).number, 0)

    def test_with_release_keys_each_must_have_signed(self):
        keys = [b"\x31" * 32, b"\x32" * 32]
        pinned = [checksum(address_of(public_key(key))) for key in keys]
        provision(self.board, self.request(release_keys={"operator": pinned[0], "consumer": pinned[1]}))
        good = self.signed(self.first, 1)
        half = {"deadline": good["deadline"], "signatures": {"operator": good["signatures"]["operator"]}}
        late = dict(good, deadline=good["deadline"] + 1)
        for paper in (
            None, {}, [], half, late, dict(good, signatures=7), dict(good, deadline="soon"),
            self.signed(self.first, 2), self.signed(self.other, 1), self.signed(self.first, 1, chain_id=1),
            self.signed(self.first, 1, keys=list(reversed(keys))), self.signed(self.first, 1, deadline=NOW_S - 1),
            dict(good, signatures={"operator": "0x12", "consumer": "0x12"}),
        ):  # fmt: skip
            with self.assertRaises(ConfigError):
                self.give(self.first, 1, validator_set=paper)
        self.assertEqual(self.kept(), ([], 0))
        self.give(self.first, 1, validator_set=good)
        self.assertEqual(self.kept(), (self.first, 1))
        provision(self.board, self.request())  # which changes none and needs no signature
        self.assertFalse("validator_set" in json.dumps(stored(self.folder)))
        for entry in ("validators", "validators_version"):
            with self.assertRaises(ConfigError):
                change(self.board, {entry: []})


if __name__ == "__main__":
    unittest.main()
