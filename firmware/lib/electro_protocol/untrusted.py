# SPDX-License-Identifier: Apache-2.0
"""Read messages, and what they are made of, from JSON that somebody sent. A meter in service never does."""

from binascii import unhexlify

from .eip712 import MessageError


def integer(name: str, untrusted: object) -> int:
    if isinstance(untrusted, int) and not isinstance(untrusted, bool):
        return untrusted
    # isdigit alone would also take digits of other scripts
    if isinstance(untrusted, str) and 0 < len(untrusted) <= 78 and all("0" <= c <= "9" for c in untrusted):
        return int(untrusted)
    raise MessageError(f"{name} must be a whole number, or its decimal digits as a string")


def hex_bytes(name: str, untrusted: object) -> bytes:
    """Return the bytes of "0x…"; raise MessageError, naming the field, for anything else."""
    if isinstance(untrusted, str) and untrusted[:2] == "0x":
        try:
            return unhexlify(untrusted[2:])
        except ValueError:
            pass
    raise MessageError(f"{name} must be hex bytes that begin with 0x")


def arguments(kind: str, fields: "tuple[tuple[str, str], ...]", untrusted: object) -> "list[int | bytes]":
    """Return a struct's values from a JSON object with exactly these fields, in their order.

    Raises MessageError, naming the first field that does not fit.
    """
    if not isinstance(untrusted, dict):
        raise MessageError("message must be an object")
    found: "list[int | bytes]" = []
    for field_type, name in fields:
        if name not in untrusted:
            raise MessageError(f"{name} is missing")
        read = integer if field_type[:4] == "uint" else hex_bytes
        found.append(read(name, untrusted[name]))
    if len(untrusted) != len(fields):
        known = [name for _, name in fields]
        unknown = sorted([str(name) for name in untrusted if name not in known])
        raise MessageError(f"{unknown[0][:40]} is no field of {kind}")
    return found


def signed(untrusted: object) -> "tuple[str, object, bytes]":
    """Return type, message and signature of a signed message's JSON object; the message is still untrusted.

    Raises MessageError, naming what does not fit.
    """
    if not isinstance(untrusted, dict):
        raise MessageError("a signed message must be an object")
    for name in ("type", "message", "signature"):
        if name not in untrusted:
            raise MessageError(f"{name} is missing")
    if len(untrusted) != 3:
        raise MessageError("a signed message has type, message and signature, nothing else")
    kind = untrusted["type"]
    if not isinstance(kind, str):
        raise MessageError("type must be the name of a message")
    return kind, untrusted["message"], hex_bytes("signature", untrusted["signature"])
