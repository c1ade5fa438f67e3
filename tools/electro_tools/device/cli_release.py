# SPDX-License-Identifier: Apache-2.0
"""`electro device release` and `sign-release`: a program for every meter of a contract, agreed to by both parties."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from electro_meter.updating.releases import ROLES
from electro_protocol import address
from electro_protocol.eip712 import Domain
from electro_protocol.messages import FirmwareRelease
from electro_protocol.signed import SignedMessage
from electro_tools import papers
from electro_tools.accounts import optional_key_options
from electro_tools.errors import ToolError
from electro_tools.facts import Facts
from electro_tools.parameters import ADDRESS

if TYPE_CHECKING:
    from electro_tools.accounts import KeyFile

    from .release import Paper

_file = click.Path(dir_okay=False, path_type=Path)
_DAYS = 90


@click.command()
@click.option("--version", type=click.IntRange(1, 2**32 - 1), required=True, help="Above every one before.")
@click.option(
    "--chip", type=click.Choice(["esp32", "esp32s3", "esp32c3"]), default="esp32", show_default=True
)
@click.option("--chain-id", type=click.IntRange(1, 2**53 - 1), required=True, help="The chain of the meters.")
@click.option("--contract", type=ADDRESS, required=True, help="Their contract.")
@click.option(
    "--days", type=click.IntRange(1, 3650), default=_DAYS, show_default=True, help="Offered so long."
)
@click.option("--new-operator-key", type=ADDRESS, help="The operator's release key once it is committed.")
@click.option("--new-consumer-key", type=ADDRESS, help="The consumer's.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("releases"),
    show_default=True,
    help="Where the two files go; what a relayer or a web server offers.",
)
def release(
    version: int,
    chip: str,
    chain_id: int,
    contract: str,
    days: int,
    new_operator_key: str | None,
    new_consumer_key: str | None,
    folder: Path,
) -> None:
    """Build a release: the compiled program with the hash of every file, and the paper that both keys sign.

    Meters ask for FOLDER's files at the URL in their settings: the paper of their chip's name, and the bundle of
    the manifest in it. Sign with `electro device sign-release`, once as each party.
    """
    from . import release as building

    architecture = "rv32imc" if chip == "esp32c3" else "xtensawin"
    paper_file = folder / f"{architecture}.json"
    papers.must_be_new(paper_file)
    keys = {
        role: address.parse(key) if key else None
        for role, key in (("operator", new_operator_key), ("consumer", new_consumer_key))
    }
    built = building.build(version, architecture, keys)
    bundle_file = folder / f"{built.head.manifest.hex()}.bundle"
    deadline = int(time.time()) + days * 86_400
    message = FirmwareRelease(built.head.manifest, version, deadline)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        bundle_file.write_bytes(built.raw)
    except OSError as error:
        raise ToolError(f"{bundle_file} can't be written: {error.strerror}") from error
    papers.write(paper_file, building.Paper(Domain(chain_id, address.parse(contract)), message))
    facts = Facts().add("paper", str(paper_file)).add("bundle", str(bundle_file))
    facts.add("files", built.files).add("bytes", len(built.raw)).add(
        "manifest", "0x" + built.head.manifest.hex()
    )
    facts.say("then", f"electro device sign-release {paper_file} --as operator --key-file …")
    facts.print(as_json=False)


@click.command("sign-release")
@click.argument("paper_file", metavar="PAPER", type=_file)
@click.option("--as", "role", type=click.Choice(ROLES), required=True, help="Whose release key signs.")
@optional_key_options
@click.option("--from", "sender", type=ADDRESS, help="Instead of a key file: whose wallet signs.")
@click.option(
    "--signature", "signature_text", metavar="0x…", help="With --from: what that wallet has signed."
)
@click.option("--yes", is_flag=True, help="Sign without asking.")
def sign_release(
    paper_file: Path,
    role: str,
    key: KeyFile | None,
    sender: str | None,
    signature_text: str | None,
    yes: bool,
) -> None:
    """Put a party's signature to a release; no network is needed.

    The bundle must lie beside PAPER: what is signed is checked against it, file by file. With --from and without
    --signature, what a wallet signs (eth_signTypedData_v4) is written instead.
    """
    from . import release as building

    if (key is None) == (sender is None):
        raise ToolError("say who signs: --key-file FILE, or --from ADDRESS for a wallet")
    paper = building.read_paper(paper_file)
    built = building.read_bundle(paper_file.with_name(f"{paper.message.manifest.hex()}.bundle"))
    if built.head.version != paper.message.version:
        raise ToolError(f"the paper says version {paper.message.version}, its bundle {built.head.version}")
    facts = _words(paper, built)
    if sender is not None and signature_text is None:
        _hand(paper, paper_file, role, sender)
        return
    if key is not None:
        facts.print(as_json=False)
        if not yes:
            click.confirm(f"sign this as the {role}?", abort=True)
        private_key = bytes(key.open().key)
        signature = SignedMessage.make(paper.message, paper.domain, private_key).signature
    else:
        signature = _wallet_signature(paper, sender or "", signature_text or "")
    signed = paper.signed(role, signature)
    building.rewrite(paper_file, signed)
    missing = [other for other in ROLES if other not in signed.signatures]
    click.echo(f"signed     as the {role}, by {paper.signer(signature)}")
    click.echo(f"missing    {missing[0]}" if missing else "complete   both parties have signed")


def _words(paper: Paper, built: object) -> Facts:
    from .release import Built

    assert isinstance(built, Built)
    until = datetime.fromtimestamp(paper.message.deadline, UTC)
    facts = Facts().add("version", paper.message.version).add("chip", built.head.chip)
    facts.add("files", built.files).add("manifest", "0x" + paper.message.manifest.hex())
    facts.add("until", f"{until:%Y-%m-%d %H:%M} UTC")
    facts.add("for", f"{address.checksum(paper.domain.contract)} on chain {paper.domain.chain_id}")
    for role, new in (("operator", built.head.operator), ("consumer", built.head.consumer)):
        if new is not None:
            facts.add(f"new {role} key", address.checksum(new))
    return facts


def _hand(paper: Paper, paper_file: Path, role: str, sender: str) -> None:
    """Write what a wallet signs beside the paper."""
    from electro_contracts.clear_signing import typed_data

    file = paper_file.with_name(f"{paper_file.stem}.{role}.typed-data.json")
    papers.must_be_new(file)
    try:
        file.write_text(
            json.dumps(typed_data(paper.message, paper.domain), indent=2) + "\n", encoding="utf-8"
        )
    except OSError as error:
        raise ToolError(f"{file} can't be written: {error.strerror}") from error
    click.echo(f"file       {file}  to be signed (eth_signTypedData_v4)")
    click.echo(
        f"then       electro device sign-release {paper_file} --as {role} --from {sender} --signature 0x…"
    )


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
