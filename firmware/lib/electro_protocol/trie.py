# SPDX-License-Identifier: Apache-2.0
"""Prove what a Merkle-Patricia trie holds at a key, or that it holds nothing there, from the nodes on the way.

Keys are hashed, as those of Ethereum's accounts and storage are: 64 nibbles, so that no value lies in a branch.
Every node is found by its hash, and a root is a hash that something proved names: what is read is what whoever made
the root has put there.

Source: Ethereum Yellow Paper, appendix D; EIP-1186.
"""

from array import array

from .keccak import keccak256
from .rlp import ReceiptError, content, item, listed, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator

    from .rlp import Bytes, Item

MOST_NODES = 96
MOST_NODE_BYTES = 600  # a branch with sixteen children has 532
MOST_DEPTH = 12  # of a trie with 16^12 keys
# keccak256 of the empty string's encoding, 0x80
_EMPTY_ROOT = (
    b"\x56\xe8\x1f\x17\x1b\xcc\x55\xa6\xff\x83\x45\xe6\x92\xc0\xf8\x6e"
    b"\x5b\x48\xe0\x1b\x99\x6c\xad\xc0\x01\x62\x2f\xb5\xe3\x63\xb4\x21"
)
_NIBBLES = 64
_CHILDREN = 16


class Nodes:
    """The nodes of a receipt by their hashes, and which of them were needed."""

    def __init__(self, data: "Bytes", found: "list[Item]") -> None:
        self._data = data
        self._spans = array("H", bytes(4 * len(found)))  # where each begins and ends
        self._hashes = bytearray(32 * len(found))
        self._needed = bytearray(len(found))
        for k, (is_list, start, end) in enumerate(found):
            if is_list or not 32 <= end - start <= MOST_NODE_BYTES:
                raise ReceiptError(f"a node has not 32 to {MOST_NODE_BYTES} bytes")
            self._spans[2 * k], self._spans[2 * k + 1] = start, end

    def hash(self) -> "Generator[None, None, None]":
        """Hash all of them, one a slice."""
        view = memoryview(self._data)
        for k in range(len(self._needed)):
            node = view[self._spans[2 * k] : self._spans[2 * k + 1]]
            self._hashes[32 * k : 32 * k + 32] = keccak256(node)
            yield

    def must_all_be_needed(self) -> None:
        """Refuse nodes to which nothing led: no byte of a receipt is there for nothing."""
        if self._needed.find(b"\0") >= 0:
            raise ReceiptError("the receipt has a node that proves nothing")

    def account(self, root: bytes, address: bytes) -> "Generator[None, None, tuple[bytes, bytes] | None]":
        """Return storage root and code hash of an account, None if there is none; a node a slice."""
        found = yield from self._value(root, address)
        if found is None:
            return None
        parts = listed(self._data, self._whole(found[1], found[2]), "an account", 4)
        if len(parts) != 4:
            raise ReceiptError("an account has not four parts")
        storage_root = content(self._data, parts[2], "a storage root", 32)
        return storage_root, content(self._data, parts[3], "a code hash", 32)

    def word(self, root: bytes, slot: bytes) -> "Generator[None, None, int]":
        """Return the word in a slot of an account's storage, 0 if it holds none; a node a slice."""
        found = yield from self._value(root, slot)
        if found is None:
            return 0
        return number(self._data, self._whole(found[1], found[2]), "a word of the storage", 32)

    def _whole(self, start: int, end: int) -> "Item":
        """Return the one item that lies there."""
        one = item(self._data, start, end)
        if one[2] != end:
            raise ReceiptError("a part of the receipt has something behind it")
        return one

    def _node(self, hash_: bytes) -> "Item":
        """Return the node with this hash."""
        at = self._hashes.find(hash_)
        while at > 0 and at % 32:
            at = self._hashes.find(hash_, at + 1)
        if at < 0:
            raise ReceiptError("a node of a proof is missing")
        at //= 32
        self._needed[at] = 1
        return self._whole(self._spans[2 * at], self._spans[2 * at + 1])

    def _value(self, root: bytes, key: bytes) -> "Generator[None, None, Item | None]":
        """Return what the trie of this root holds at a key's hash, None if it holds nothing; a node a slice."""
        if root == _EMPTY_ROOT:
            return None
        data = self._data
        path = keccak256(key)
        at = 0  # how many nibbles of the path are behind us
        depth = 1
        node = self._node(root)
        while True:
            yield
            count, first, child = _child(data, node, _nibble(path, at))
            if count == _CHILDREN + 1 and at < _NIBBLES:
                at += 1
            elif count == 2:
                there, length, is_leaf = _match(data, first, path, at)
                at += length
                if not there:
                    return None
                if is_leaf:
                    if child[0]:
                        raise ReceiptError("a leaf holds a list, and no value")
                    return child
            else:
                raise ReceiptError("a node has neither two items nor seventeen")
            if child[0]:
                node = child  # of less than 32 bytes: it lies in its parent
            elif child[1] == child[2]:
                return None
            else:
                node = self._node(content(data, child, "a child's hash", 32))
            depth += 1
            if depth > MOST_DEPTH:
                raise ReceiptError(f"a proof is longer than {MOST_DEPTH} nodes")


def _child(data: "Bytes", node: "Item", index: int) -> "tuple[int, Item, Item]":
    """Return how many items a node has, its first, and of two the second, of more the one of this number."""
    at = node[1]
    count = 0
    first = chosen = last = node
    while at < node[2] and count <= _CHILDREN + 1:
        last = item(data, at, node[2])
        if not count:
            first = last
        if count == index:
            chosen = last
        at = last[2]
        count += 1
    return count, first, last if count == 2 else chosen


def _nibble(path: "Bytes", at: int) -> int:
    return path[at >> 1] & 15 if at & 1 else path[at >> 1] >> 4


def _match(data: "Bytes", prefix: "Item", path: bytes, at: int) -> "tuple[bool, int, bool]":
    """Return whether the path goes on as a node's prefix does, for how many nibbles, and whether that is a leaf's."""
    is_list, start, end = prefix
    flags = data[start] >> 4 if start < end else 4
    if is_list or flags > 3 or (not flags & 1 and data[start] & 15):
        raise ReceiptError("a node's prefix is none")
    first = 1 if flags & 1 else 2  # the nibble where its part of the path begins
    count = 2 * (end - start) - first
    is_leaf = flags > 1
    if at + count != _NIBBLES if is_leaf else not 0 < count < _NIBBLES - at:
        raise ReceiptError("a node's part of the path has an impossible length")
    raw = memoryview(data)[start:end]
    for k in range(count):
        if _nibble(raw, first + k) != _nibble(path, at + k):
            return False, 0, is_leaf
    return True, count, is_leaf
