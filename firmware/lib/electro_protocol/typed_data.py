# SPDX-License-Identifier: Apache-2.0
"""EIP-712 for any typed data: nested structs, arrays of any shape, every elementary type.

Electro's own messages are flat and don't need it; a meter that only sends them never imports it.

    digest({"types": {"Mail": [{"name": "to", "type": "address"}, {"name": "body", "type": "string"}]},
            "primaryType": "Mail", "domain": {"name": "Post", "chainId": 1},
            "message": {"to": "0x…", "body": "Hello"}})

Integers are ints or decimal strings, bytes and addresses are bytes or 0x-hex, arrays lists or tuples, structs
dicts. `TypedDataError` is the one failure; its sentence names the place.

Source: EIP-712, sections "Definition of encodeType", "encodeData" and "domainSeparator".
"""

from binascii import unhexlify

from .keccak import keccak256

_DOMAIN_FIELDS = (
    ("name", "string"),
    ("version", "string"),
    ("chainId", "uint256"),
    ("verifyingContract", "address"),
    ("salt", "bytes32"),
)
_MAX_DEPTH = 16  # of values in values: a type that contains itself would go on for ever


class TypedDataError(ValueError):
    """Typed data that EIP-712 has no encoding for."""


def _element(kind: str) -> "tuple[str, int | None]":
    """Return what an array type is made of and its fixed length, None if it is dynamic."""
    start = kind.rfind("[")
    length = kind[start + 1 : -1]
    if not length:
        return kind[:start], None
    if not all("0" <= c <= "9" for c in length):
        raise TypedDataError(f"{kind[:80]} is no type")
    return kind[:start], int(length)


def _base(kind: str) -> str:
    """Return the type without its array brackets."""
    return kind[: kind.index("[")] if "[" in kind else kind


def _fields(name: str, types: "dict[str, list[dict[str, str]]]") -> "list[tuple[str, str]]":
    """Return [(name, type), …] of a struct."""
    try:
        return [(field["name"], field["type"]) for field in types[name]]
    except (KeyError, TypeError):
        raise TypedDataError(f"the fields of {str(name)[:80]} must be a list of name and type")


def _reached(name: str, types: "dict[str, list[dict[str, str]]]", found: "set[str]") -> "set[str]":
    """Add the struct and all structs it refers to."""
    if name not in found:
        found.add(name)
        for _, kind in _fields(name, types):
            if _base(kind) in types:
                _reached(_base(kind), types, found)
    return found


def encode_type(name: str, types: "dict[str, list[dict[str, str]]]") -> str:
    """Return the type string of a struct: itself, then the structs it refers to in alphabetical order."""
    others = sorted(_reached(name, types, set()) - {name})
    parts = []
    for struct in [name] + others:
        parts.append(
            struct + "(" + ",".join([f"{kind} {field}" for field, kind in _fields(struct, types)]) + ")"
        )
    return "".join(parts)


def _octets(where: str, value: object) -> bytes:
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    if isinstance(value, str) and value[:2] == "0x":
        try:
            return unhexlify(value[2:])
        except ValueError:
            pass
    raise TypedDataError(f"{where} must be bytes, or hex that begins with 0x")


def _whole(where: str, kind: str, value: object) -> bytes:
    """Return an integer of type uintN or intN in 32 bytes, two's complement."""
    signed = kind[0] == "i"
    width = kind[3 if signed else 4 :] or "256"
    bits = int(width) if all("0" <= c <= "9" for c in width) else 0
    if not 0 < bits <= 256 or bits % 8:
        raise TypedDataError(f"{kind[:80]} is no type")
    if isinstance(value, str):
        digits = value[1:] if value[:1] == "-" else value
        if not 0 < len(digits) <= 78 or not all("0" <= c <= "9" for c in digits):
            raise TypedDataError(f"{where} must be a whole number")
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypedDataError(f"{where} must be a whole number")
    least = -(1 << (bits - 1)) if signed else 0
    if not least <= value < least + (1 << bits):
        raise TypedDataError(f"{where} is out of the range of {kind}")
    return (value % (1 << 256)).to_bytes(32, "big")


