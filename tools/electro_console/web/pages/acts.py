# SPDX-License-Identifier: Apache-2.0
"""What an account can do to an agreement; an act in words and money, rehearsed; a signature as a transaction; notes.

Nothing is sent from here: the browser's wallet signs or sends what is answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from electro_console import refusals
from electro_console.index.addresses import checksum
from electro_console.web.acting import bands, meters, money, parties
from electro_console.web.acting.act import Setting
from electro_console.web.answers import NAMES, Page, words_of
from electro_console.web.errors import BadRequest, NoSuchPage
from electro_console.web.node import Reverted, calldata
from electro_console.web.questions import QUESTIONS
from electro_contracts.clear_signing import typed_data
from electro_plan.sentence import foreign, sentence
from electro_protocol import address
from electro_protocol.eip712 import Domain
from electro_protocol.keccak import keccak256
from electro_protocol.messages import BY_NAME, Message, MessageError
from electro_protocol.secp256k1 import SignatureError
from electro_protocol.signed import SignedMessage

from . import asked

if TYPE_CHECKING:
    from aiohttp import web

    from electro_console.web.acting.act import Act, Prepared
    from electro_console.web.questions import Questions
    from electro_console.web.words import Words

_OPERATOR = keccak256(b"OPERATOR_ROLE")
_PATH = r"/agreements/{id:[1-9]\d{0,17}}"
ACTS: dict[str, Act] = {act.name: act for act in (*parties.ACTS, *bands.ACTS, *meters.ACTS, *money.ACTS)}
_LEAST_V = 27  # wallets write the last byte as 0 or 1, too
_BY_SIGNATURE = {"AgreementAcceptance": "acceptBySignature", "DiscountRedemption": "redeemBySignature"}


async def possible(request: web.Request) -> Page:
    """Say what an account can do now."""
    sender = asked.account(request, "account")
    if sender is None:
        raise BadRequest(sentence("account: whose acts are asked for?"))
    setting = await setting_of(request, sender)
    found = []
    for act in ACTS.values():
        fields = await setting.questions.ask(act.possible, setting)
        if fields is not None:
            found.append(
                {
                    "act": act.name,
                    "title": setting.w.say(act.title),
                    "fields": [vars(each) for each in fields],
                }
            )
    role = "consumer" if setting.consumer else "operator" if setting.operator else "other"
    return Page("acts.html", {"account": checksum(sender), "role": role, "now": setting.now, "acts": found})


async def prepare(request: web.Request) -> Page:
    """Put an act in words and money, rehearse it, and answer what the wallet is to sign or send."""
    given = await json_of(request)
    sender = sender_of(given)
    act = ACTS.get(request.match_info["act"])
    if act is None:
        raise NoSuchPage(sentence("there is no such act"))
    setting = await setting_of(request, sender)
    if await setting.questions.ask(act.possible, setting) is None:
        raise BadRequest(
            sentence("this account can't do that now"), sentence("load the page again: it may have been done")
        )
    return Page(
        "acts.html",
        await rehearsed(
            sender, await act.prepare(setting, given), setting.w.say(act.title), setting.questions, setting.w
        ),
    )


async def rehearsed(
    sender: bytes, made: Prepared, title: str, questions: Questions, w: Words
) -> dict[str, Any]:
    """Return an act with what the contract says to it."""
    name, arguments = made.call
    data = calldata(name, *arguments)
    refused = None
    try:
        if made.alone:
            await questions.node.call(sender, data)
    except Reverted as reverted:
        refused, _ = refusals.explain(reverted.data, w.instant, w.say)  # its hints name commands
    status = await questions.status()
    domain = Domain(status.chain_id, status.contract)
    return {
        "title": title,
        "sender": checksum(sender),
        "means": made.means,
        "lines": [list(each) for each in made.lines],
        "refused": refused,
        "function": name,
        "transaction": transaction(sender, status.contract, data) if made.alone else None,
        "chain_id": status.chain_id,
        "note": made.note,
        "typed_data": None if made.message is None else typed_data(made.message, domain),
    }


def transaction(sender: bytes, contract: bytes, data: bytes) -> dict[str, str]:
    """Return what eth_sendTransaction takes."""
    return {"from": checksum(sender), "to": checksum(contract), "data": "0x" + data.hex(), "value": "0x0"}


async def signed(request: web.Request) -> Page:
    """Check a signature of typed data, and answer the file and the transaction by which anybody can send it."""
    given = await json_of(request)
    sender = sender_of(given)
    questions = request.app[QUESTIONS]
    status = await questions.status()
    domain = Domain(status.chain_id, status.contract)
    message, signature = _message(given), _signature(given)
    try:
        made = SignedMessage(message, signature)
        signer = made.signer(domain)
    except (SignatureError, ValueError) as error:
        raise BadRequest(sentence("that is no signature{0}", foreign(error))) from error
    if signer != sender:
        raise BadRequest(
            sentence(
                "that is not the signature of {0}: it recovers to {1}", checksum(sender), checksum(signer)
            )
        )
    name = type(message).__name__
    arguments = (message.values(), signature) if name == "Renomination" else (*message.values(), signature)
    data = calldata(_BY_SIGNATURE.get(name, "renominate"), *arguments)
    file = {"chain_id": status.chain_id, "contract": checksum(status.contract), "signed": made.to_json()}
    return Page(
        "acts.html",
        {
            "file": file,
            "transaction": transaction(sender, status.contract, data),
            "chain_id": status.chain_id,
        },
    )


def _message(given: dict[str, Any]) -> Message:
    data = given.get("typed_data")
    try:
        found: Message = BY_NAME[data["primaryType"]].from_json(data["message"])  # type: ignore[index]
    except (KeyError, TypeError, ValueError, MessageError) as error:
        raise BadRequest(sentence("that is not what a consumer signs{0}", foreign(error))) from error
    return found


def _signature(given: dict[str, Any]) -> bytes:
    try:
        signature = bytes.fromhex(str(given.get("signature", "")).removeprefix("0x"))
    except ValueError:
        signature = b""
    if len(signature) != 65:
        raise BadRequest(sentence("a signature is 0x and 130 hex digits"))
    return signature if signature[64] >= _LEAST_V else signature[:64] + bytes([signature[64] + _LEAST_V])


async def setting_of(request: web.Request, sender: bytes) -> Setting:
    """Return what an act of an account's is prepared from, at the newest block."""
    questions, names = request.app[QUESTIONS], request.app[NAMES]
    _, now = await questions.node.newest()
    found = await questions.ask(questions.index.agreement, asked.identity(request), now)
    operator = await questions.node.view("hasRole", _OPERATOR, sender)
    status = await questions.status()
    owed = 0 if status.currency is None else await questions.node.view("owed", sender)
    return Setting(found, sender, bool(operator), now, int(owed), words_of(request), names, questions)


async def json_of(request: web.Request) -> dict[str, Any]:
    """Return a JSON object that was sent."""
    if request.content_length is None or request.content_length > 1 << 16:
        raise BadRequest(sentence("more came than an act needs"))
    try:
        found = await request.json()
    except (ValueError, RecursionError) as error:
        raise BadRequest(sentence("that is no JSON")) from error
    if not isinstance(found, dict):
        raise BadRequest(sentence("that is no JSON object"))
    return found


def sender_of(given: dict[str, Any]) -> bytes:
    """Return whose act it is to be."""
    try:
        return address.parse(str(given.get("sender", "")))
    except ValueError as error:
        raise BadRequest(sentence("sender: an account is 0x and 40 hex digits")) from error


ADDRESSES = {f"{_PATH}/acts": possible}
POSTS = {f"{_PATH}/acts/{{act}}": prepare, f"{_PATH}/signed": signed}
