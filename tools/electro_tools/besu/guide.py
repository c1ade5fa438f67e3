# SPDX-License-Identifier: Apache-2.0
"""The README of one network: what lies where, how it is started, who may do what, and what its people agree on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_tools.besu.settings import FOLDER, PER_ACCOUNT

if TYPE_CHECKING:
    from electro_tools.besu.network import Network


def guide(network: Network, *, own_tokens: bool) -> str:
    """Return README.md; `own_tokens`: the key that signs tokens was made here."""
    count, away = len(network.validators), network.may_be_away
    table = "\n".join(
        f"| {each.name} | `0x{each.address.hex()}` | {each.host} | {each.p2p_port} | {each.rpc_port} |"
        for each in network.validators
    )
    accounts = "\n".join(f"- `{account}`: {whose}" for account, whose in network.accounts)
    signer = (
        "`jwt-private.pem` signs tokens: take it off this machine, to where only the network's operator reads it.\n"
        "`relayer.token` opens `eth`, `net`, `web3` and `txpool` for ninety days; another one is\n"
        "`electro chain token jwt-private.pem --days 90`, written over it: the relayer reads it again by itself."
        if own_tokens
        else "Tokens are signed by whoever has the private key of `jwt-public.pem` (RS256, claims `permissions` and `exp`)."
    )
    made = (
        "\nTheir keys were made with this network, in plain text: `accounts/relayer.key`, `accounts/operator.key`. Each goes to\n"
        "whose it is, and nowhere else.\n"
        if network.keys
        else ""
    )
    key = "accounts/operator.key" if network.keys else "FILE"
    first = network.validators[0]
    return f"""\
# Chain {network.chain_id}

{count} validators of Hyperledger Besu (QBFT), a block every {network.block_s} s, gas costs nothing. A block is final when it is
there. Blocks come while at least {count - away} of {count} validators run{"" if away else ": none may be away"}.

| validator | seals as | host | peers' port | JSON-RPC's port |
|---|---|---|---|---|
{table}

| file | for |
|---|---|
| `genesis.json` | every node: the first block, with the CREATE2 factory |
| `static-nodes.json` | every node: where its peers are; `compose-` and `kubernetes/static-nodes.json` for those |
| `permissions.toml` | every node: whose transactions it takes |
| `jwt-public.pem` | every node: whose tokens it believes |
| `nodes/NAME/key`, `config.toml` | that node alone |
| `relayer.toml` | a relayer |

## Start

On one machine, `docker compose up -d`. On Kubernetes, `kubectl apply -k . --namespace besu`. On machines of their own: Besu
25.12 or later and Java 21 in `/opt/besu`, the files above in `{FOLDER}`, `systemd/besu.service`. Every clock follows NTP.

    electro chain check .
    electro chain check http://{first.host}:{first.rpc_port} --rpc-token-file relayer.token
    electro contract deploy --deterministic --rpc http://{first.host}:{first.rpc_port} --rpc-token-file relayer.token --key-file {key}

The first looks at these files, the second at the running network: both say what differs from what Electro needs.

## Who may what

Transactions of these accounts are taken, and no others; meters send none themselves:

{accounts}
{made}
Another account: a line in `permissions.toml` on every node, then `perm_reloadPermissionsFromFile` on each. Permissioning is
this file alone: what a contract on chain could decide is gone from Besu.

{signer}

JSON-RPC speaks plain HTTP here. Between machines it belongs behind TLS (a proxy, or Besu's own `rpc-http-tls-*`), and
the ports of peers behind a firewall: whoever reaches one can follow the chain.

## What its people agree on

- **Another validator**: each of more than half the validators calls `qbft_proposeValidatorVote(address, true)`; `false`
  removes one. Then meters must be given the new set, if they verify receipts: theirs changes with both release keys
  only (`electro device validators`, `sign-validators`; then as `validators.json` into a relayer's `releases`, or with
  `provision --validators` at each).
- **Transitions**: `genesis.json` may be given `transitions` (a block, and from there another block period, or another set of
  validators without a vote). Every node must have the same, or the chain parts. A set that changed so is refused by
  meters until they are told: don't, where a vote will do.
- **Empty blocks** are made: `emptyblockperiodseconds` stays off, for chains that were reported to freeze, and because a meter
  tells a halted chain from a quiet one by them.
- **The pool** holds {PER_ACCOUNT} transactions of an account, and the relayer sends no more (`unmined_transactions`). A second
  transaction on one nonce silently takes the first one's place: no two relayers share a key.
- **After a halt** (too few validators) the chain comes back by itself once enough run, after minutes: rounds grow longer
  while nobody seals. Nothing is lost; meters keep their reports.
- **State**: a node keeps the proofs of the last 512 blocks (`eth_getProof`): enough for meters, who ask about the newest.
"""
