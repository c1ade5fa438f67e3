# SPDX-License-Identifier: Apache-2.0
"""Draw the meter's key: once, when it is provisioned."""

import hashlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..world import Board

# SEC 2, 2.4.1: the order of the curve; a key is from 1 to one below it
_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def draw_key(board: "Board", host_entropy: bytes) -> bytes:
    """Make a private key from the chip's generator mixed with the host's entropy; nothing keeps it yet.

    Either source alone is enough: a weak chip cannot weaken a good host, and a lying host cannot learn the key.
    """
    while True:
        candidate: bytes = hashlib.sha256(b"electro key" + board.entropy(64) + host_entropy).digest()
        if 0 < int.from_bytes(candidate, "big") < _ORDER:
            return candidate


def make_key(board: "Board", host_entropy: bytes) -> bytes:
    """Do so, and keep it in the Board's storage."""
    private_key = draw_key(board, host_entropy)
    board.store_key(private_key)
    return private_key
