# SPDX-License-Identifier: Apache-2.0
"""What revm answers of the embedded chain is what py-evm answers, which a call with a gas limit still asks."""

from __future__ import annotations

from typing import Any

import pytest
from eth_account import Account
from hypothesis import given, settings
from hypothesis import strategies as st

from electro_protocol import address
from electro_tools.chain import replica
from electro_tools.chain.ledger import Ledger

_KEYS = [bytes(31) + bytes([number]) for number in (5, 6)]
_ACCOUNTS = [Account.from_key(key).address for key in _KEYS]
_POOR = "0x" + "77" * 20

# Adds the first word of calldata to slot 0 and logs the sum; returns it with NUMBER, TIMESTAMP, CHAINID and CALLER;
# reverts with the sum if the word is 13.
_BODY = bytes.fromhex(
    "5f355f54015f52"  # mstore(0, calldataload(0) + sload(0))
    "5f35600d1460ff57"  # if the word is 13, go to the end
    "5f515f5560205fa0"  # sstore(0, mload(0)); log0 of it
    "43602052426040524660605233608052"
    "60a05ff3"
)
_COUNTER = _BODY.replace(b"\x60\xff", bytes([0x60, len(_BODY)])) + bytes.fromhex("5b60205ffd")


def _deployer(code: bytes) -> bytes:
    return bytes([0x60, len(code), 0x80, 0x60, 9, 0x5F, 0x39, 0x5F, 0xF3]) + code


def ask(ledger: Ledger, method: str, *params: Any) -> Any:
    answer = ledger.answer({"jsonrpc": "2.0", "id": 7, "method": method, "params": list(params)})
    assert isinstance(answer, dict)
    return answer.get("result", answer.get("error"))


def send(ledger: Ledger, who: int, data: bytes, to: str | None = None) -> Any:
    nonce = int(ask(ledger, "eth_getTransactionCount", _ACCOUNTS[who], "latest"), 16)
    fields = {"nonce": nonce, "gas": 300_000, "maxFeePerGas": 10**10, "maxPriorityFeePerGas": 10**9}
    fields |= {"data": data, "chainId": 1337, "value": 0, "type": 2} | ({} if to is None else {"to": to})
    raw = "0x" + Account.sign_transaction(fields, _KEYS[who]).raw_transaction.hex()
    return ask(ledger, "eth_getTransactionReceipt", ask(ledger, "eth_sendRawTransaction", raw))


def word(number: int) -> bytes:
    return number.to_bytes(32, "big")


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    return Ledger(1337, 1_500_000_000, [address.parse(account) for account in _ACCOUNTS])


_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 1), st.integers(0, 20)),
        st.tuples(st.just("deploy"), st.integers(0, 1), st.just(0)),
        st.tuples(st.just("mine"), st.just(0), st.integers(1, 900)),
    ),
    min_size=1,
    max_size=8,
)


@given(_STEPS)
@settings(max_examples=15)
def test_a_call_answers_as_py_evm_does(ledger: Ledger, steps: list[tuple[str, int, int]]) -> None:
    counters = [send(ledger, 0, _deployer(_COUNTER))["contractAddress"]]
    for what, who, number in steps:
        if what == "deploy":
            counters.append(send(ledger, who, _deployer(_COUNTER))["contractAddress"])
        elif what == "mine":
            now = int(ask(ledger, "eth_getBlockByNumber", "latest", False)["timestamp"], 16)
            ask(ledger, "evm_mine", now + number)
        else:
            assert send(ledger, who, word(number), counters[-1])["status"] == hex(number != 13)
        for counter in counters:
            for added in (1, 13):
                call = {"from": _POOR, "to": counter, "data": "0x" + word(added).hex()}
                answer = ask(ledger, "eth_call", call, "latest")
                assert answer == ask(ledger, "eth_call", {**call, "gas": hex(200_000)}, "latest")
                assert ("message" in answer) == (added == 13)


def test_where_a_transaction_ended_otherwise_py_evm_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replica, "_logs", lambda _result: [(b"", [], b"")])
    ledger = Ledger(1337, 1_500_000_000, [address.parse(account) for account in _ACCOUNTS])
    counter = send(ledger, 0, _deployer(_COUNTER))["contractAddress"]
    monkeypatch.setattr(replica.Replica, "call", None)  # is not asked
    assert int(ask(ledger, "eth_call", {"to": counter, "data": "0x" + word(3).hex()})[2:66], 16) == 3


def test_what_is_refused_here_alone_is_answered_by_py_evm(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> bytes:
        raise replica.Refused(b"")

    ledger = Ledger(1337, 1_500_000_000, [address.parse(account) for account in _ACCOUNTS])
    counter = send(ledger, 0, _deployer(_COUNTER))["contractAddress"]
    monkeypatch.setattr(replica.Replica, "_run", refused)
    assert send(ledger, 0, word(4), counter)["status"] == "0x1"
    assert int(ask(ledger, "eth_call", {"to": counter, "data": "0x" + word(3).hex()})[2:66], 16) == 7
