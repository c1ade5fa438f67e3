# SPDX-License-Identifier: Apache-2.0
"""Give an agreement the code of its terms, as far as a meter reads it."""

import struct
from binascii import hexlify

from electro_protocol.keccak import keccak256

ACCOUNT = "0x" + "77" * 20


def terms_code(agreement):
    """Return code that begins as that of such terms does."""
    names = ("slots", "interval_seconds", "intervals", "unit_wh")
    return struct.pack(">BHIII", 0, *[agreement[name] for name in names]) + bytes(82)


def with_terms(agreement):
    """Return what a relayer says of an agreement, and the code that its terms' account has."""
    code = terms_code(agreement)
    terms = {"account": ACCOUNT, "code_hash": "0x" + hexlify(keccak256(code)).decode()}
    return dict(agreement, terms=terms, code=code)
