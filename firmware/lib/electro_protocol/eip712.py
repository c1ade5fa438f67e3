# SPDX-License-Identifier: Apache-2.0
"""EIP-712: type hashes, the encoding of a struct's fields, and the domain that binds a signature.

Knows the field types that Electro's flat structs use: uintN, bytesN, bytes, string and address. typed_data
encodes everything else.
"""

from .keccak import keccak256

_DOMAIN_TYPE = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
NAME = "Electro"
VERSION = "1"


class MessageError(ValueError):
    """A message that does not fit its type; the sentence names the field."""


_known: "dict[str, tuple[bytes, tuple[str, ...]]]" = {}


def _type(type_string: str) -> "tuple[bytes, tuple[str, ...]]":
    """Return the type hash and the fields' types, which hashing needs; their names would take twice the memory."""
    if type_string not in _known:
        types = tuple([field_type for field_type, _ in fields_of(type_string)])
        _known[type_string] = keccak256(type_string.encode()), types
    return _known[type_string]


def fields_of(type_string: str) -> "tuple[tuple[str, str], ...]":
    """Return ((type, name), …) of a type string such as "Mail(address to,bytes body)"."""
    inside = type_string[type_string.index("(") + 1 : -1]
    return tuple([tuple(field.split(" ")) for field in inside.split(",")])  # type: ignore[misc]


def check(field_type: str, name: str, value: object) -> None:
    """Raise MessageError, naming the field, unless value is in the range of the EIP-712 type."""
    if field_type[:4] == "uint":
        bits = int(field_type[4:])
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << bits:
            raise MessageError(f"{name} must be a whole number from 0 to 2^{bits} - 1")
    elif not isinstance(value, bytes):
        raise MessageError(f"{name} must be bytes")
    elif len(field_type) > 5 and len(value) != int(field_type[5:]):
        raise MessageError(f"{name} must have {field_type[5:]} bytes")


def encode(field_type: str, value: "int | bytes | str") -> bytes:
    """Return the 32 bytes that stand for a value in hashStruct."""
    if isinstance(value, int):
        return value.to_bytes(32, "big")
    if isinstance(value, str):
        return keccak256(value.encode())
    if field_type == "bytes":
        return keccak256(value)
    if field_type == "address":
        return bytes(12) + value
    return value + bytes(32 - len(value))


def hash_struct(type_string: str, values: "tuple[int | bytes | str, ...]") -> bytes:
    """Return keccak256(typeHash ‖ encodeData(values))."""
    type_hash, types = _type(type_string)
    encoded = bytearray(32 + 32 * len(types))
    encoded[:32] = type_hash
    at = 32
    for field_type, value in zip(types, values):  # noqa: B905 - no strict= on MicroPython
        encoded[at : at + 32] = encode(field_type, value)
        at += 32
    return keccak256(encoded)


class Domain:
    """The chain and the contract for which a message is signed; no other may take it."""

    def __init__(self, chain_id: int, contract: bytes) -> None:
        check("uint256", "chain_id", chain_id)
        if not isinstance(contract, bytes) or len(contract) != 20:
            raise ValueError("contract must be an address of 20 bytes")
        self.chain_id = chain_id
        self.contract = contract
        self.separator = hash_struct(_DOMAIN_TYPE, (NAME, VERSION, chain_id, contract))

    def digest(self, struct_hash: bytes) -> bytes:
        """Return the 32 bytes to sign for a struct under this domain."""
        return keccak256(b"\x19\x01" + self.separator + struct_hash)
