# SPDX-License-Identifier: Apache-2.0
"""Read a block's header as QBFT seals it: who may seal, in which round it was sealed, and what of it is signed.

A QBFT header's extraData is a list: vanity, validators, vote, round, seals. A header comes here in the form that is
signed, with its real round and no seals; the seals come beside it. How a node's header gets this form, `qbft` knows.

Source: Besu's QbftExtraDataCodec and BftBlockHeaderFunctions; EIP-1559, EIP-4895, EIP-4844, EIP-4788, EIP-7685 for what
later forks append to a header.
"""

from .rlp import ReceiptError, content, item, listed, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .rlp import Bytes, Item

MOST_BYTES = 3_072
MOST_VALIDATORS = 16
_LEAST_FIELDS = 15  # up to the nonce
_MOST_FIELDS = 24  # Prague has 21
# "ctical byzantine fault tolerance", of "practical …": Besu's mark of IBFT 2.0 and QBFT
MIX_HASH = b"ctical byzantine fault tolerance"
_STATE_ROOT = 3
_NUMBER = 8
_TIME = 11
EXTRA_DATA = 12
_MIX = 13
_EXTRA_PARTS = 5
_VALIDATORS = 1
ROUND = 3
SEALS = 4


class Header:
    """What a header says, each in its range. Whether it is true, the seals say."""

    def __init__(self, data: "Bytes", whole: "Item") -> None:
        fields = fields_of(data, whole)
        self.state_root = content(data, fields[_STATE_ROOT], "the state root", 32)
        self.number = number(data, fields[_NUMBER], "the block's number", 6)
        self.time_s = number(data, fields[_TIME], "the block's time", 5)
        self.is_qbft = content(data, fields[_MIX], "mixHash", 32) == MIX_HASH
        self.validators: "list[bytes]" = []
        self.round = 0
        if self.is_qbft:
            self._read_extra_data(data, fields[EXTRA_DATA])

    def _read_extra_data(self, data: "Bytes", field: "Item") -> None:
        parts = extra_data(data, field)
        if parts[SEALS][1] != parts[SEALS][2]:
            raise ReceiptError("the header still has its seals: they come beside it")
        for one in listed(data, parts[_VALIDATORS], "the list of validators", MOST_VALIDATORS):
            self.validators.append(content(data, one, "a validator", 20))
        self.round = number(data, parts[ROUND], "the round", 4)


def fields_of(data: "Bytes", whole: "Item") -> "list[Item]":
    fields = listed(data, whole, "the header", _MOST_FIELDS)
    if len(fields) < _LEAST_FIELDS:
        raise ReceiptError(f"the header has fewer than {_LEAST_FIELDS} fields")
    return fields


def extra_data(data: "Bytes", field: "Item") -> "list[Item]":
    """Return the five parts of a QBFT header's extraData."""
    is_list, start, end = field
    whole = item(data, start, end)
    if is_list or whole[2] != end:
        raise ReceiptError("extraData is no list")
    parts = listed(data, whole, "extraData", _EXTRA_PARTS)
    if len(parts) != _EXTRA_PARTS or not parts[SEALS][0]:
        raise ReceiptError("extraData has not QBFT's five parts")
    return parts