def _encode(
    where: str, kind: str, value: object, types: "dict[str, list[dict[str, str]]]", depth: int
) -> bytes:
    """Return the 32 bytes that stand for a value of that type."""
    if depth > _MAX_DEPTH:
        raise TypedDataError(f"{where} lies too deep")
    if kind[-1:] == "]":
        element, length = _element(kind)
        if not isinstance(value, (list, tuple)):
            raise TypedDataError(f"{where} must be a list")
        if length is not None and length != len(value):
            raise TypedDataError(f"{where} must have {length} elements")
        encoded = [_encode(f"{where}[{i}]", element, item, types, depth + 1) for i, item in enumerate(value)]
        return keccak256(b"".join(encoded))
    if kind in types:
        return _hash_struct(where, kind, value, types, depth + 1)
    if kind == "string":
        if not isinstance(value, str):
            raise TypedDataError(f"{where} must be text")
        return keccak256(value.encode())
    if kind == "bytes":
        return keccak256(_octets(where, value))
    if kind == "bool":
        if not isinstance(value, bool):
            raise TypedDataError(f"{where} must be true or false")
        return bytes(31) + (b"\x01" if value else b"\x00")
    if kind == "address":
        octets = _octets(where, value)
        if len(octets) != 20:
            raise TypedDataError(f"{where} must be an address of 20 bytes")
        return bytes(12) + octets
    if kind[:5] == "bytes" and 0 < len(kind) - 5 <= 2 and all("0" <= c <= "9" for c in kind[5:]):
        size = int(kind[5:])
        octets = _octets(where, value)
        if 0 < size <= 32 and len(octets) == size:
            return octets + bytes(32 - size)
        raise TypedDataError(f"{where} must have {size} bytes, and no more than 32")
    if kind[:4] == "uint" or kind[:3] == "int":
        return _whole(where, kind, value)
    raise TypedDataError(f"{kind[:80]} is no type")


def _hash_struct(
    where: str, name: str, value: object, types: "dict[str, list[dict[str, str]]]", depth: int
) -> bytes:
    fields = _fields(name, types)
    if not isinstance(value, dict):
        raise TypedDataError(f"{where} must be an object")
    if len(value) != len(fields):
        raise TypedDataError(f"{where} must have exactly the fields of {name}")
    encoded = [keccak256(encode_type(name, types).encode())]
    for field, kind in fields:
        if field not in value:
            raise TypedDataError(f"{where}.{field} is missing")
        encoded.append(_encode(f"{where}.{field}", kind, value[field], types, depth))
    return keccak256(b"".join(encoded))


def hash_struct(name: str, types: "dict[str, list[dict[str, str]]]", value: object) -> bytes:
    """Return keccak256(typeHash ‖ encodeData(value)) of a struct."""
    return _hash_struct(name, name, value, types, 0)


def domain_separator(domain: "dict[str, object]") -> bytes:
    """Return the hash of a domain, which has some of name, version, chainId, verifyingContract and salt."""
    fields = [{"name": name, "type": kind} for name, kind in _DOMAIN_FIELDS if name in domain]
    return hash_struct("EIP712Domain", {"EIP712Domain": fields}, domain)


def digest(typed: "dict[str, object]") -> bytes:
    """Return the 32 bytes to sign for typed data as JSON carries it: types, primaryType, domain, message.

    Raises TypedDataError for a value that does not fit its type, or a type that there is not.
    """
    for part, kind in (("types", dict), ("primaryType", str), ("domain", dict), ("message", dict)):
        if not isinstance(typed.get(part), kind):
            raise TypedDataError(f"{part} is missing, or of the wrong kind")
    types: "dict[str, list[dict[str, str]]]" = typed["types"]  # type: ignore[assignment]
    domain: "dict[str, object]" = typed["domain"]  # type: ignore[assignment]
    name: str = typed["primaryType"]  # type: ignore[assignment]
    if name not in types:
        raise TypedDataError(f"primaryType {name[:80]} is not among the types")
    separator = domain_separator(domain)
    if name == "EIP712Domain":
        return keccak256(b"\x19\x01" + separator)
    return keccak256(b"\x19\x01" + separator + hash_struct(name, types, typed["message"]))
