# SPDX-License-Identifier: Apache-2.0
"""The embedded chain answers JSON-RPC as a node does, for everything the relayer and the tools ask."""

from __future__ import annotations

import json
import socket
from typing import Any

import pytest
import requests
from eth_account import Account
from hypothesis import given
from hypothesis import strategies as st

from electro_protocol import address
from electro_tools.chain.ledger import Ledger
from electro_tools.chain.server import ChainServer
from electro_tools.errors import ToolError

KEY = bytes(31) + b"\x05"
ADDRESS = Account.from_key(KEY).address
GENESIS = 1_500_000_000


def _behind_deployer(code_hex: str) -> bytes:
    """Return what deploys this code."""
    code = bytes.fromhex(code_hex)
    return bytes([0x60, len(code), 0x80, 0x60, 0x0B, 0x60, 0, 0x39, 0x60, 0, 0xF3]) + code


# PUSH4 01020304 PUSH1 e0 SHL PUSH1 0 MSTORE PUSH1 4 PUSH1 0 REVERT
_DEPLOY = _behind_deployer("630102030460e01b60005260046000fd")
_TOPIC = bytes(range(32))
_DEPLOY_LOGS = _behind_deployer("7f" + _TOPIC.hex() + "60006000a100")  # LOG1 with the topic, of nothing


@pytest.fixture(scope="module")
def shared() -> Ledger:
    return Ledger(1337, GENESIS, [address.parse(ADDRESS)])


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(1337, GENESIS, [address.parse(ADDRESS)])


def ask(ledger: Ledger, method: str, *params: Any) -> Any:
    answer = ledger.answer({"jsonrpc": "2.0", "id": 7, "method": method, "params": list(params)})
    assert isinstance(answer, dict)
    assert answer["id"] == 7
    return answer.get("result", answer.get("error"))


def signed(nonce: int, data: bytes = b"", to: str | None = None) -> str:
    transaction = {"nonce": nonce, "gas": 200_000, "maxFeePerGas": 10**10, "maxPriorityFeePerGas": 10**9}
    transaction |= {"data": data, "chainId": 1337, "value": 0, "type": 2}
    if to is not None:
        transaction["to"] = to
    return "0x" + Account.sign_transaction(transaction, KEY).raw_transaction.hex()


def test_a_transaction_is_mined_when_it_is_sent(ledger: Ledger) -> None:
    sent = ask(ledger, "eth_sendRawTransaction", signed(0, _DEPLOY))
    receipt = ask(ledger, "eth_getTransactionReceipt", sent)
    assert receipt["status"] == "0x1"
    assert receipt["blockNumber"] == ask(ledger, "eth_blockNumber") == "0x1"
    assert ask(ledger, "eth_getTransactionCount", ADDRESS, "pending") == "0x1"


def test_revert_data_arrives_whole(ledger: Ledger) -> None:
    contract = ask(
        ledger, "eth_getTransactionReceipt", ask(ledger, "eth_sendRawTransaction", signed(0, _DEPLOY))
    )["contractAddress"]
    for method in ("eth_call", "eth_estimateGas"):
        error = ask(ledger, method, {"to": contract, "data": "0x"})
        assert (error["code"], error["data"]) == (3, "0x01020304")


def test_a_caller_without_money_may_call(ledger: Ledger) -> None:
    assert ask(ledger, "eth_call", {"from": "0x" + "12" * 20, "to": ADDRESS, "data": "0x"}) == "0x"


@pytest.mark.parametrize(("nonce", "words"), [(0, "nonce too low"), (5, "nonce too high")])
def test_a_nonce_out_of_order_is_refused_in_the_words_of_geth(ledger: Ledger, nonce: int, words: str) -> None:
    ask(ledger, "eth_sendRawTransaction", signed(0, to=ADDRESS))
    assert ask(ledger, "eth_sendRawTransaction", signed(nonce, to=ADDRESS))["message"].startswith(words)


