# SPDX-License-Identifier: Apache-2.0
"""The generic EIP-712 encoder on both Pythons: the EIP's example, arrays, and our own messages through it."""

import json
import unittest
from binascii import hexlify, unhexlify

from electro_protocol.messages import BY_NAME
from electro_protocol.typed_data import TypedDataError, digest, domain_separator, encode_type, hash_struct

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
        self.assertEqual(len(seen), 10)

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


def thing(kind, value, **others):
    """Typed data of one struct with one field."""
    typed = {
        "types": {"Thing": [{"name": "it", "type": kind}]},
        "primaryType": "Thing",
        "domain": {"name": "x"},
        "message": {"it": value},
    }
    typed.update(others)
    return typed


CHAIN = 400  # structs, each in the one before: more than an interpreter's calls may nest


def chain(kind):
    types = {}
    for i in range(CHAIN):
        types[f"S{i}"] = [{"name": "next", "type": kind.format(i + 1)}]
    types[f"S{CHAIN}"] = [{"name": "next", "type": "uint8"}]
    return types


class Refused(unittest.TestCase):
    def refused(self, typed, what=""):
        try:
            digest(typed)
        except TypedDataError:
            return
        self.fail(f"taken: {what or typed!r}")

    def test_what_is_no_type_even_of_an_empty_array(self):
        for kind in (
            "", "]", "[", "[]", "[1]", "[][]", "]uint8", "uint8[", "uint8]", "uint8[[]]", "uint8[]]", "uint8[][",
            "uint8[]x", "uint8[x]", "uint8[-1]", "uint8[ ]", "uint8 []", "uint8[00]", "uint8[01]", "uint8[0x1]",
            "uint8[\u0661]", "uint8[" + "9" * 5000 + "]", "uint" + "8" * 5000, "uint7", "uint08", "uint0", "uint264",
            "int-8", "bytes0", "bytes33", "bytes01", "Missing", "Missing[]", "Missing[0]", "Thin", "thing[]",
            "function", "fixed128x18", "address payable", "byte", " uint8", "uint8\n", "\u00fcint8", chr(0xD800),
            None, 5, 1.5, True, [], {}, b"uint8",
        ):  # fmt: skip
            self.refused(thing(kind, []), kind)
            self.refused(thing(kind, 0), kind)

    def test_structs_named_like_elementary_types(self):
        for name in (
            "uint", "uint8", "uint256", "uint7", "int", "int8", "bytes", "bytes1", "bytes32", "bytes33", "byte", "bool",
            "address", "string", "fixed", "fixed128x18", "ufixed", "function",
        ):  # fmt: skip
            fields = [{"name": "it", "type": "uint8"}]
            for kind in (name, name + "[]", "bool"):
                typed = thing(kind, [], types={"Thing": [{"name": "it", "type": kind}], name: fields})
                self.refused(typed, name)
            self.refused(thing("", 0, types={name: fields}, primaryType=name, message={"it": 1}), name)

    def test_names_that_would_forge_another_type_string(self):
        for name in ("", "A(", "A(uint8 x)B", "A B", "A,B", "1A", "A[]", "A\n", "\u00c4", chr(0xD800), "A-B"):
            self.refused(thing("", 0, types={name: []}, primaryType=name, message={}), name)
            fields = [{"name": name, "type": "uint8"}]
            self.refused(thing("", 0, types={"Thing": fields}, message={name: 1}), name)
        twice = [{"name": "it", "type": "uint8"}, {"name": "it", "type": "uint8"}]
        self.refused(thing("", 0, types={"Thing": twice}, message={"it": 1}))
        self.refused(thing("", 0, types={"Thing": twice}, message={"it": 1, "other": 1}))

    def test_schemas_of_the_wrong_kind(self):
        wrong = (
            None, 5, "it", b"it", [], [5], [None], [[]], ["it"], [("it", "uint8")], [{}], [{"name": "it"}],
            {"it": "uint8"},
            [{"type": "uint8"}], [{"name": None, "type": "uint8"}], [{"name": 5, "type": "uint8"}],
            [{"name": [], "type": "uint8"}], [{"name": "it", "type": []}],
        )  # fmt: skip
        for fields in wrong:
            self.refused(thing("", 0, types={"Thing": fields}), fields)
            inner = {"Thing": [{"name": "it", "type": "Inner[]"}], "Inner": fields}
            if fields != []:  # a struct without fields is one
                self.refused(thing("", 0, types=inner, message={"it": []}), fields)
        for typed in (
            None,
            5,
            "x",
            b"x",
            [],
            {},
            [thing("uint8", 1)],
            thing("uint8", 1, types={5: [], "Thing": []}),
        ):
            self.refused(typed)
        for part in ("types", "primaryType", "domain", "message"):
            for value in (None, 5, 1.5, "", "Other", b"", [], {"it": None}, ["Thing"], {5: 5}):
                self.refused(thing("uint8", 1, **{part: value}), part)

    def test_values_of_the_wrong_kind(self):
        anything = (
            None, True, 1, -1, 1 << 256, 1.5, "", "x", "0x", "0x1", "0xgg", "0x" + "1" * 65, "-", "--1", "-0x1",
            "1e3", "+1",
            " 1", "1_0", "9" * 79, "9" * 32_000, "\u0661", chr(0xD800), chr(0xDC00) + chr(0xD800), b"", bytes(33),
            [], [[]],
            {}, {"it": 1}, {5: 5}, (), thing,
        )  # fmt: skip
        for kind, fit in (
            ("uint8", (1, "0x1")), ("int8", (1, -1, "0x1")), ("bool", (True,)), ("bytes32", ()), ("address", ()),
            ("uint8[]", ([], ())), ("Thing", ()), ("uint8[2]", ()), ("uint8[][]", ([], (), [[]])),
        ):  # fmt: skip
            for value in anything:
                if not any(value is one or (type(value) is type(one) and value == one) for one in fit):
                    self.refused(thing(kind, value), (kind, value))

    def test_half_characters_are_refused_and_pairs_are_one(self):
        high, low, whole = chr(0xD83D), chr(0xDE00), chr(0x1F600)
        for text in (
            high,
            low,
            low + high,
            high + high + low,
            "a" + high,
            high + "a",
            high + whole,
            whole + low,
        ):
            self.refused(thing("string", text))
            self.refused(thing("string", "x", domain={"name": text}))
        self.assertEqual(digest(thing("string", high + low)), digest(thing("string", whole)))
        self.assertEqual(
            digest(thing("string", json.loads('"\\ud83d\\ude00"'))), digest(thing("string", whole))
        )
        self.refused(thing("string", json.loads('"\\ud83d"')))

    def test_a_chain_of_hundreds_of_structs_is_no_failure_of_another_kind(self):
        value = 1
        for _ in range(CHAIN + 1):
            value = {"next": value}
        self.refused(thing("", 0, types=chain("S{}"), primaryType="S0", message=value))
        digest(thing("", 0, types=chain("S{}[]"), primaryType="S0", message={"next": []}))
        text = encode_type("S0", chain("S{}"))
        self.assertEqual(text[:20], "S0(S1 next)S1(S2 nex")
        self.refused(thing("Thing[]", [[[]]] * 3))
        digest(thing("uint8" + "[]" * CHAIN, []))

    def test_every_part_alone_has_the_same_one_failure(self):
        for call in (
            lambda: encode_type("Mail", {}),
            lambda: encode_type(None, {}),
            lambda: encode_type("Mail", None),
            lambda: hash_struct([], {}, {}),
            lambda: hash_struct("A", {"A": None}, {}),
            lambda: domain_separator(None),
            lambda: domain_separator({"nme": "x"}),
            lambda: domain_separator({"chainId": None}),
        ):
            with self.assertRaises(TypedDataError):
                call()


