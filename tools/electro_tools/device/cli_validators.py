# SPDX-License-Identifier: Apache-2.0
"""`electro device validators` and `sign-validators`: whose seals all meters of a contract go by, agreed to by both."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from electro_protocol import address, receipt
from electro_protocol.eip712 import Domain
from electro_tools import papers
from electro_tools.facts import Facts
from electro_tools.parameters import ADDRESS
from electro_tools.validators import VALIDATORS

from . import two_keys

if TYPE_CHECKING:
    from electro_tools.validators import Validators

    from .validator_set import Paper

_file = click.Path(dir_okay=False, path_type=Path)
_DAYS = 90
_SIGN = "electro device sign-validators"


@click.command()
@click.argument("validators", metavar="FILE|ADDR,…", type=VALIDATORS)
@click.option("--version", type=click.IntRange(1, 2**32 - 1), required=True, help="Above every one before.")
@click.option("--chain-id", type=click.IntRange(1, 2**53 - 1), required=True, help="The chain of the meters.")
@click.option("--contract", type=ADDRESS, required=True, help="Their contract.")
@click.option(
    "--days", type=click.IntRange(1, 3650), default=_DAYS, show_default=True, help="Offered so long."
)
@click.option(
    "--out", type=_file, default=Path("validators.json"), show_default=True, help="The file to write."
)
def validators(
    validators: Validators, version: int, chain_id: int, contract: str, days: int, out: Path
) -> None:
    """Write down a set of validators, for both release keys to sign.

    FILE is what `electro chain info --json` prints of a QBFT network, a list of addresses in JSON, or one a line. Sign
    with `electro device sign-validators`, once as each party. Meters whose settings name a place of releases take it
    from there, as validators.json; others are given it with `electro device provision --validators`.
    """
    from .validator_set import paper_of

    papers.must_be_new(out)
    deadline = int(time.time()) + days * 86_400
    paper = paper_of(validators.addresses, version, deadline, Domain(chain_id, address.parse(contract)))
    papers.write(out, paper)
    facts = _words(paper).add("paper", str(out))
    facts.say("then", f"{_SIGN} {out} --as operator --key-file …")
    facts.print(as_json=False)


@click.command("sign-validators")
@click.argument("paper_file", metavar="PAPER", type=_file)
@two_keys.party_options
def sign_validators(paper_file: Path, party: two_keys.Party) -> None:
    """Put a party's signature to a set of validators; no network is needed.

    Two thirds of them can make the meters believe anything that the chain may say: see that they are the ones that
    the parties have agreed on. With --from and without --signature, what a wallet signs is written instead.
    """
    from .validator_set import read_paper

    paper = read_paper(paper_file)
    two_keys.sign(paper, paper_file, party, _words(paper), _SIGN)


def _words(paper: Paper) -> Facts:
    until = datetime.fromtimestamp(paper.message.deadline, UTC)
    count = len(paper.addresses)
    facts = Facts().add("version", paper.message.version)
    facts.add("for", f"{address.checksum(paper.domain.contract)} on chain {paper.domain.chain_id}")
    facts.add("until", f"{until:%Y-%m-%d %H:%M} UTC")
    for each in paper.addresses:
        facts.add("validator", address.checksum(each))
    facts.add("seals needed", f"{receipt.quorum(count)} of {count}")
    return facts
