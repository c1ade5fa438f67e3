# SPDX-License-Identifier: Apache-2.0
"""`electro chain check`: what of a network, running or written down, differs from what Electro needs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from electro_contracts.node.access import is_address
from electro_tools.chain.info import profile_option
from electro_tools.commands import Command
from electro_tools.contract.desk import json_option
from electro_tools.errors import Discrepancy, ToolError
from electro_tools.facts import Facts
from electro_tools.node import access_options, endpoint, parts_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from electro_contracts.node.profiles import Profile
    from electro_tools.chain.needs import Finding

_MARKS = {True: ("ok", "green"), None: ("look", "yellow"), False: ("FAIL", "red")}


@click.command(cls=Command)
@click.argument("network", metavar="[DIR|URL]", required=False)
@access_options
@profile_option
@json_option
def check(network: str | None, profile: Profile | None, as_json: bool, **files: Path | None) -> None:
    """Say what of a network differs from what Electro needs, a line each.

    URL is a node's, by default ELECTRO_RPC's; DIR is what `electro chain new` wrote. Nothing is sent that could be
    mined. Ends with 3 if Electro can't work there.
    """
    if network is not None and not is_address(network):
        from electro_tools.besu.checking import look_at

        if not Path(network).is_dir():
            raise ToolError(
                f"{network} is neither a folder nor an address that begins with http:// or https://"
            )
        found: Iterable[Finding] = look_at(Path(network))
    else:
        from electro_tools.chain.asking import Asking
        from electro_tools.chain.needs import look

        url = network or os.environ.get("ELECTRO_RPC", "http://127.0.0.1:8545")
        asking = Asking(endpoint(url, parts_of(files)))
        known = asking.know(profile)
        if not as_json:
            click.echo(
                f"     chain {known.chain_id}, {known.profile.name}, {known.client or 'a nameless node'}"
            )
        found = look(asking, known)
    failed = _print(found, as_json=as_json)
    if failed:
        raise Discrepancy(f"Electro can't work there: {', '.join(failed)}")


def _print(found: Iterable[Finding], *, as_json: bool) -> list[str]:
    facts, failed = Facts(), []
    for finding in found:
        word, colour = _MARKS[finding.good]
        facts.silent(finding.what, {"verdict": word.lower(), "sentence": finding.sentence})
        if not as_json:
            click.echo(f"{click.style(f'{word:4}', fg=colour)} {finding.what:10} {finding.sentence}")
        failed += [finding.what] if finding.good is False else []
    if as_json:
        facts.print(as_json=True)
    return failed