def test_the_clock_stands_until_it_is_moved_and_never_goes_back(ledger: Ledger) -> None:
    def now() -> int:
        return int(ask(ledger, "eth_getBlockByNumber", "latest", False)["timestamp"], 16)

    assert now() == GENESIS
    ask(ledger, "evm_mine", GENESIS + 900)
    assert now() == GENESIS + 900
    assert "not after the newest block" in ask(ledger, "evm_mine", GENESIS + 900)["message"]
    ask(ledger, "eth_sendRawTransaction", signed(0, to=ADDRESS))
    assert now() == GENESIS + 901


def test_a_batch_answers_each_request(shared: Ledger) -> None:
    answers = shared.answer(
        [
            {"jsonrpc": "2.0", "id": i, "method": m, "params": []}
            for i, m in enumerate(("eth_chainId", "nonsense"))
        ]
    )
    assert isinstance(answers, list)
    assert answers[0]["result"] == "0x539"
    assert answers[1]["error"]["code"] == -32601


def test_unknown_things_are_null(shared: Ledger) -> None:
    assert ask(shared, "eth_getTransactionReceipt", "0x" + "11" * 32) is None
    assert ask(shared, "eth_getBlockByNumber", "0xffff", False) is None


def deployed(ledger: Ledger, code: bytes) -> str:
    sent = ask(ledger, "eth_sendRawTransaction", signed(0, code))
    contract: str = ask(ledger, "eth_getTransactionReceipt", sent)["contractAddress"]
    return contract


def test_logs_are_found_by_block_address_and_topic(ledger: Ledger) -> None:
    contract = deployed(ledger, _DEPLOY_LOGS)
    sent = [ask(ledger, "eth_sendRawTransaction", signed(nonce, to=contract)) for nonce in (1, 2)]
    logs = ask(ledger, "eth_getLogs", {"fromBlock": "earliest"})
    assert [log["transactionHash"] for log in logs] == sent
    assert [log["blockNumber"] for log in logs] == ["0x2", "0x3"]
    assert logs[0]["blockTimestamp"] == ask(ledger, "eth_getBlockByNumber", "0x2", False)["timestamp"]
    assert logs[1] == ask(ledger, "eth_getTransactionReceipt", sent[1])["logs"][0]
    topic = "0x" + _TOPIC.hex()
    for found, wanted in (
        ([], {"fromBlock": "0x4"}),
        (logs[1:], {}),
        (logs[:1], {"fromBlock": "0x0", "toBlock": "0x2"}),
        (logs[:1], {"blockHash": logs[0]["blockHash"]}),
        (
            logs,
            {
                "fromBlock": "0x0",
                "address": [contract.lower(), ADDRESS],
                "topics": [[topic, "0x" + "00" * 32]],
            },
        ),
        (logs, {"fromBlock": "0x0", "topics": [None]}),
        ([], {"fromBlock": "0x0", "address": ADDRESS}),
        ([], {"fromBlock": "0x0", "topics": ["0x" + "00" * 32]}),
        ([], {"fromBlock": "0x0", "topics": [topic, None]}),
    ):
        assert ask(ledger, "eth_getLogs", wanted) == found


@pytest.mark.parametrize(
    "wanted",
    [None, {"fromBlock": "-0x1"}, {"toBlock": 1.5}, {"address": "0x12"}, {"topics": ["0x12"]}, {"topics": "0x"},
     {"blockHash": "0x" + "11" * 32}],
)  # fmt: skip
def test_a_filter_for_logs_that_means_nothing_is_refused(shared: Ledger, wanted: Any) -> None:
    assert ask(shared, "eth_getLogs", wanted)["code"] == -32602


def test_a_call_sees_each_new_block(ledger: Ledger) -> None:
    clock = {"data": "0x4260005260206000f3"}  # returns TIMESTAMP
    for moved in (0, 0, 900):
        if moved:
            ask(ledger, "evm_mine", GENESIS + moved)
        assert int(ask(ledger, "eth_call", clock), 16) == GENESIS + moved


