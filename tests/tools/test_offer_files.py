# SPDX-License-Identifier: Apache-2.0
"""An offer's file is the offer or one sentence, whatever somebody made of it on its way."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.tools.agreements import START, TERMS

from electro_protocol import address
from electro_protocol.eip712 import Domain
from electro_protocol.secp256k1 import public_key
from electro_protocol.signed import SignedMessage
from electro_tools import papers
from electro_tools.agreement import offer, terms_file
from electro_tools.agreement.offer import Offer
from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from pathlib import Path

KEY = b"\x05" * 32


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Offer:
    terms = terms_file.parse(
        TERMS.format(start="2027-01-15T00:00:00Z", hours=48), tmp_path_factory.mktemp("terms")
    )
    consumer = address.address_of(public_key(KEY))
    plain = Offer(Domain(5, b"\x11" * 20), 3, consumer, 2**60, (b"\x22" * 20,), terms)
    return Offer(
        *(plain.domain, 3, consumer, plain.bonus, plain.devices, terms, None),
        SignedMessage.make(plain.acceptance(START), plain.domain, KEY),
    )


def _same(left: Offer, right: Offer) -> bool:
    return left.to_json() == right.to_json()


def test_a_signed_offer_comes_back_as_it_was(signed: Offer, tmp_path: Path) -> None:
    papers.write(tmp_path / "offer.json", signed)
    again = offer.read(tmp_path / "offer.json")
    assert _same(again, signed)
    assert again.bonus == 2**60
    assert again.terms == signed.terms
    assert again.signed is not None
    assert again.signed.signer(again.domain) == signed.consumer


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just("0x" + "11" * 20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), value=_json)
def test_no_change_of_a_file_breaks_the_reader_or_passes_the_signature(
    signed: Offer, tmp_path: Path, data: st.DataObject, value: Any
) -> None:
    content = copy.deepcopy(signed.to_json())
    places = [(content, key) for key in content] + [
        (content[part], key) for part in ("terms", "signed") for key in content[part]
    ]
    holder, key = data.draw(st.sampled_from(places))
    kept = holder[key]
    holder[key] = value
    file = tmp_path / "offer.json"
    file.write_text(json.dumps(content))
    sentence = ""
    try:
        read = offer.read(file)
    except ToolError as error:
        sentence = error.sentence
    if sentence:
        assert sentence.startswith(f"{file} is no offer: ")
    elif key == "signed":
        assert value is None
    elif key == "renews":
        assert value is None or isinstance(value, int | str)
    else:  # what can't be told from what was signed: another signer, or the same in other letters
        recovered = read.signed is not None and read.signed.signer(read.domain) == signed.consumer
        unchanged = _same(read, signed)
        assert unchanged or not recovered or key == "consumer", (key, kept, value)
