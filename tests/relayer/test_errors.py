# SPDX-License-Identifier: Apache-2.0
"""Every failure has one form on the wire, and what nodes say is understood."""

import json

import pytest

from electro_relayer import errors
from electro_relayer.chain.nodewords import Verdict, demanded_wei, understand
from electro_relayer.chain.rpc import RpcError
from electro_relayer.errors import http_answer

REFUSALS = [
    errors.Malformed("x"),
    errors.BadSignature("x"),
    errors.UnknownDevice("0x1"),
    errors.NoSuchMeter("0x1"),
    errors.NotServed(1),
    errors.WrongSequence(expected=12, got=10),
    errors.RefusedByContract("TooLate", "x"),
    errors.TooLarge("x"),
    errors.TooManyInFlight("x"),
    errors.QueueFull("x"),
    errors.NodeDown("x"),
    errors.Draining("x"),
]


@pytest.mark.parametrize("error", REFUSALS, ids=lambda error: type(error).__name__)
def test_every_refusal_has_code_status_and_sentence(error):
    status, body, headers = http_answer(error)
    told = json.loads(json.dumps(body))["error"]
    assert 400 <= status < 600
    assert told["status"] == status
    assert told["code"].isupper()
    assert told["message"]
    assert (status in (429, 503)) == ("Retry-After" in headers)


def test_a_sequence_error_carries_both_numbers():
    assert http_answer(errors.WrongSequence(expected=12, got=10))[1]["error"] == {
        "code": "WRONG_SEQUENCE",
        "status": 409,
        "message": "The next report starts at interval 12, this one at 10.",
        "expected": 12,
        "got": 10,
    }


def test_the_contracts_reason_becomes_the_code():
    assert http_answer(errors.RefusedByContract("TooLate", "x"))[1]["error"]["code"] == "TOO_LATE"


def test_a_fault_of_ours_tells_nothing_of_itself(caplog):
    status, body, _ = http_answer(RuntimeError("secret"))
    assert status == 500
    assert "secret" not in json.dumps(body)
    assert "secret" in caplog.text


@pytest.mark.parametrize(
    ("code", "message", "verdict"),
    [
        # go-ethereum
        (-32000, "already known", Verdict.KNOWN),
        (-32000, "nonce too low: next nonce 5, tx nonce 4", Verdict.NONCE_LOW),
        (-32000, "replacement transaction underpriced", Verdict.REPLACEMENT),
        (-32000, "transaction underpriced: gas tip cap 1, minimum needed 25000000000", Verdict.UNDERPRICED),
        (-32000, "max fee per gas less than block base fee: address 0x0", Verdict.BASE_FEE),
        (-32000, "insufficient funds for gas * price + value: balance 0, tx cost 1", Verdict.POOR),
        (-32000, "txpool is full", Verdict.FULL),
        (-32000, "account limit exceeded: pooled 64 txs", Verdict.FULL),
        (-32000, "exceeds block gas limit", Verdict.REFUSED),
        (-32000, "transaction gas limit too high (cap: 16777216, tx: 20000000)", Verdict.REFUSED),
        (-32000, "oversized data: transaction size 131073, limit 131072", Verdict.REFUSED),
        (-32000, "intrinsic gas too low: gas 21000, minimum needed 53000", Verdict.GAS_LOW),
        (-32000, "gas required exceeds allowance (30000000)", Verdict.REFUSED),
        (-32000, "header not found", Verdict.TROUBLE),
        # Besu
        (-32000, "Known transaction", Verdict.KNOWN),
        (-32001, "Nonce too low", Verdict.NONCE_LOW),
        (-32006, "Nonce too high", Verdict.NONCE_HIGH),
        (-32000, "Transaction nonce is too distant from current sender nonce", Verdict.NONCE_HIGH),
        (-32009, "Gas price below configured minimum gas price", Verdict.UNDERPRICED),
        (-32009, "Gas price below current base fee", Verdict.BASE_FEE),
        (-32000, "Replacement transaction underpriced", Verdict.REPLACEMENT),
        (-32004, "Upfront cost exceeds account balance", Verdict.POOR),
        (-32007, "Sender account not authorized to send transactions", Verdict.NOT_ALLOWED),
        (-32005, "Transaction gas limit exceeds block gas limit", Verdict.REFUSED),
        (-32003, "Intrinsic gas exceeds gas limit", Verdict.GAS_LOW),
        (-32008, "Initial sync is still in progress", Verdict.TROUBLE),
        (-32603, "Timeout expired", Verdict.SLOW),
        # Nethermind, the old words and the new
        (-32010, "OldNonce, Current nonce: 7, nonce of rejected tx: 5.", Verdict.NONCE_LOW),
        (-32010, "FeeTooLowToCompete", Verdict.UNDERPRICED),
        (-32010, "AlreadyKnown", Verdict.KNOWN),
        (-32010, "ReplacementNotAllowed", Verdict.REPLACEMENT),
        (-32010, "NonceGap, Future nonce. Expected nonce: 4", Verdict.NONCE_HIGH),
        (-32010, "InsufficientFunds, Balance is 0", Verdict.POOR),
        (-32000, "nonce too far in future", Verdict.NONCE_HIGH),
        # Erigon
        (-32000, "existing txn with same hash", Verdict.KNOWN),
        (-32000, "could not replace existing tx", Verdict.REPLACEMENT),
        (-32000, "fee too low", Verdict.UNDERPRICED),
        (-32000, "baseFee sub-pool is full", Verdict.FULL),
        (-32000, "RLPTooLong", Verdict.REFUSED),
        # Reth
        (-32003, "transaction already imported", Verdict.KNOWN),
        (-32003, "insufficient gas price to replace existing transaction", Verdict.REPLACEMENT),
        (
            -32003,
            "transaction priority fee below minimum required priority fee 25000000000",
            Verdict.UNDERPRICED,
        ),
        (-32003, "transaction discarded outright due to pool size constraints", Verdict.FULL),
        (-32003, "transaction's gas limit 31 exceeds block's gas limit 30", Verdict.REFUSED),
        # anvil
        (-32003, "max fee per gas less than block base fee", Verdict.BASE_FEE),
        (-32003, "Insufficient funds for gas * price + value", Verdict.POOR),
        (-32003, "Out of gas: gas required exceeds allowance: 30000000", Verdict.REFUSED),
        # py-evm
        (-32000, "Invalid transaction nonce: Expected 5, but got 4", Verdict.NONCE_LOW),
        (-32000, "Invalid transaction nonce: Expected 5, but got 7", Verdict.NONCE_HIGH),
        # providers
        (-32005, "daily request count exceeded, request rate limited", Verdict.TROUBLE),
        (429, "slow down", Verdict.TROUBLE),
        # nobody's: no verdict on anything
        (-32000, "tx send limit of your plan reached", Verdict.UNKNOWN),
        (-32603, "", Verdict.UNKNOWN),
    ],
)
def test_each_nodes_words_are_understood(code, message, verdict):
    assert understand(RpcError(code, message)) is verdict


@pytest.mark.parametrize(
    ("words", "wei"),
    [
        ("transaction underpriced: gas tip cap 1, minimum needed 25000000000", 25 * 10**9),
        ("transaction priority fee below minimum required priority fee 25000000000", 25 * 10**9),
        ("transaction underpriced", None),
        ("minimum needed " + "9" * 99, None),
    ],
)
def test_what_a_pool_demands_is_read_where_it_says_so(words, wei):
    assert demanded_wei(words) == wei
