# SPDX-License-Identifier: Apache-2.0
"""keccak256 against published hashes and pycryptodome's."""

import json
import unittest
from binascii import hexlify

from electro_protocol.keccak import keccak256

VECTORS = (__file__.rpartition("/")[0] or ".") + "/vectors/"

# The empty message and 0xCC: the Keccak team's ShortMsgKAT_256; the others stand in many libraries' tests.
PUBLISHED = (
    (b"", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
    (b"\xcc", "eead6dbfc7340a56caedc044696a168870549a6a7f6f56961e84a54bd9970b8a"),
    (b"abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
    (b"testing", "5f16f4c7f149ac4f9510d9cf8cf384038ad348b3bcdc01915f95de12df9d1b02"),
    (
        b"The quick brown fox jumps over the lazy dog",
        "4d741b6f1eb29cb2a9b9911c82f56fa8d73b04959d3d9d222895df6c0b28aa15",
    ),
)


class Keccak256(unittest.TestCase):
    def test_published_hashes(self):
        for message, digest in PUBLISHED:
            self.assertEqual(hexlify(keccak256(message)).decode(), digest)

    def test_lengths_around_every_boundary_hash_as_elsewhere(self):
        with open(VECTORS + "hashes.json") as file:
            rows = json.load(file)
        for row in rows:
            length = row["length"]
            message = bytes([(7 * i + length) & 255 for i in range(length)])
            self.assertEqual("0x" + hexlify(keccak256(message)).decode(), row["hash"], length)

    def test_a_hash_leaves_nothing_for_the_next_one(self):
        first = keccak256(b"abc")
        keccak256(bytes(range(200)))
        self.assertEqual(keccak256(b"abc"), first)

    def test_every_buffer_hashes_alike(self):
        self.assertEqual(keccak256(bytearray(b"abc")), keccak256(b"abc"))
        self.assertEqual(keccak256(memoryview(b"xabc")[1:]), keccak256(b"abc"))


if __name__ == "__main__":
    unittest.main()
