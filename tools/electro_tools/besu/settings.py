# SPDX-License-Identifier: Apache-2.0
"""The settings files of a network's nodes: Besu's options, who its peers are, who may send transactions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from electro_tools.besu.network import Network, Validator

FOLDER, DATA = "/etc/besu", "/var/lib/besu"  # where a node finds its files, whoever runs it
POOL = 4096  # Besu's own size
# Of one account, as the pool is given it; 5 by default. The relayer keeps so many on their way at most.
PER_ACCOUNT = 64
APIS = ("ETH", "NET", "WEB3", "QBFT", "PERM", "TXPOOL", "ADMIN")


def node_settings(network: Network, validator: Validator) -> str:
    """Return a node's config.toml."""
    apis = ", ".join(f'"{api}"' for api in APIS)
    share = (PER_ACCOUNT - 0.5) / POOL  # Besu rounds what this makes of the pool up
    return f"""\
# {validator.name} of chain {network.chain_id}. Each line is an option of Besu's command line.
identity="{validator.name}"
data-path="{DATA}"
genesis-file="{FOLDER}/genesis.json"
node-private-key-file="{FOLDER}/key"
static-nodes-file="{FOLDER}/static-nodes.json"

# Peers: those of static-nodes.json, and nobody looks for others.
p2p-port={validator.p2p_port}
discovery-enabled=false
nat-method="NONE"
max-peers=25
sync-mode="FULL"

# Gas costs nothing: with zeroBaseFee in the genesis block, nobody needs money.
min-gas-price=0
target-gas-limit=30000000

# The pool keeps the order of nonces, and holds {PER_ACCOUNT} transactions of an account, as many as the relayer sends.
tx-pool="SEQUENCED"
tx-pool-max-size={POOL}
tx-pool-limit-by-account-percentage={share:.6f}

# Who may send, by this file alone; every node has the same. perm_reloadPermissionsFromFile reads it again.
permissions-accounts-config-file-enabled=true
permissions-accounts-config-file="{FOLDER}/permissions.toml"

# JSON-RPC for those who show a token (electro chain token).
rpc-http-enabled=true
rpc-http-host="0.0.0.0"
rpc-http-port={validator.rpc_port}
rpc-http-api=[{apis}]
rpc-http-authentication-enabled=true
rpc-http-authentication-jwt-public-key-file="{FOLDER}/jwt-public.pem"
host-allowlist=["*"]
rpc-http-max-batch-size=1024
"""


def static_nodes(network: Network, host: Callable[[Validator], str] | None = None) -> str:
    """Return static-nodes.json; `host` says where a validator stands, by default as the network says."""
    nodes = [each.enode(host(each) if host else None) for each in network.validators]
    return json.dumps(nodes, indent=1) + "\n"


def permissions(network: Network) -> str:
    """Return the file of those who may send transactions."""
    lines = [f'  "{account.lower()}",  # {whose}' for account, whose in network.accounts]
    return "\n".join(
        [
            "# Accounts whose transactions this node takes: relayers, and people who act. Meters send none themselves.",
            "accounts-allowlist=[",
            *lines,
            "]",
            "",
        ]
    )


def relayer_settings(network: Network) -> str:
    """Return what a relayer of this network is told."""
    key = "accounts/relayer.key" if network.keys else "FILE"
    urls = ",".join(f"http://{each.host}:{each.rpc_port}" for each in network.validators)
    return f"""\
# electro relayer --settings relayer.toml --contract ADDRESS --key-file {key}
[relayer]
rpc_url = "{urls}"
rpc_token_file = "relayer.token"
chain_id = {network.chain_id}
chain_profile = "besu-qbft"
unmined_transactions = {PER_ACCOUNT}
"""
