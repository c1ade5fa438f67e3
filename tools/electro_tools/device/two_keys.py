# SPDX-License-Identifier: Apache-2.0
"""What both release keys sign for all meters of a contract: its paper, and how a party puts its signature to one."""

from __future__ import annotations

import dataclasses
import functools
import json
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

import click

from electro_meter.updating.releases import ROLES
from electro_protocol import address
from electro_protocol.messages import MessageError
from electro_protocol.secp256k1 import SignatureError
from electro_protocol.signed import SignedMessage
from electro_tools import papers
from electro_tools.accounts import optional_key_options
from electro_tools.errors import ToolError
from electro_tools.parameters import ADDRESS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from electro_protocol.eip712 import Domain
    from electro_protocol.reports import Message
    from electro_tools.accounts import KeyFile
    from electro_tools.facts import Facts


@dataclass(frozen=True)
class Paper(ABC):
    """A message for the meters of one contract, with the signatures that it has so far."""

    NAME: ClassVar[str]  # in words

    domain: Domain
    message: Message
    signatures: Mapping[str, bytes] = field(default_factory=dict, kw_only=True)  # by role

    @abstractmethod
    def content(self) -> dict[str, Any]:
        """Return what is signed, as the file has it."""

    def to_json(self) -> dict[str, Any]:
        """Return the file's content; a meter reads it from `content` on."""
        return {
            "chain_id": self.domain.chain_id,
            "contract": address.checksum(self.domain.contract),
            **self.content(),
            "signatures": {role: "0x" + one.hex() for role, one in sorted(self.signatures.items())},
        }

    def signer(self, signature: bytes) -> str:
        """Return whose signature it is.

        Raises:
            ToolError: nobody's.
        """
        try:
            return address.checksum(SignedMessage(self.message, signature).signer(self.domain))
        except (SignatureError, MessageError) as error:
            raise ToolError(f"that is no signature of this {self.NAME}: {error}") from error

    def signed(self, role: str, signature: bytes) -> Self:
        """Return it with one signature more.

        Raises:
            ToolError: another role has the same signer already: then one person has both keys.
        """
        signer = self.signer(signature)
        for other, theirs in self.signatures.items():
            if other != role and self.signer(theirs) == signer:
                raise ToolError(
                    f"{signer} has signed as the {other} already: two keys of two parties must sign"
                )
        return dataclasses.replace(self, signatures={**self.signatures, role: signature})

    def checked(self) -> Self:
        """Return it if each signature in it is somebody's; raises ToolError."""
        for signature in self.signatures.values():
            self.signer(signature)
        return self


def signatures_of(content: dict[str, Any]) -> dict[str, bytes]:
    """Return a file's signatures by role; raises KeyError, TypeError, AttributeError or ValueError for none."""
    listed = content["signatures"]
    return {role: bytes.fromhex(listed[role].removeprefix("0x")) for role in ROLES if role in listed}


def rewrite(file: Path, paper: Paper) -> None:
    """Put a paper in the place of the one that it continues, whole or not at all.

    Raises:
        ToolError: it can't be written.
    """
    beside = file.with_name(file.name + ".new")
    try:
        beside.write_text(json.dumps(paper.to_json(), indent=2) + "\n", encoding="utf-8")
        beside.replace(file)
    except OSError as error:
        raise ToolError(f"{file} can't be written: {error.strerror}") from error


@dataclass(frozen=True)
class Party:
    """Who signs: a key file, or a wallet that has signed, or is to."""

    role: str
    key: KeyFile | None
    sender: str | None
    signature: str | None
    yes: bool


def party_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `party`, whose words are checked."""

    @functools.wraps(command)
    def with_party(
        *args: Any,
        role: str,
        key: KeyFile | None,
        sender: str | None,
        signature_text: str | None,
        yes: bool,
        **kwargs: Any,
    ) -> Any:
        if (key is None) == (sender is None):
            raise ToolError("say who signs: --key-file FILE, or --from ADDRESS for a wallet")
        return command(*args, party=Party(role, key, sender, signature_text, yes), **kwargs)

    options: list[Callable[..., Any]] = [
        click.option(
            "--as", "role", type=click.Choice(ROLES), required=True, help="Whose release key signs."
        ),
        optional_key_options,
        click.option("--from", "sender", type=ADDRESS, help="Instead of a key file: whose wallet signs."),
        click.option(
            "--signature", "signature_text", metavar="0x…", help="With --from: what that wallet has signed."
        ),
        click.option("--yes", is_flag=True, help="Sign without asking."),
    ]
    decorated: Callable[..., Any] = with_party
    for option in reversed(options):
        decorated = option(decorated)
    return decorated


def sign(paper: Paper, file: Path, party: Party, facts: Facts, command: str) -> None:
    """Put a party's signature to a paper and its file, or write what its wallet is to sign.

    facts: what is signed, in words. command: that signs, for the sentence that says how to go on.

    Raises:
        ToolError: the key can't be read, or the signature is another one's.
    """
    if party.sender is not None and party.signature is None:
        _hand(paper, file, party, command)
        return
    if party.key is not None:
        facts.print(as_json=False)
        if not party.yes:
            click.confirm(f"sign this as the {party.role}?", abort=True)
        private_key = bytes(party.key.open().key)
        signature = SignedMessage.make(paper.message, paper.domain, private_key).signature
    else:
        signature = _wallet_signature(paper, party.sender or "", party.signature or "")
    signed = paper.signed(party.role, signature)
    rewrite(file, signed)
    missing = [other for other in ROLES if other not in signed.signatures]
    click.echo(f"signed     as the {party.role}, by {paper.signer(signature)}")
    click.echo(f"missing    {missing[0]}" if missing else "complete   both parties have signed")


def _hand(paper: Paper, paper_file: Path, party: Party, command: str) -> None:
    """Write what a wallet signs beside the paper."""
    from electro_contracts.clear_signing import typed_data

    file = paper_file.with_name(f"{paper_file.stem}.{party.role}.typed-data.json")
    papers.must_be_new(file)
    try:
        file.write_text(
            json.dumps(typed_data(paper.message, paper.domain), indent=2) + "\n", encoding="utf-8"
        )
    except OSError as error:
        raise ToolError(f"{file} can't be written: {error.strerror}") from error
    click.echo(f"file       {file}  to be signed (eth_signTypedData_v4)")
    click.echo(f"then       {command} {paper_file} --as {party.role} --from {party.sender} --signature 0x…")


def _wallet_signature(paper: Paper, sender: str, text: str) -> bytes:
    try:
        signature = bytes.fromhex(text.removeprefix("0x"))
    except ValueError as error:
        raise ToolError("a signature is 0x and 130 hex digits") from error
    if len(signature) == 65 and signature[64] < 27:  # wallets write the last byte as 0 or 1, too
        signature = signature[:64] + bytes([signature[64] + 27])
    signer = paper.signer(signature)
    if signer != sender:
        raise ToolError(f"that is not the signature of {sender}: it recovers to {signer}")
    return signature
