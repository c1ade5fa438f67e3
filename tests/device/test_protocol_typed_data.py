# SPDX-License-Identifier: Apache-2.0
"""The generic EIP-712 encoder on both Pythons: the EIP's example, arrays, and our own messages through it."""

import json
import unittest
from binascii import hexlify, unhexlify

from electro_protocol.messages import BY_NAME
from electro_protocol.typed_data import TypedDataError, digest, encode_type

VECTORS = (__file__.rpartition("/")[0] or ".") + "/vectors/"


def field(text):
    kind, name = text.split(" ")
    return {"name": name, "type": kind}


def mail():
    """The example of EIP-712, section "Rationale", whose digest stands in its test/Example.js."""
    return {
        "types": {
            "Person": [field("string name"), field("address wallet")],
            "Mail": [field("Person from"), field("Person to"), field("string contents")],
        },
        "primaryType": "Mail",
        "domain": {
            "name": "Ether Mail",
            "version": "1",
            "chainId": 1,
            "verifyingContract": "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC",
        },
        "message": {
            "from": {"name": "Cow", "wallet": "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"},
            "to": {"name": "Bob", "wallet": "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"},
            "contents": "Hello, Bob!",
        },
    }


class TypedData(unittest.TestCase):
    def test_the_example_of_the_eip(self):
        self.assertEqual(
            hexlify(digest(mail())).decode(),
            "be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2",
        )

    def test_referred_structs_follow_in_alphabetical_order(self):
        self.assertEqual(
            encode_type("Mail", mail()["types"]),
            "Mail(Person from,Person to,string contents)Person(string name,address wallet)",
        )

    def test_our_own_messages_hash_alike_through_it(self):
        seen = set()
        with open(VECTORS + "messages.json") as file:
            for line in file:
                if line[0] != "{":
                    continue
                row = json.loads(line.rstrip().rstrip(","))
                name = row["signed"]["type"]
                if name in seen:
                    continue
                seen.add(name)
                fields = [{"type": kind, "name": one} for kind, one in BY_NAME[name].fields()]
                typed = {
                    "types": {name: fields},
                    "primaryType": name,
                    "domain": {
                        "name": "Electro",
                        "version": "1",
                        "chainId": row["chainId"],
                        "verifyingContract": unhexlify(row["contract"][2:]),
                    },
                    "message": row["signed"]["message"],
                }
                self.assertEqual("0x" + hexlify(digest(typed)).decode(), row["digest"], name)
        self.assertEqual(len(seen), 5)

    def test_arrays_of_arrays_differ_from_flat_ones(self):
        def of(kind, value):
            return digest(
                {
                    "types": {"A": [field(kind + " v")]},
                    "primaryType": "A",
                    "domain": {"name": "x"},
                    "message": {"v": value},
                }
            )

        self.assertNotEqual(of("uint8[2][]", [[1, 2]]), of("uint8[]", [1, 2]))
        self.assertNotEqual(of("int8", -1), of("uint8", 255))

    def test_a_refusal_names_the_place(self):
        typed = mail()
        typed["message"]["to"]["wallet"] = "0x00"
        try:
            digest(typed)
            self.assertTrue(False)
        except TypedDataError as error:
            self.assertIn("Mail.to.wallet", str(error))


if __name__ == "__main__":
    unittest.main()
