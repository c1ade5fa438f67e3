# SPDX-License-Identifier: Apache-2.0
"""EIP-712 for any typed data: nested structs, arrays of any shape, every elementary type.

Electro's own messages are flat and don't need it; a meter that only sends them never imports it.

    digest({"types": {"Mail": [{"name": "to", "type": "address"}, {"name": "body", "type": "string"}]},
            "primaryType": "Mail", "domain": {"name": "Post", "chainId": 1},
            "message": {"to": "0x…", "body": "Hello"}})

Integers are ints, decimal strings or 0x-hex, bytes and addresses are bytes or 0x-hex, arrays lists or tuples,
structs dicts. `TypedDataError` is the one failure, whatever the input; its sentence names the place.

What two signers could understand in two ways is refused: a declared EIP712Domain that is not the domain's own
fields in their usual order (some wallets obey it, some don't), fields that no type has, two fields of one name,
names that are no identifiers or those of elementary types, and text that is no Unicode.

Source: EIP-712, sections "Definition of encodeType", "encodeData" and "domainSeparator".
"""

from binascii import unhexlify

from .keccak import keccak256

TYPE_CHECKING = False
if TYPE_CHECKING:
    _Known = dict[str, tuple[bytes, list[tuple[str, str]]]]  # type hash and fields of structs met so far

_DOMAIN = "EIP712Domain"
_DOMAIN_FIELDS = (
    ("name", "string"),
    ("version", "string"),
    ("chainId", "uint256"),
    ("verifyingContract", "address"),
    ("salt", "bytes32"),
)
_MAX_DEPTH = 16  # of values in values: a type that contains itself would go on for ever
_PLAIN = ("address", "bool", "bytes", "int", "string", "uint")
# what Solidity calls types beside those, with and without numbers: no struct may be taken for one of them
_RESERVED = ("byte", "bytes", "fixed", "function", "int", "ufixed", "uint")
_MAX_DECIMALS = 78  # of 2^256
_MAX_HEX = 64
_MAX_LENGTH_DIGITS = 9  # of a fixed array: it has to be in memory


class TypedDataError(ValueError):
    """Typed data that EIP-712 has no encoding for."""


def _shown(value: object) -> str:
    """Return what a person can read of a name that somebody sent."""
    text = value if isinstance(value, str) else type(value).__name__
    return "".join([c if " " < c <= "~" else "?" for c in text[:80]])


def _are_digits(text: str, most: int) -> bool:
    """Return whether these are one to `most` decimal digits; isdigit would also take those of other scripts."""
    return 0 < len(text) <= most and all("0" <= c <= "9" for c in text)


def _is_identifier(name: object) -> bool:
    if not isinstance(name, str) or not name or "0" <= name[0] <= "9":
        return False
    return all("a" <= c <= "z" or "A" <= c <= "Z" or "0" <= c <= "9" or c in "_$" for c in name)


def _is_elementary(kind: str) -> bool:
    if kind in _PLAIN:
        return True
    for prefix in ("uint", "int", "bytes"):
        number = kind[len(prefix) :]
        if kind[: len(prefix)] == prefix and _are_digits(number, 3) and number[0] != "0":
            bits = int(number) * (8 if prefix == "bytes" else 1)
            return bits <= 256 and not bits % 8
    return False


def _is_reserved(name: str) -> bool:
    """Return whether a struct of this name could be taken for an elementary type."""
    return name in _PLAIN or name.rstrip("0123456789").rstrip("x").rstrip("0123456789") in _RESERVED


def _base(kind: str) -> "str | None":
    """Return the type without its array brackets, None if they are not [] or [number]."""
    at = kind.find("[")
    if at < 0:
        return kind
    base = kind[:at]
    while at < len(kind):
        end = kind.find("]", at)
        length = kind[at + 1 : end]
        if kind[at] != "[" or end < 0:
            return None
        if length and (not _are_digits(length, _MAX_LENGTH_DIGITS) or length[0] == "0" != length):
            return None
        at = end + 1
    return base


