# SPDX-License-Identifier: Apache-2.0
"""`electro chain new besu` and `electro chain token`: a private network's files, and who may ask its nodes."""

from __future__ import annotations

import secrets
import time
from pathlib import Path

import click

from electro_tools.contract.desk import json_option
from electro_tools.errors import ToolError
from electro_tools.facts import Facts
from electro_tools.parameters import ADDRESS

_FILE = click.Path(dir_okay=False, path_type=Path)
_DAY_S = 86_400
_CHAIN_IDS = range(10**6, 2**31)  # above those that are registered, and within what every tool takes
_IMAGE = "hyperledger/besu:25.12.0"  # the version whose answers were measured


@click.group()
def new() -> None:
    """Write the files of a private network."""


@new.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--validators", type=click.IntRange(1, 16), default=4, show_default=True, help="Nodes that seal."
)
@click.option(
    "--relayer",
    "relayers",
    type=ADDRESS,
    multiple=True,
    help="Account of a relayer. Repeat for more. Without it and --account, a key of each is made.",
)
@click.option(
    "--account", "people", type=ADDRESS, multiple=True, help="Account of somebody who acts. Repeat for more."
)
@click.option(
    "--host", "hosts", multiple=True, metavar="IP",
    help="Where a validator runs, once for each; by default all on this machine.",
)  # fmt: skip
@click.option(
    "--chain-id", type=click.IntRange(1, 2**53 - 1), help="By default one by chance, that nobody else has."
)
@click.option(
    "--block-time", "block_s", type=click.IntRange(1, 60), default=2, show_default=True, help="Seconds."
)
@click.option(
    "--jwt-public-key", type=_FILE, help="Of whoever signs tokens (PEM, RSA); by default a pair is made."
)
@click.option("--image", default=_IMAGE, show_default=True, help="Container of Besu.")
@json_option
def besu(
    folder: Path,
    validators: int,
    relayers: tuple[str, ...],
    people: tuple[str, ...],
    hosts: tuple[str, ...],
    chain_id: int | None,
    block_s: int,
    jwt_public_key: Path | None,
    image: str,
    as_json: bool,
) -> None:
    """Write a network of Hyperledger Besu (QBFT) to DIR, which must not be there yet.

    Genesis, keys, each node's settings, and what runs them: compose, Kubernetes, systemd. DIR/README.md tells the rest.
    """
    from electro_protocol.address import checksum
    from electro_tools.besu import tokens, writing
    from electro_tools.besu.network import FEWEST_SAFE, Network, Validator, address_of

    if hosts and len(hosts) != validators:
        raise ToolError(
            f"{len(hosts)} hosts are named for {validators} validators", "give --host once for each"
        )
    for host in hosts:
        _look_at(host)
    public = tokens.public_key(jwt_public_key) if jwt_public_key else None
    keys: tuple[tuple[str, bytes], ...] = ()
    if not relayers and not people:
        keys = tuple((name, secrets.token_bytes(32)) for name in ("relayer", "operator"))
        relayers, people = ((checksum(address_of(secret)),) for _, secret in keys)
    whose = dict.fromkeys(people, "somebody who acts") | dict.fromkeys(relayers, "a relayer")
    network = Network(
        chain_id or _CHAIN_IDS[secrets.randbelow(len(_CHAIN_IDS))],
        block_s,
        int(time.time()),
        tuple(Validator.new(i + 1, hosts[i] if hosts else "127.0.0.1") for i in range(validators)),
        tuple(whose.items()),
        image,
        keys,
    )
    writing.write(folder, writing.files(network, public))
    facts = Facts().add("network", str(folder)).count("chain id", network.chain_id)
    facts.add("validators", network.shown_validators, ", ".join(network.shown_validators))
    away = network.may_be_away
    facts.add("may be away", away, f"{away} of {validators}")
    if validators < FEWEST_SAFE:
        facts.say("note", f"fewer than {FEWEST_SAFE} validators: none of them may lie")
    if keys:
        facts.say("note", f"accounts of a relayer and an operator were made: {folder / 'accounts'}")
    facts.say("next", f"read {folder / 'README.md'}; electro chain check {folder}")
    facts.print(as_json=as_json)


@click.command()
@click.argument("private_key", metavar="KEY", type=_FILE)
@click.option(
    "--days", type=click.IntRange(1, 3650), default=90, show_default=True, help="For how long it opens."
)
@click.option("--all", "everything", is_flag=True, help="Open every method, votes and permissions included.")
def token(private_key: Path, days: int, everything: bool) -> None:
    """Print a token that a network's nodes believe; KEY is its jwt-private.pem.

    It opens what a relayer or a person asks, for so many days: write it to a file that --rpc-token-file names.
    """
    from electro_tools.besu import tokens

    try:
        private = private_key.read_text("ascii")
        permissions = tokens.MAY_ALL if everything else tokens.MAY_SEND
        click.echo(tokens.sign(private, permissions, now_s=int(time.time()), lasts_s=days * _DAY_S))
    except OSError as error:
        raise ToolError(f"{private_key} can't be read: {(error.strerror or '').lower()}") from error
    except (ValueError, IndexError, TypeError) as error:
        raise ToolError(f"{private_key} holds no private RSA key (PEM)") from error


def _look_at(host: str) -> None:
    import ipaddress

    try:
        address = ipaddress.ip_address(host)
    except ValueError as error:
        raise ToolError(
            f"{host} is no address of IP", "peers know each other by numbers, not by names"
        ) from error
    if address.version != 4:
        raise ToolError(f"{host} is an address of version 6", "give the one of version 4")
