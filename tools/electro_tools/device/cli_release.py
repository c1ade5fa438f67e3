# SPDX-License-Identifier: Apache-2.0
"""`electro device release` and `sign-release`: a program for every meter of a contract, agreed to by both parties."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from electro_protocol import address
from electro_protocol.eip712 import Domain
from electro_protocol.messages import FirmwareRelease
from electro_tools import papers
from electro_tools.errors import ToolError
from electro_tools.facts import Facts
from electro_tools.parameters import ADDRESS

from . import two_keys

if TYPE_CHECKING:
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
@two_keys.party_options
def sign_release(paper_file: Path, party: two_keys.Party) -> None:
    """Put a party's signature to a release; no network is needed.

    The bundle must lie beside PAPER: what is signed is checked against it, file by file. With --from and without
    --signature, what a wallet signs (eth_signTypedData_v4) is written instead.
    """
    from . import release as building

    paper, built = building.read_release(paper_file)
    if built.head.version != paper.message.version:
        raise ToolError(f"the paper says version {paper.message.version}, its bundle {built.head.version}")
    two_keys.sign(paper, paper_file, party, _words(paper, built), "electro device sign-release")


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