def test_an_estimate_suffices_where_a_call_within_gets_all_but_a_64th(ledger: Ledger) -> None:
    inner = deployed(ledger, _behind_deployer("6108005b600190038060035700"))  # counts down from 2,048
    calls = "6000600060006000600073" + inner[2:] + "5af1602557fe5b00"  # all its gas; fails with it
    sent = ask(ledger, "eth_sendRawTransaction", signed(1, _behind_deployer(calls)))
    outer = ask(ledger, "eth_getTransactionReceipt", sent)["contractAddress"]
    gas = int(ask(ledger, "eth_estimateGas", {"to": outer}), 16)
    assert ask(ledger, "eth_call", {"to": outer, "gas": hex(gas)}) == "0x"
    assert ask(ledger, "eth_call", {"to": outer, "gas": hex(gas * 62 // 64)})["code"] == 3


def test_blocks_name_their_transactions_or_hold_them(ledger: Ledger) -> None:
    sent = ask(ledger, "eth_sendRawTransaction", signed(0, to=ADDRESS))
    named = ask(ledger, "eth_getBlockByNumber", "latest", False)
    whole = ask(ledger, "eth_getBlockByHash", named["hash"], True)
    assert named["transactions"] == [sent]
    assert whole["transactions"] == [ask(ledger, "eth_getTransactionByHash", sent)]
    assert {**whole, "transactions": [sent]} == named


def test_what_is_taken_back_is_gone_and_what_comes_instead_is_there(ledger: Ledger) -> None:
    contract = deployed(ledger, _DEPLOY_LOGS)
    snapshot = ask(ledger, "evm_snapshot")
    gone = [ask(ledger, "eth_sendRawTransaction", signed(nonce, to=contract)) for nonce in (1, 2)]
    assert len(ask(ledger, "eth_getLogs", {"fromBlock": "0x0"})) == 2
    ask(ledger, "evm_revert", snapshot)
    assert ask(ledger, "eth_blockNumber") == "0x1"
    assert ask(ledger, "eth_getTransactionReceipt", gone[0]) is None
    ask(ledger, "evm_mine", GENESIS + 5000)
    instead = [ask(ledger, "eth_sendRawTransaction", signed(nonce, to=contract)) for nonce in (1, 2)]
    assert [log["transactionHash"] for log in ask(ledger, "eth_getLogs", {"fromBlock": "0x0"})] == instead


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_METHODS = [
    "eth_call",
    "eth_getBlockByNumber",
    "eth_sendRawTransaction",
    "eth_getLogs",
    "evm_mine",
    "eth_feeHistory",
]


@given(st.sampled_from(_METHODS), st.lists(_json, max_size=3))
def test_no_parameters_break_it(shared: Ledger, method: str, params: list[Any]) -> None:
    if method == "evm_mine" and params and isinstance(params[0], int):
        params = [-1]  # the shared ledger's clock stays where it is
    answer = shared.answer({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
    assert isinstance(answer, dict)
    assert ("result" in answer) != ("error" in answer)
    json.dumps(answer)


@given(_json)
def test_no_request_breaks_it(shared: Ledger, untrusted: Any) -> None:
    json.dumps(shared.answer(untrusted))


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 1_000_000])
def test_over_http_a_body_that_is_no_json_is_told_so(shared: Ledger, body: bytes) -> None:
    with ChainServer(shared) as server:
        answer = requests.post(server.url, data=body).json()
        assert requests.post(server.url, json={"id": 1, "method": "eth_chainId"}).json()["result"] == "0x539"
    assert answer["error"]["code"] == -32700


def test_a_port_in_use_is_one_sentence(shared: Ledger) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ToolError, match=f"port {port} is in use"), ChainServer(shared, port):
            pass
