# SPDX-License-Identifier: Apache-2.0
"""Make bundles and signed releases for tests of the meter, as `electro device release` does for a chip."""

import hashlib
from binascii import hexlify

from electro_protocol.address import address_of, checksum
from electro_protocol.eip712 import Domain
from electro_protocol.keccak import keccak256
from electro_protocol.releases import FirmwareRelease
from electro_protocol.secp256k1 import public_key, sign

DOMAIN = Domain(1337, bytes(range(20)))
OPERATOR_KEY, CONSUMER_KEY = b"\x11" * 32, b"\x22" * 32
FILES = {
    "electro_protocol/keccak.mpy": b"K" * 700,
    "electro_meter/life/app.mpy": b"a" * 1_500,
    "electro_meter/board.mpy": b"",
}


def address(key):
    return address_of(public_key(key))


def _hex(content):
    return hexlify(hashlib.sha256(content).digest()).decode()


def bundle(version=7, files=None, chip="xtensawin", more=""):
    """Return a bundle and its manifest; more: lines of the head."""
    files = FILES if files is None else files
    paths = sorted(files)
    listed = "".join([f"{_hex(files[path])} {len(files[path])} {path}\n" for path in paths]).encode()
    contents = b"".join([files[path] for path in paths])
    head = (
        f"electro firmware 1\nversion {version}\nchip {chip}\nmicropython 1.23\n{more}"
        f"list {_hex(listed)} {len(listed)}\ncontents {len(contents)}\n\n"
    ).encode()
    return head + listed + contents, keccak256(head)


def signature(message, key, domain=DOMAIN):
    return "0x" + hexlify(sign(message.digest(domain), key)).decode()


def release(
    manifest, version=7, deadline=2_000_000_000, operator=OPERATOR_KEY, consumer=CONSUMER_KEY, domain=DOMAIN
):
    """Return a release signed by these keys; None: that one did not sign."""
    message = FirmwareRelease(manifest, version, deadline)
    signatures = {}
    if operator is not None:
        signatures["operator"] = signature(message, operator, domain)
    if consumer is not None:
        signatures["consumer"] = signature(message, consumer, domain)
    return {"release": message.to_json(), "signatures": signatures}


def line(role, key):
    """Return a head's line that changes a release key."""
    return f"{role} {checksum(address(key))}\n"
