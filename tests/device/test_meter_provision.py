# SPDX-License-Identifier: Apache-2.0
"""Provisioning: a key that never comes out, kept over a second run, and a chip that errs."""

import json
import unittest

import scratch
from settings import entries

from electro_meter.life.config import load
from electro_meter.life.keys import TRIES, MissingKeyError, load_signer, make_key
from electro_meter.provision import provision
from electro_meter.world import Board, ConfigError
from electro_protocol import signed as signing
from electro_protocol.address import checksum
from electro_protocol.comb import FaultError
from electro_protocol.eip712 import Domain
from electro_protocol.signed import SignedMessage

NOW_S = 1_800_000_000


class ChipBoard(Board):
    """NVS and a generator, nothing else."""

    def __init__(self, directory, entropy=b"\x01"):
        self.directory = directory
        self.key = None
        self.logged = []
        self._entropy = entropy

    def unix_us(self):
        return NOW_S * 1_000_000

    def entropy(self, count):
        return self._entropy * count

    def load_key(self):
        return self.key

    def store_key(self, private_key):
        self.key = private_key

    def log(self, sentence):
        self.logged.append(sentence)


class Provisioning(unittest.TestCase):
    def setUp(self):
        self.folder = scratch.folder()
        self.addCleanup(scratch.remove, self.folder)
        self.board = ChipBoard(self.folder)

    def request(self, **changes):
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
            self.assertIsNone(self.board.key)

    def provision_on_a_chip_that_errs(self, times):
        sign = signing.sign

        def erring(digest, private_key):
            nonlocal times
            times -= 1
            if times < 0:
                return sign(digest, private_key)
            raise FaultError("erred")

        signing.sign = erring
        try:
            return provision(self.board, self.request())
        finally:
            signing.sign = sign

    def test_a_chip_that_errs_while_signing_tries_again_at_once(self):
        answer = self.provision_on_a_chip_that_errs(TRIES - 1)
        signed = SignedMessage.from_json(answer["enrollment"])
        self.assertEqual(checksum(signed.signer(Domain(1337, b"\xab" * 20))), answer["address"])
        self.assertEqual(len(self.board.logged), TRIES - 1)

    def test_one_that_errs_always_keeps_its_key_for_the_next_run(self):
        with self.assertRaises(FaultError):
            self.provision_on_a_chip_that_errs(TRIES)
        key = self.board.key
        self.assertIsNotNone(key)
        provision(self.board, self.request())
        self.assertEqual(self.board.key, key)

    def test_without_a_key_there_is_no_signer(self):
        with self.assertRaises(MissingKeyError):
            load_signer(self.board, Domain(1337, b"\xab" * 20))


if __name__ == "__main__":
    unittest.main()
