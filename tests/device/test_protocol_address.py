# SPDX-License-Identifier: Apache-2.0
"""Addresses: EIP-55's own vectors, and the addresses eth-account gives."""

import json
import unittest
from binascii import unhexlify

from electro_protocol.address import address_of, checksum, parse
from electro_protocol.secp256k1 import public_key

VECTORS = (__file__.rpartition("/")[0] or ".") + "/vectors/"

# EIP-55, section "Test Cases"
EIP_55 = (
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
    "0xde709f2102306220921060314715629080e2fb77",
    "0x27b1fdb04752bbc536007a920d24acb045561c26",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
)


class Addresses(unittest.TestCase):
    def test_the_vectors_of_eip_55_both_ways(self):
        for text in EIP_55:
            self.assertEqual(parse(text), unhexlify(text[2:]))
            self.assertEqual(checksum(unhexlify(text[2:])), text)

    def test_one_case_throughout_carries_no_checksum(self):
        for text in EIP_55:
            self.assertEqual(parse(text.lower()), parse("0x" + text[2:].upper()))

    def test_one_digit_in_the_wrong_case_is_refused(self):
        text = EIP_55[4]
        with self.assertRaises(ValueError):
            parse(text[:4] + "a" + text[5:])

    def test_what_is_no_address_is_refused(self):
        text = EIP_55[4]
        wrong = ["", "0x", text[2:], text[:-1], text + "0", "0X" + text[2:], "0x" + "g" * 40]
        for refused in wrong + [None, 5, parse(text)]:
            with self.assertRaises(ValueError):
                parse(refused)

    def test_addresses_of_keys_are_eth_accounts(self):
        with open(VECTORS + "messages.json") as file:
            pairs = {row["privateKey"]: row["signer"] for row in json.load(file)}
        for private_key, signer in pairs.items():
            self.assertEqual(checksum(address_of(public_key(unhexlify(private_key[2:])))), signer)

    def test_lengths_are_checked(self):
        with self.assertRaises(ValueError):
            address_of(bytes(65))
        with self.assertRaises(ValueError):
            checksum(bytes(19))


if __name__ == "__main__":
    unittest.main()