def _fields(name: str, types: "dict[str, object]") -> "list[tuple[str, str]]":
    """Return [(name, type), …] of a struct, each of them sound."""
    listed = types[name]
    if not isinstance(listed, (list, tuple)):
        raise TypedDataError(f"the fields of {_shown(name)} must be a list of name and type")
    fields = []
    names = set()
    for one in listed:
        if not isinstance(one, dict) or "name" not in one or "type" not in one:
            raise TypedDataError(f"the fields of {_shown(name)} must be a list of name and type")
        field, kind = one["name"], one["type"]
        if not _is_identifier(field) or field in names:
            raise TypedDataError(f"{_shown(name)} has a field {_shown(field)}: no name, or used twice")
        base = _base(kind) if isinstance(kind, str) else None
        if base is None or not (_is_elementary(base) or base in types):
            raise TypedDataError(f"{_shown(name)}.{field}: {_shown(kind)} is no type")
        names.add(field)
        fields.append((field, kind))
    return fields


def _reached(name: str, types: "dict[str, object]") -> "dict[str, list[tuple[str, str]]]":
    """Return the fields of the struct and of all structs it refers to, however long the chain."""
    if not isinstance(types, dict):
        raise TypedDataError("types must be an object")
    for one in types:
        if not _is_identifier(one) or _is_reserved(one):
            raise TypedDataError(f"a struct can't be called {_shown(one)}")
    if not isinstance(name, str) or name not in types:
        raise TypedDataError(f"{_shown(name)} is not among the types")
    found: "dict[str, list[tuple[str, str]]]" = {}
    ahead = [name]
    while ahead:
        one = ahead.pop()
        if one not in found:
            found[one] = _fields(one, types)
            ahead.extend([kind.split("[")[0] for _, kind in found[one] if kind.split("[")[0] in types])
    return found


def encode_type(name: str, types: "dict[str, object]") -> str:
    """Return the type string of a struct: itself, then the structs it refers to in alphabetical order."""
    structs = _reached(name, types)
    parts = []
    for struct in [name] + sorted([other for other in structs if other != name]):
        parts.append(struct + "(" + ",".join([kind + " " + field for field, kind in structs[struct]]) + ")")
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


def _utf8(where: str, text: str) -> bytes:
    """Return text in UTF-8; two surrogates of a pair are one character, as which CPython's json reads them."""
    if all(c < "\x80" for c in text):
        return text.encode()
    out = []
    high = 0  # the first half of a pair
    for c in text:
        point = ord(c)
        if bool(high) != (0xDC00 <= point <= 0xDFFF) or point > 0x10FFFF:
            high = -1
            break
        if high:
            point = 0x10000 + ((high - 0xD800) << 10) + point - 0xDC00
            high = 0
        elif 0xD800 <= point <= 0xDBFF:
            high = point
            continue
        out.append(chr(point))
    whole = "".join(out)
    # MicroPython's strings may hold what is no UTF-8: then what was read of it is not what it holds
    if high or (len(whole) == len(text) and whole != text):
        raise TypedDataError(f"{where} must be text, without half characters")
    return whole.encode()


def _whole(where: str, kind: str, value: object) -> bytes:
    """Return an integer of type uintN or intN in 32 bytes, two's complement."""
    signed = kind[0] == "i"
    bits = int(kind[3 if signed else 4 :] or "256")
    if isinstance(value, str):
        if value[:2] == "0x":
            digits = value[2:]
            hexed = all("0" <= c <= "9" or "a" <= c <= "f" or "A" <= c <= "F" for c in digits[: _MAX_HEX + 1])
            value = int(digits, 16) if hexed and 0 < len(digits) <= _MAX_HEX else None
        else:
            value = int(value) if _are_digits(value[value[:1] == "-" :], _MAX_DECIMALS) else None
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypedDataError(f"{where} must be a whole number")
    least = -(1 << (bits - 1)) if signed else 0
    if not least <= value < least + (1 << bits):
        raise TypedDataError(f"{where} is out of the range of {kind}")
    return (value % (1 << 256)).to_bytes(32, "big")


def _elementary(where: str, kind: str, value: object) -> bytes:
    """Return the 32 bytes that stand for a value of an elementary type."""
    if kind == "string":
        if not isinstance(value, str):
            raise TypedDataError(f"{where} must be text")
        return keccak256(_utf8(where, value))
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
    if kind[:5] == "bytes":
        octets = _octets(where, value)
        if len(octets) != int(kind[5:]):
            raise TypedDataError(f"{where} must have {kind[5:]} bytes")
        return octets + bytes(32 - len(octets))
    return _whole(where, kind, value)


