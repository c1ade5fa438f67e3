# SPDX-License-Identifier: Apache-2.0
"""`electro agreement attach`, and what wallets of other kinds sign or send: never a bare hash.

A hardware wallet gets the typed data (EIP-712) and the descriptor by which it names the fields (ERC-7730); its
signature comes back with `attach`. A multisig, which has no key to sign with, gets the transaction.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from electro_contracts.clear_signing import descriptor, typed_data
from electro_protocol import address
from electro_protocol.eip712 import Domain
from electro_protocol.messages import BY_NAME, Message, MessageError
from electro_protocol.secp256k1 import SignatureError
from electro_protocol.signed import SignedMessage
from electro_tools import papers
from electro_tools.commands import Command
from electro_tools.contract.desk import json_option
from electro_tools.errors import ToolError
from electro_tools.facts import Facts
from electro_tools.parameters import ADDRESS

from .consent import Consent
from .offer import whole

if TYPE_CHECKING:
    from collections.abc import Callable

    from electro_tools.contract.desk import Desk

TYPED_DATA, DESCRIPTOR, TRANSACTION = "typed-data.json", "erc7730.json", "transaction.json"
_LEAST_V = 27  # wallets write the last byte as 0 or 1, too
_file = click.Path(dir_okay=False, path_type=Path)
folder_option = click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="With --from: where to put what the wallet signs or sends; by default one named after the act.",
)


class _Sheet:
    """A JSON object as a paper."""

    def __init__(self, content: dict[str, Any]) -> None:
        self._content = content

    def to_json(self) -> dict[str, Any]:
        return self._content


def write(
    folder: Path, message: Message, domain: Domain, transaction: dict[str, Any] | None = None
) -> list[Path]:
    """Write what a wallet needs into a folder; no transaction where the other party sends it.

    Raises:
        ToolError: one of the files exists, or can't be written.
    """
    sheets = {
        TYPED_DATA: typed_data(message, domain),
        DESCRIPTOR: descriptor(domain.chain_id, domain.contract),
        **({TRANSACTION: transaction} if transaction else {}),
    }
    for name in sheets:
        papers.must_be_new(folder / name)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ToolError(f"{folder} can't be made: {error.strerror}") from error
    for name, content in sheets.items():
        papers.write(folder / name, _Sheet(content))
    return [folder / name for name in sheets]


def hand(desk: Desk, folder: Path | None, message: Message) -> Callable[[Facts, dict[str, Any]], None]:
    """Return what a rehearsed call for another wallet is followed by: the files, and words on them."""

    def wallet(facts: Facts, transaction: dict[str, Any]) -> None:
        where = folder or Path(f"{type(message).__name__}-{message.values()[0]!r}")
        tell(facts, write(where, message, desk.domain, transaction), transaction["from"])

    return wallet


def tell(facts: Facts, written: list[Path], sender: str) -> None:
    """Add which file is for whom, and what to do with the signature."""
    words = {
        TYPED_DATA: "to be signed (eth_signTypedData_v4)",
        DESCRIPTOR: "the names of its fields, for the wallet",
        TRANSACTION: "to be sent by a multisig instead",
    }
    for path in written:
        facts.say("file", f"{path}  {words[path.name]}")
    facts.silent("files", [str(path) for path in written])
    facts.say(
        "then", f"electro agreement attach {written[0]} --from {sender} --signature 0x… --out signed.json"
    )


@click.command(cls=Command)
@click.argument("file", metavar="TYPED-DATA", type=_file)
@click.option("--from", "sender", type=ADDRESS, required=True, help="Whose wallet signed.")
@click.option(
    "--signature", "signature_text", required=True, metavar="0x…", help="65 bytes, as the wallet says."
)
@click.option("--out", type=_file, required=True, help="The signed file to write.")
@json_option
def attach(file: Path, sender: str, signature_text: str, out: Path, as_json: bool) -> None:
    """Put a wallet's signature to what accept, redeem or renominate --from has written; no network is needed.

    The signature is checked against the account and against what stands in TYPED-DATA. Anyone can then submit the
    signed file.
    """
    message, domain = _read(file)
    try:
        signature = bytes.fromhex(signature_text.removeprefix("0x"))
        if len(signature) == 65 and signature[64] < _LEAST_V:
            signature = signature[:64] + bytes([signature[64] + _LEAST_V])
        signed = SignedMessage(message, signature)
        signer = address.checksum(signed.signer(domain))
    except (ValueError, SignatureError) as error:
        raise ToolError(
            f"that is no signature of {file}: {error}", "65 bytes as 0x and 130 hex digits are expected"
        ) from error
    if signer != sender:
        raise ToolError(
            f"that is not the signature of {sender} under {file}: it recovers to {signer}",
            "sign just this file, with that account",
        )
    papers.write(out, Consent(domain, signed))
    facts = Facts().add("signed", str(out)).add("type", type(message).__name__).add("by", signer)
    facts.print(as_json=as_json)


def _read(file: Path) -> tuple[Message, Domain]:
    """Return what a file of typed data says; nothing but what `write` would write is taken."""
    content = papers.content_of(file)
    try:
        domain = content["domain"]
        domain = Domain(whole(domain["chainId"]), address.parse(domain["verifyingContract"]))
        message = BY_NAME[content["primaryType"]].from_json(content["message"])
        expected = typed_data(message, domain)
    except (KeyError, TypeError, StopIteration, ValueError, MessageError) as error:
        raise ToolError(f"{file} is not what a consumer signs: {error}") from error
    if json.dumps(content, sort_keys=True) != json.dumps(expected, sort_keys=True):
        raise ToolError(f"{file} is not what a consumer signs: its types, domain or message were changed")
    return message, domain


def offline_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command that signs with a key --from, for a wallet that holds the key instead."""
    return click.option(
        "--from",
        "sender",
        type=ADDRESS,
        help="Sign nothing here: write what this account's wallet is to sign.",
    )(command)
