# SPDX-License-Identifier: Apache-2.0
"""Read canonical RLP in place; `qbft` writes it.

Nothing is copied: an item is where it begins and ends in the bytes that somebody sent. What has a shorter encoding,
or reaches beyond what holds it, is refused.

Source: Ethereum Yellow Paper, appendix B.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    Item = tuple[bool, int, int]  # a list?, where its content begins, where it ends
    Bytes = bytes | bytearray | memoryview

_SHORT = 55  # bytes of content up to which its length stands in the first byte
_NO_RLP = "the receipt is cut off, or not in RLP's one shortest form"


class ReceiptError(ValueError):
    """A receipt that proves nothing; the sentence says why. The one error of all that reads one."""


def item(data: "Bytes", at: int, end: int) -> "Item":
    """Return the item that begins at a byte, and ends before `end` at the latest; the next begins where it ends."""
    if at >= end:
        raise ReceiptError(_NO_RLP)
    first = data[at]
    at += 1
    if first < 0x80:
        return False, at - 1, at
    is_list = first >= 0xC0
    length = first - (0xC0 if is_list else 0x80)
    if length > _SHORT:
        size = length - _SHORT
        if size > 2 or at + size > end or not data[at]:
            raise ReceiptError(_NO_RLP)
        length = data[at] if size == 1 else data[at] << 8 | data[at + 1]
        at += size
        if length <= _SHORT:
            raise ReceiptError(_NO_RLP)
    if at + length > end or (length == 1 and not is_list and data[at] < 0x80):
        raise ReceiptError(_NO_RLP)
    return is_list, at, at + length


def items(data: "Bytes", start: int, end: int, most: int) -> "list[Item]":
    """Return the items of a list's content, which are `most` at most."""
    found: "list[Item]" = []
    while start < end:
        if len(found) == most:
            raise ReceiptError(f"a list in the receipt has more than {most} items")
        one = item(data, start, end)
        found.append(one)
        start = one[2]
    return found


def content(data: "Bytes", one: "Item", name: str, size: int) -> bytes:
    """Return the bytes of an item that has to be a string of this size."""
    is_list, start, end = one
    if is_list or end - start != size:
        raise ReceiptError(f"{name} has not {size} bytes")
    return bytes(data[start:end])


def number(data: "Bytes", one: "Item", name: str, size: int) -> int:
    """Return the number of an item: big-endian, without leading zeros, of at most so many bytes."""
    is_list, start, end = one
    if is_list or end - start > size or (start < end and not data[start]):
        raise ReceiptError(f"{name} is no number of at most {size} bytes")
    return int.from_bytes(data[start:end], "big")


def listed(data: "Bytes", one: "Item", name: str, most: int) -> "list[Item]":
    """Return the items of an item that has to be a list."""
    is_list, start, end = one
    if not is_list:
        raise ReceiptError(f"{name} is no list")
    return items(data, start, end, most)
