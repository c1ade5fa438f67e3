# SPDX-License-Identifier: Apache-2.0
"""The generic EIP-712 encoder against eth-account, on schemas that hypothesis makes up."""

from typing import Any

import pytest
from eth_account.messages import encode_typed_data
from eth_utils import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from electro_protocol.typed_data import TypedDataError, digest

NAMES = ("Order", "Person", "Asset", "Line")


def foreign_digest(typed: dict[str, Any]) -> bytes:
    signable = encode_typed_data(full_message=typed)
    return keccak(b"\x19" + signable.version + signable.header + signable.body)


def integers(bits: int, signed: bool) -> st.SearchStrategy[int]:
    least = -(1 << bits - 1) if signed else 0
    edges = st.sampled_from((least, 0, 1, least + (1 << bits) - 1))
    return edges | st.integers(least, least + (1 << bits) - 1)


@st.composite
def elementary(draw: st.DrawFn) -> tuple[str, st.SearchStrategy[Any]]:
    bits = 8 * draw(st.integers(1, 32))
    size = draw(st.integers(1, 32))
    return draw(
        st.sampled_from(
            (
                (f"uint{bits}", integers(bits, signed=False)),
                (f"int{bits}", integers(bits, signed=True)),
                (f"bytes{size}", st.binary(min_size=size, max_size=size)),
                ("bytes", st.binary(max_size=300)),
                ("string", st.text(max_size=40)),
                ("bool", st.booleans()),
                ("address", st.binary(min_size=20, max_size=20)),
            )
        )
    )


def _reached(name: str, types: dict[str, list[dict[str, str]]]) -> set[str]:
    inner = [field["type"].split("[")[0] for field in types[name]]
    return {name}.union(*[_reached(kind, types) for kind in inner if kind in types])


@st.composite
def typed_data(draw: st.DrawFn) -> dict[str, Any]:
    """Up to four structs, each of which may contain the ones after it, arrays of anything included."""
    count = draw(st.integers(1, len(NAMES)))
    types: dict[str, list[dict[str, str]]] = {}
    values: dict[str, st.SearchStrategy[Any]] = {}
    for name in reversed(NAMES[:count]):
        fields = {}
        for index in range(draw(st.integers(1, 4))):
            if values and draw(st.booleans()):
                kind = draw(st.sampled_from(sorted(values)))
                value = values[kind]
            else:
                kind, value = draw(elementary())
            for _ in range(draw(st.sampled_from((0, 0, 0, 1, 2)))):
                length = draw(st.none() | st.integers(1, 3))
                kind += f"[{'' if length is None else length}]"
                value = st.lists(value, min_size=length or 0, max_size=3 if length is None else length)
            fields[f"field{index}"] = (kind, value)
        types[name] = [{"name": field, "type": kind} for field, (kind, _) in fields.items()]
        values[name] = st.fixed_dictionaries({field: value for field, (_, value) in fields.items()})
    # eth-account guesses the primary type, so no struct may stand apart from the first
    reached = _reached(NAMES[0], types)
    types = {name: fields for name, fields in types.items() if name in reached}
    domain_values: dict[str, tuple[str, Any]] = {
        "name": ("string", "Electro"),
        "version": ("string", "1"),
        "chainId": ("uint256", draw(integers(256, signed=False))),
        "verifyingContract": ("address", "0x" + "ab" * 20),
        "salt": ("bytes32", bytes(range(32))),
    }
    chosen = draw(st.lists(st.sampled_from(sorted(domain_values)), min_size=1, unique=True))
    domain = {name: value for name, (_, value) in domain_values.items() if name in chosen}
    types["EIP712Domain"] = [{"name": name, "type": domain_values[name][0]} for name in domain]
    return {
        "types": types,
        "primaryType": NAMES[0],
        "domain": domain,
        "message": draw(values[NAMES[0]]),
    }


