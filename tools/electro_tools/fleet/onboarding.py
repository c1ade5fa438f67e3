# SPDX-License-Identifier: Apache-2.0
"""Bring a fleet under agreements: many enrolments on their way at once, then an agreement for each 64 meters."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from eth_account import Account

from electro_contracts.events import AgreementProposed
from electro_protocol.secp256k1 import compact
from electro_protocol.signed import SignedMessage
from electro_tools.agreement.offer import Offer
from electro_tools.contract.logs import happened, only
from electro_tools.errors import ToolError
from electro_tools.transact import send

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eth_account.signers.local import LocalAccount
    from web3.contract import Contract

    from electro_contracts.terms import Terms
    from electro_protocol.eip712 import Domain

MOST_PLACES = 64  # metering points of an agreement, rotations included
_MINED_S = 180
_GAS_PERCENT = 150  # of the first one's estimate: a later one may write a slot more


def enrol(
    contract: Contract,
    operator: LocalAccount,
    ready: Sequence[dict[str, Any]],
    at_once: int,
    tell: Callable[[int], None],
) -> list[str]:
    """Enrol every meter, so many transactions on their way at once; return their addresses.

    Raises:
        ToolError: one is refused, or not mined in time.
    """
    web3 = contract.w3
    calls = []
    for each in ready:
        signed = SignedMessage.from_json(each["enrollment"])
        message, signature = signed.message, compact(signed.signature)
        calls.append(contract.functions.enrol(*message.values(), signature[:32], signature[32:]))
    fields: Any = {"from": operator.address, "chainId": web3.eth.chain_id}
    if not web3.eth.get_block("latest").get("baseFeePerGas"):
        fields["gasPrice"] = web3.eth.gas_price  # a zero-fee or pre-London network
    fields["gas"] = calls[0].estimate_gas({"from": operator.address}) * _GAS_PERCENT // 100
    nonce = web3.eth.get_transaction_count(operator.address)
    for first in range(0, len(calls), at_once):
        sent = []
        for place, call in enumerate(calls[first : first + at_once], first):
            numbered: Any = {**fields, "nonce": nonce + place}
            transaction: Any = call.build_transaction(numbered)
            sent.append(web3.eth.send_raw_transaction(operator.sign_transaction(transaction).raw_transaction))
        for place, mined in enumerate(sent, first):
            receipt = web3.eth.wait_for_transaction_receipt(mined, timeout=_MINED_S, poll_latency=0.05)
            if receipt["status"] != 1:
                raise ToolError(f"the contract refuses the enrolment of {ready[place]['address']}")
        tell(min(len(calls), first + at_once))
    return [str(each["address"]) for each in ready]


def agree(
    contract: Contract, domain: Domain, operator: LocalAccount, terms: Terms, bonus: int, devices: list[str]
) -> tuple[int, bytes]:
    """Return the id of a new agreement over these meters, accepted by a consumer made for it, and the consumer."""
    calls = contract.functions
    consumer: LocalAccount = Account.from_key(secrets.token_bytes(32))
    proposal = calls.propose(consumer.address, terms.to_tuple(), devices, bonus)
    proposed = only(happened(send(contract.w3, operator, proposal), contract.address), AgreementProposed)
    offer = Offer(
        domain, proposed.agreement_id, proposed.consumer, proposed.bonus, proposed.devices, proposed.terms
    )
    consent = SignedMessage.make(offer.acceptance(terms.start), domain, bytes(consumer.key))
    # the consumer signs and needs no money: the operator sends it
    send(contract.w3, operator, calls.acceptBySignature(*consent.message.values(), consent.signature))
    return offer.agreement_id, offer.consumer