NAME = {"name": "name", "type": "string"}
CHAIN_ID = {"name": "chainId", "type": "uint256"}


class TheDomain(unittest.TestCase):
    def declared(self, fields, domain):
        typed = thing("uint8", 1, domain=domain)
        typed["types"]["EIP712Domain"] = fields
        return digest(typed)

    def test_a_declaration_of_what_the_domain_has_changes_nothing(self):
        domain = {"chainId": 5, "name": "x"}
        expected = digest(thing("uint8", 1, domain=domain))
        self.assertEqual(self.declared([NAME, CHAIN_ID], domain), expected)

    def test_a_declaration_of_anything_else_is_refused(self):
        domain = {"name": "x", "chainId": 5}
        for fields in (
            [], [NAME], [CHAIN_ID], [CHAIN_ID, NAME], None, 5, [5],
            [NAME, CHAIN_ID, {"name": "version", "type": "string"}],
            [NAME, {"name": "chainId", "type": "uint64"}],
            [NAME, {"name": "chainId", "type": "string"}],
            [NAME, CHAIN_ID, CHAIN_ID],
        ):  # fmt: skip
            with self.assertRaises(TypedDataError):
                self.declared(fields, domain)

    def test_a_field_that_no_domain_has_is_refused(self):
        for domain in ({"name": "x", "nme": "x"}, {"chainid": 1}, {5: 5}, {"name": None}, {"salt": "0x01"}):
            with self.assertRaises(TypedDataError):
                digest(thing("uint8", 1, domain=domain))

    def test_only_the_domain_is_signed_if_it_is_the_primary_type(self):
        typed = thing("", 0, types={"EIP712Domain": [NAME]}, primaryType="EIP712Domain", message={})
        same = dict(typed, message={"name": "x"})
        self.assertEqual(digest(typed), digest(same))
        with self.assertRaises(TypedDataError):
            digest(dict(typed, message={"name": "y"}))


class AsWalletsWriteIt(unittest.TestCase):
    def test_integers_in_hex_are_the_same_integers(self):
        for kind, text, value in (
            ("uint256", "0x0", 0), ("uint256", "0x00fF", 255), ("uint256", "0x" + "f" * 64, (1 << 256) - 1),
            ("int8", "0x7f", 127), ("uint256", "007", 7), ("int256", "-12", -12), ("uint8", "0xFF", 255),
        ):  # fmt: skip
            self.assertEqual(digest(thing(kind, text)), digest(thing(kind, value)), text)
        for kind, text in (
            ("int8", "0xff"),
            ("uint8", "0x100"),
            ("uint8", "0x"),
            ("uint8", "0X1"),
            ("uint8", "0x-1"),
        ):
            with self.assertRaises(TypedDataError):
                digest(thing(kind, text))
        salt = "0x" + "ab" * 32
        self.assertEqual(
            digest(thing("uint8", 1, domain={"chainId": "0x1", "salt": salt})),
            digest(thing("uint8", 1, domain={"chainId": 1, "salt": unhexlify(salt[2:])})),
        )


if __name__ == "__main__":
    unittest.main()