@settings(max_examples=250)
@given(typed_data())
def test_any_schema_hashes_as_eth_account_hashes_it(typed: dict[str, Any]) -> None:
    assert digest(typed) == foreign_digest(typed)


MAIL = {
    "types": {
        "Person": [{"name": "name", "type": "string"}, {"name": "wallet", "type": "address"}],
        "Mail": [
            {"name": "from", "type": "Person"},
            {"name": "to", "type": "Person"},
            {"name": "contents", "type": "string"},
        ],
    },
    "primaryType": "Mail",
    "domain": {
        "name": "Ether Mail",
        "version": "1",
        "chainId": 1,
        "verifyingContract": "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC",
    },
    "message": {
        "from": {"name": "Cow", "wallet": "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"},
        "to": {"name": "Bob", "wallet": "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"},
        "contents": "Hello, Bob!",
    },
}


def test_the_example_of_the_eip() -> None:
    assert digest(MAIL).hex() == "be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2"


def test_a_struct_may_refer_to_itself_through_an_array() -> None:
    typed = {
        "types": {"Tree": [{"name": "leaf", "type": "uint8"}, {"name": "children", "type": "Tree[]"}]},
        "primaryType": "Tree",
        "domain": {"name": "Wood"},
        "message": {"leaf": 1, "children": [{"leaf": 2, "children": []}]},
    }
    typed_with_domain = {
        **typed,
        "types": {**typed["types"], "EIP712Domain": [{"name": "name", "type": "string"}]},
    }
    assert digest(typed) == foreign_digest(typed_with_domain)


def nested(depth: int) -> dict[str, Any]:
    return {"leaf": 1, "children": [nested(depth - 1)] if depth else []}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("uint8", 256), ("uint8", -1), ("uint8", "256"), ("uint8", "1e1"), ("uint8", ""), ("uint8", True),
        ("uint8", 1.0), ("uint8", None), ("int8", 128), ("int8", -129), ("uint7", 1), ("uint264", 1), ("uint0", 0),
        ("uintx", 1), ("bytes32", bytes(31)), ("bytes33", bytes(33)), ("bytes0", b""), ("bytes4", "00112233"),
        ("bytes4", "0x0011223"), ("bytes", "text"), ("bool", 1), ("bool", "true"), ("string", b"x"), ("string", 1),
        ("address", "0x00"), ("address", bytes(21)), ("uint8[]", 5), ("uint8[2]", [1]), ("uint8[x]", [1]),
        ("uint8[]", [256]), ("Missing", {}), ("", 1), ("Tree", nested(20)), ("Tree", {"leaf": 1}),
        ("Tree", {"leaf": 1, "child": []}), ("Tree", {"leaf": 1, "children": [], "more": 1}), ("Tree", [1]),
    ],
)  # fmt: skip
def test_what_does_not_fit_its_type_is_refused(kind: str, value: object) -> None:
    tree = [{"name": "leaf", "type": "uint8"}, {"name": "children", "type": "Tree[]"}]
    typed: dict[str, Any] = {
        "types": {"Thing": [{"name": "it", "type": kind}], "Tree": tree},
        "primaryType": "Thing",
        "domain": {"name": "x"},
        "message": {"it": value},
    }
    with pytest.raises(TypedDataError):
        digest(typed)


@pytest.mark.parametrize("part", ["types", "primaryType", "domain", "message"])
def test_a_missing_part_is_refused(part: str) -> None:
    with pytest.raises(TypedDataError, match=part):
        digest({name: value for name, value in MAIL.items() if name != part})
    with pytest.raises(TypedDataError, match=part):
        digest({**MAIL, part: 5})


@pytest.mark.parametrize("fields", [5, [5], [{"name": "x"}], "it"])
def test_fields_that_are_none_are_refused(fields: object) -> None:
    with pytest.raises(TypedDataError, match="fields of Thing"):
        digest(
            {"types": {"Thing": fields}, "primaryType": "Thing", "domain": {"name": "x"}, "message": {"x": 1}}
        )
