# SPDX-License-Identifier: Apache-2.0
"""Write a network's folder whole or not at all, over nothing that is there, keys readable by their owner alone."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from electro_tools.besu import kubernetes, machines, settings, tokens
from electro_tools.besu.genesis import genesis
from electro_tools.besu.guide import guide
from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from electro_tools.besu.network import Network

TOKEN_LASTS_S = 90 * 86_400
_SECRET, _PLAIN = 0o600, 0o644


def files(network: Network, jwt_public_key: str | None) -> dict[str, tuple[str, int]]:
    """Return what a network's folder holds: text and mode by path; without a public key, a new pair is made."""
    made: dict[str, tuple[str, int]] = {}
    if jwt_public_key is None:
        private, public = tokens.new_key()
        token = tokens.sign(private, tokens.MAY_SEND, now_s=network.time_s, lasts_s=TOKEN_LASTS_S)
        made = {tokens.PRIVATE: (private, _SECRET), "relayer.token": (token + "\n", _SECRET)}
    else:
        public = jwt_public_key
    block = genesis(
        network.sealing, chain_id=network.chain_id, block_s=network.block_s, time_s=network.time_s
    )
    plain = {
        "README.md": guide(network, own_tokens=jwt_public_key is None),
        "genesis.json": json.dumps(block, indent=2) + "\n",
        "static-nodes.json": settings.static_nodes(network),
        "compose-static-nodes.json": settings.static_nodes(network, machines.compose_host),
        "kubernetes/static-nodes.json": settings.static_nodes(network, kubernetes.pod_host),
        "permissions.toml": settings.permissions(network),
        "relayer.toml": settings.relayer_settings(network),
        tokens.PUBLIC: public,
        "compose.yaml": machines.compose(network),
        "kustomization.yaml": kubernetes.kustomization(network),
        "kubernetes/validators.yaml": kubernetes.validators(network),
        "kubernetes/network.yaml": kubernetes.policy(network),
        "systemd/besu.service": machines.unit(),
    }
    made |= {path: (text, _PLAIN) for path, text in plain.items()}
    for name, secret in network.keys:
        made[f"accounts/{name}.key"] = (secret.hex() + "\n", _SECRET)
    for each in network.validators:
        folder = f"nodes/{each.name}"
        made[f"{folder}/key"] = ("0x" + each.secret.hex() + "\n", _SECRET)
        made[f"{folder}/config.toml"] = (settings.node_settings(network, each), _PLAIN)
    return made


def write(folder: Path, contents: dict[str, tuple[str, int]]) -> None:
    """Write a folder; raises ToolError where there is something already, or it can't be."""
    if folder.exists() or folder.is_symlink():
        raise ToolError(
            f"{folder} is there already", "a network is never written over another: name a new folder"
        )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise ToolError(f"{folder} can't be written: {(error.strerror or '').lower()}") from error
    try:
        for path, (text, mode) in contents.items():
            _write(beside / path, text, mode)
        beside.chmod(0o755)
        beside.rename(folder)
    except OSError as error:
        shutil.rmtree(beside, ignore_errors=True)
        raise ToolError(f"{folder} can't be written: {(error.strerror or '').lower()}") from error
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise


def _write(file: Path, text: str, mode: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