def _encode(
    where: str, kind: str, value: object, types: "dict[str, object]", known: "_Known", depth: int
) -> bytes:
    """Return the 32 bytes that stand for a value of a type that `_reached` has found sound."""
    if depth > _MAX_DEPTH:
        raise TypedDataError(f"{where} lies too deep")
    if kind[-1] == "]":
        start = kind.rfind("[")
        if not isinstance(value, (list, tuple)):
            raise TypedDataError(f"{where} must be a list")
        if kind[start:] != "[]" and int(kind[start + 1 : -1]) != len(value):
            raise TypedDataError(f"{where} must have {kind[start + 1 : -1]} elements")
        inner = kind[:start]
        return keccak256(
            b"".join(
                [_encode(f"{where}[{i}]", inner, one, types, known, depth + 1) for i, one in enumerate(value)]
            )
        )
    if kind in types:
        return _struct(where, kind, value, types, known, depth + 1)
    return _elementary(where, kind, value)


def _struct(
    where: str, name: str, value: object, types: "dict[str, object]", known: "_Known", depth: int
) -> bytes:
    if name not in known:
        known[name] = keccak256(encode_type(name, types).encode()), _fields(name, types)
    type_hash, fields = known[name]
    if not isinstance(value, dict):
        raise TypedDataError(f"{where} must be an object")
    if len(value) != len(fields):
        raise TypedDataError(f"{where} must have exactly the fields of {name}")
    encoded = [type_hash]
    for field, kind in fields:
        if field not in value:
            raise TypedDataError(f"{where}.{field} is missing")
        encoded.append(_encode(f"{where}.{field}", kind, value[field], types, known, depth))
    return keccak256(b"".join(encoded))


def hash_struct(name: str, types: "dict[str, object]", value: object) -> bytes:
    """Return keccak256(typeHash ‖ encodeData(value)) of a struct."""
    if not isinstance(name, str):
        raise TypedDataError("the name of a struct must be text")
    return _struct(_shown(name), name, value, types, {}, 0)


def domain_separator(domain: "dict[str, object]") -> bytes:
    """Return the hash of a domain, which has some of name, version, chainId, verifyingContract and salt."""
    return hash_struct(_DOMAIN, {_DOMAIN: _domain_fields(domain)}, domain)


def _domain_fields(domain: object) -> "list[dict[str, str]]":
    """Return the type of a domain, as EIP-712 has it: the fields that it has, in their order."""
    if not isinstance(domain, dict):
        raise TypedDataError("domain must be an object")
    fields = [{"name": name, "type": kind} for name, kind in _DOMAIN_FIELDS if name in domain]
    if len(fields) != len(domain):
        raise TypedDataError("domain has a field beside name, version, chainId, verifyingContract and salt")
    return fields


def digest(typed: "dict[str, object]") -> bytes:
    """Return the 32 bytes to sign for typed data as JSON carries it: types, primaryType, domain, message.

    Raises TypedDataError for a value that does not fit its type, or a type that there is not.
    """
    if not isinstance(typed, dict):
        raise TypedDataError("typed data must be an object")
    for part, kind in (("types", dict), ("primaryType", str), ("domain", dict), ("message", dict)):
        if not isinstance(typed.get(part), kind):
            raise TypedDataError(f"{part} is missing, or of the wrong kind")
    types: "dict[str, object]" = typed["types"]  # type: ignore[assignment]
    domain: "dict[str, object]" = typed["domain"]  # type: ignore[assignment]
    name: str = typed["primaryType"]  # type: ignore[assignment]
    if name not in types:
        raise TypedDataError(f"primaryType {_shown(name)} is not among the types")
    if _DOMAIN in types and _fields(_DOMAIN, types) != _fields(_DOMAIN, {_DOMAIN: _domain_fields(domain)}):
        raise TypedDataError(
            f"{_DOMAIN} is declared with other fields than the domain has, or in another order"
        )
    separator = domain_separator(domain)
    if name != _DOMAIN:
        return keccak256(b"\x19\x01" + separator + hash_struct(name, types, typed["message"]))
    if typed["message"] and typed["message"] != domain:
        raise TypedDataError("message is not the domain, which is all that is signed")
    _reached(name, types)  # what is not signed must be sound all the same
    return keccak256(b"\x19\x01" + separator)
