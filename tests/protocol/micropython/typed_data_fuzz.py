# SPDX-License-Identifier: Apache-2.0
"""Make up typed data from a seed, mostly sound, often spoiled, and print what became of each: both Pythons must agree.

python typed_data_fuzz.py SEED COUNT    prints a line of a hash over each hundred results, then "refused N of COUNT"

The generator is its own: MicroPython's random numbers are others than CPython's.
"""

import sys
from binascii import hexlify

from electro_protocol.keccak import keccak256
from electro_protocol.typed_data import TypedDataError, digest

NAMES = ("A", "B", "Cc", "D1")
ODD_NAMES = (
    "",
    "uint8",
    "bytes",
    "]",
    "A(",
    "EIP712Domain",
    "\u00e4",
    5,
    None,
    chr(0xDC00),
    "x" * 90,
    [],
    "it",
)
KINDS = (
    "uint8",
    "uint256",
    "int16",
    "int256",
    "bytes",
    "bytes1",
    "bytes32",
    "string",
    "bool",
    "address",
    "uint",
    "int",
)
ODD_KINDS = (
    "uint7",
    "uint08",
    "bytes33",
    "",
    "]",
    "[",
    "[]",
    "uint8]",
    "uint8[",
    "Missing",
    "function",
    None,
    7,
    [],
    {},
)
SUFFIXES = (
    "",
    "",
    "",
    "[]",
    "[]",
    "[1]",
    "[2]",
    "[][1]",
    "[3][]",
    "[0]",
    "[01]",
    "[x]",
    "[-1]",
    "[" + "7" * 40 + "]",
)
CHARACTERS = (
    0x41,
    0x7F,
    0xE9,
    0x20AC,
    0xD7FF,
    0xD83D,
    0xDE00,
    0xD83D,
    0xDE00,
    0xDBFF,
    0xDFFF,
    0x1F600,
    0x10FFFF,
    0,
)


class Chance:
    def __init__(self, seed):
        self.state = (seed * 2654435761 + 1) & 0x7FFFFFFFFFFF

    def below(self, count):
        self.state = (self.state * 25214903917 + 11) & 0xFFFFFFFFFFFF  # java.util.Random
        return (self.state >> 17) % count

    def of(self, some):
        return some[self.below(len(some))]


def text(chance):
    return "".join([chr(chance.of(CHARACTERS)) for _ in range(chance.below(4))])


def odd(chance):
    return chance.of(
        (
            None,
            True,
            0,
            -1,
            1 << 255,
            1 << 256,
            1.5,
            "",
            "0x",
            "0x1",
            "0xff",
            "12",
            "-0",
            "9" * 90,
            b"",
            b"\x01",
            [],
            {},
            (),
        )
    )


def value_of(chance, kind, types, depth):
    if chance.below(60) == 0 or depth > 18 or not isinstance(kind, str):
        return odd(chance)
    if kind[-1:] == "]":
        inner = kind[: kind.rfind("[")]
        length = kind[kind.rfind("[") + 1 : -1]
        count = int(length) if len(length) == 1 and "0" <= length <= "9" else chance.below(3)
        return [value_of(chance, inner, types, depth + 1) for _ in range(count if depth < 4 else 0)]
    if kind in types:
        return struct_of(chance, types[kind], types, depth)
    if kind == "string":
        return text(chance)
    if kind == "bool":
        return chance.below(2) == 1
    if kind == "address":
        return chance.of((bytes(20), "0x" + "Ab" * 20, "0x00" + "11" * 19))
    if kind[:5] == "bytes":
        size = int(kind[5:]) if kind[5:] in ("1", "32") else chance.below(200)
        raw = bytes([chance.below(256) for _ in range(size)])
        return raw if chance.below(2) else "0x" + hexlify(raw).decode()
    number = chance.of((0, 1, 3, 7, 9, 12, 99, 100, 126, 127, 127, 32767, -1, (1 << 256) - 1))
    return chance.of((number, str(number), hex(number)))


def struct_of(chance, fields, types, depth):
    value = {}
    for field in fields if isinstance(fields, list) else ():
        if isinstance(field, dict) and isinstance(field.get("name"), str):
            value[field["name"]] = value_of(chance, field.get("type"), types, depth + 1)
    if chance.below(40) == 0:
        value["more"] = 1
    return value


def fields_of(chance, later):
    """Return up to three fields; of the structs in `later`, or through an array of any."""
    fields = []
    for j in range(1 + chance.below(3)):
        suffix = chance.of(SUFFIXES[: 9 if chance.below(12) else len(SUFFIXES)])
        structs = NAMES if suffix[:2] == "[]" and chance.below(3) == 0 else later
        kind = chance.of(structs) if structs and chance.below(3) == 0 else chance.of(KINDS)
        field = {"name": "f" + str(j), "type": kind + suffix}
        if chance.below(80) == 0:
            field["type"] = chance.of(ODD_KINDS)
        if chance.below(80) == 0:
            field["name"] = chance.of(ODD_NAMES)
        fields.append(field)
    return fields


def made_up(chance):
    types = {}
    for i, name in enumerate(NAMES):
        types[name] = fields_of(chance, NAMES[i + 1 :]) if chance.below(90) else odd(chance)
    if chance.below(60) == 0:
        name = chance.of(ODD_NAMES)
        types[name if not isinstance(name, list) else "y"] = [{"name": "f0", "type": "uint8"}]
    domain = {}
    declared = []
    for name, kind in (("name", "string"), ("chainId", "uint256"), ("salt", "bytes32")):
        if chance.below(2):
            domain[name] = value_of(chance, kind, {}, 0)
            declared.append({"name": name, "type": kind})
    if chance.below(40) == 0:
        declared.reverse()
    if chance.below(3) == 0:
        types["EIP712Domain"] = declared
    typed = {"types": types, "primaryType": "A", "domain": domain, "message": value_of(chance, "A", types, 0)}
    if chance.below(60) == 0:
        typed[chance.of(("types", "primaryType", "domain", "message"))] = odd(chance)
    return typed


def main(seed, count):
    refused = 0
    seen = b""
    for i in range(count):
        try:
            result = digest(made_up(Chance(seed + i)))
        except TypedDataError as error:
            str(error).encode()  # a person can be shown it
            result = b"refused"
            refused += 1
        seen = keccak256(seen + result)
        if i % 100 == 99 or i == count - 1:
            print(i + 1, hexlify(seen[:8]).decode())
    print("refused", refused, "of", count)


main(int(sys.argv[1]), int(sys.argv[2]))
