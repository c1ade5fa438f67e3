# SPDX-License-Identifier: Apache-2.0
"""Tries of our own making, which no chain would: a proof of one is refused, or tells what is in it."""

import unittest

from driving import driven

from electro_protocol import qbft, storage
from electro_protocol.keccak import keccak256
from electro_protocol.rlp import ReceiptError, items
from electro_protocol.trie import Nodes


def word(listed, root, key):
    """Return what the nodes prove of a slot."""
    raw = b"".join([qbft.encode(node) for node in listed])
    nodes = Nodes(raw, items(raw, 0, len(raw), len(listed)))
    driven(nodes.hash())
    return driven(nodes.word(root, key))


def leaf(key, value):
    """Return the one node of a trie that holds nothing but this."""
    return qbft.encode_list([qbft.encode(b"\x20" + keccak256(key)), qbft.encode(value)])


class Words(unittest.TestCase):
    def word(self, node, key):
        return word([node], keccak256(node), key)

    def test_a_slot_that_is_absent_is_zero_and_its_neighbours_value_is_not_taken(self):
        key = storage.slot(1)
        node = leaf(key, qbft.encode_number(7))
        self.assertEqual(self.word(node, key), 7)
        self.assertEqual(self.word(node, storage.slot(2)), 0)

    def test_a_storage_that_is_empty_needs_no_node(self):
        self.assertEqual(word([], keccak256(b"\x80"), storage.slot(1)), 0)
        with self.assertRaises(ReceiptError):
            word([], keccak256(b""), storage.slot(1))

    def test_a_value_of_more_than_a_word_or_none_at_all(self):
        key = storage.slot(1)
        for value in (
            b"\xa1" + bytes([1]) * 33,
            b"\x00",
            b"\x82\x00\x07",
            b"\x81\x07",
            b"\xc1\x07",
            b"\x07\x07",
            b"",
        ):
            with self.assertRaises(ReceiptError):
                self.word(leaf(key, value), key)

    def test_a_leaf_whose_value_is_a_list_in_place_of_a_string(self):
        """A branch's or an account's parts are no value."""
        key = storage.slot(1)
        node = qbft.encode_list([qbft.encode(b"\x20" + keccak256(key)), qbft.encode_list([b"\x07"])])
        with self.assertRaises(ReceiptError):
            self.word(node, key)

    def test_a_path_that_is_too_short_too_long_or_ends_in_a_branch(self):
        key = storage.slot(1)
        path = keccak256(key)
        seven = qbft.encode(qbft.encode_number(7))
        for prefix in (
            b"", b"\x20", b"\x40" + path, b"\x20" + path[:-1], b"\x20" + path + b"\x00", b"\x21" + path, b"\x2f" + path,
            b"\x00" + path, b"\x00", b"\x30" + path,
        ):  # fmt: skip
            with self.assertRaises(ReceiptError):
                self.word(qbft.encode_list([qbft.encode(prefix), seven]), key)
        for count in (1, 3, 16, 18):
            with self.assertRaises(ReceiptError):
                self.word(qbft.encode_list([b"\x80"] * (count - 1) + [qbft.encode(bytes(32))]), key)

    def test_a_proof_that_goes_round_in_nodes_without_end(self):
        """Nobody finds a node with its own hash in it; what lies in its parent can be nested instead."""
        key = storage.slot(1)
        path = keccak256(key)
        node = b"\x80"
        for depth in range(15, -1, -1):
            nibble = path[depth >> 1] & 15 if depth & 1 else path[depth >> 1] >> 4
            node = qbft.encode_list([node if k == nibble else b"\x80" for k in range(17)])
        with self.assertRaises(ReceiptError) as caught:
            self.word(node, key)
        self.assertTrue("longer than 12" in str(caught.exception), str(caught.exception))


if __name__ == "__main__":
    unittest.main()
