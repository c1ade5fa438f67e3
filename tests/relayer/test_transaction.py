# SPDX-License-Identifier: Apache-2.0
"""Hand-built transactions are byte for byte what eth-account makes."""

import pytest
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from electro_relayer.chain.market import Fees, dynamic_offer, legacy_offer, replacement
from electro_relayer.paying.key import Key
from electro_relayer.paying.transaction import Call, sign

SECRET = bytes(range(1, 33))
CONTRACT = bytes(range(20))
wei = st.integers(0, 10**15)


def foreign(call: Call, nonce: int, **fees: int) -> tuple[bytes, bytes]:
    transaction = {
        "chainId": call.chain_id,
        "nonce": nonce,
        "to": "0x" + call.to.hex(),
        "value": 0,
        "data": call.data,
        "gas": call.gas,
        **fees,
    }
    signed = Account.sign_transaction(transaction, SECRET)
    return bytes(signed.raw_transaction), bytes(signed.hash)


@given(
    chain_id=st.integers(1, 2**40),
    nonce=st.integers(0, 2**40),
    gas=st.integers(0, 2**24),
    data=st.binary(max_size=300),
    tip=wei,
    more=wei,
)
def test_a_dynamic_fee_transaction_is_what_eth_account_signs(chain_id, nonce, gas, data, tip, more):
    call = Call(chain_id, CONTRACT, data, gas)
    ours = sign(Key(SECRET), call, nonce, Fees(tip + more, tip))
    assert (ours.raw, ours.hash) == foreign(
        call, nonce, type=2, maxFeePerGas=tip + more, maxPriorityFeePerGas=tip
    )


@given(chain_id=st.integers(1, 2**40), nonce=st.integers(0, 2**40), data=st.binary(max_size=300), price=wei)
def test_a_legacy_transaction_is_what_eth_account_signs(chain_id, nonce, data, price):
    call = Call(chain_id, CONTRACT, data, 100_000)
    ours = sign(Key(SECRET), call, nonce, Fees(price, price, legacy=True))
    assert (ours.raw, ours.hash) == foreign(call, nonce, gasPrice=price)


def test_a_key_shows_its_address_and_never_itself():
    key = Key(SECRET)
    assert "0x" + key.address.hex() == Account.from_key(SECRET).address.lower()
    assert SECRET.hex() not in repr(key)


def test_gas_is_free_where_the_chain_says_so():
    assert dynamic_offer(0, 0, 10**12) == Fees(0, 0)
    assert legacy_offer(0, 10**12) == Fees(0, 0, legacy=True)


def test_an_offer_leaves_room_for_a_rising_base_fee_but_not_beyond_the_cap():
    assert dynamic_offer(100, 5, 10**12) == Fees(205, 5)
    assert dynamic_offer(100, 5, 150) == Fees(150, 5)
    assert dynamic_offer(100, 500, 150) == Fees(150, 150)


@given(st.builds(Fees, st.integers(1, 10**12), st.integers(0, 10**12)))
def test_a_replacement_offers_at_least_a_tenth_more_of_both_figures(old):
    raised = replacement(old, Fees(0, 0), 10**18)
    assert raised is not None
    assert raised.max_fee_wei * 10 >= old.max_fee_wei * 11
    assert raised.priority_fee_wei * 10 >= min(old.priority_fee_wei, raised.max_fee_wei * 10 // 11) * 11


@pytest.mark.parametrize(
    ("old", "quote", "cap"),
    [(Fees(0, 0), Fees(0, 0), 10**9), (Fees(100, 1), Fees(50, 1), 110)],
    ids=["free chain", "cap"],
)
def test_no_replacement_where_it_would_be_useless_or_too_dear(old, quote, cap):
    assert replacement(old, quote, cap) is None
