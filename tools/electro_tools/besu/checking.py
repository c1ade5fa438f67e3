# SPDX-License-Identifier: Apache-2.0
"""Look at a network's folder as it is now: what was changed since it was written, and what of that matters."""

from __future__ import annotations

import json
import math
import tomllib
from typing import TYPE_CHECKING, Any

import coincurve

from electro_contracts.deployment import FACTORY, FACTORY_CODE
from electro_protocol.address import checksum
from electro_protocol.address import parse as parse_address
from electro_tools.besu.genesis import CODE_LIMIT, validators_of
from electro_tools.besu.network import FEWEST_SAFE, address_of, public_key
from electro_tools.chain.needs import BLOCK_GAS, Finding
from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_OTHERS = ("ibft2", "clique", "ethash")
_OPEN = 0o077
_FEWEST_PER_ACCOUNT = 16  # what the relayer keeps on its way on other chains


def look_at(folder: Path) -> Iterator[Finding]:
    """Look at one thing after the other; raises ToolError where the folder is no network's."""
    block = _json(folder / "genesis.json")
    config = block.get("config") if isinstance(block, dict) else None
    if not isinstance(config, dict):
        raise ToolError(f"{folder / 'genesis.json'} is no genesis file of Besu")
    secrets = {file.parent.name: _secret(file) for file in sorted(folder.glob("nodes/*/key"))}
    yield _consensus(config)
    yield _validators(block, secrets)
    yield _forks(config)
    yield _price(config)
    yield _sizes(block, config)
    yield _factory(block)
    yield _transitions(block, config)
    yield _peers(folder, secrets)
    yield _accounts(folder)
    for name in secrets:
        yield from _node(folder / "nodes" / name)
    yield from _kept(folder)


def _consensus(config: dict[str, Any]) -> Finding:
    others = [name for name in _OTHERS if name in config]
    qbft = config.get("qbft")
    if others or not isinstance(qbft, dict):
        return Finding(
            "consensus", False, f"is {others[0] if others else 'none'}: Electro's networks use qbft"
        )
    if qbft.get("validatorcontractaddress"):
        words = "validators stand in a contract: blocks don't name them, and meters can't verify receipts"
        return Finding("consensus", None, words)
    empty = qbft.get("xemptyblockperiodseconds") or qbft.get("emptyblockperiodseconds")
    if empty:
        return Finding(
            "consensus", False, "emptyblockperiodseconds is set: chains were reported to freeze by it"
        )
    return Finding("consensus", True, f"QBFT, a block every {qbft.get('blockperiodseconds')} s")


def _validators(block: dict[str, Any], secrets: dict[str, bytes]) -> Finding:
    try:
        named = validators_of(bytes.fromhex(str(block.get("extraData")).removeprefix("0x")))
    except ValueError as error:
        return Finding("validators", False, f"the genesis block's extraData {error}")
    if not named:
        return Finding("validators", False, "the genesis block names no validators")
    mine = {address_of(secret): name for name, secret in secrets.items()}
    strange = [name for address, name in mine.items() if address not in named]
    if strange:
        return Finding("validators", False, f"the genesis block does not name {', '.join(strange)}")
    away = len(named) - -(-2 * len(named) // 3)
    words = f"{len(named)}, of whom {away} may be away"
    absent = [checksum(each) for each in named if each not in mine]
    if absent:
        words += f"; the keys of {', '.join(absent)} are not here"
    return Finding("validators", True if len(named) >= FEWEST_SAFE else None, words)


def _forks(config: dict[str, Any]) -> Finding:
    if config.get("londonBlock") != 0 and config.get("shanghaiTime") != 0:
        return Finding("forks", False, "neither londonBlock nor shanghaiTime is 0: Electro needs London")
    later = [name for name in ("cancunTime", "pragueTime", "osakaTime") if name in config]
    if "pragueTime" in config:
        words = "pragueTime is set: its system contracts must be in genesis, or blocks fail from then on"
        return Finding("forks", None, words)
    return Finding("forks", True, f"Shanghai's rules{' and ' + ', '.join(later) if later else ''}")


def _price(config: dict[str, Any]) -> Finding:
    if config.get("zeroBaseFee") is True:
        return Finding("price", True, "gas costs nothing")
    return Finding("price", None, "zeroBaseFee is not set: relayers and people need the chain's coin")


def _sizes(block: dict[str, Any], config: dict[str, Any]) -> Finding:
    limit, code = _number(block.get("gasLimit")), config.get("contractSizeLimit", CODE_LIMIT)
    if limit < BLOCK_GAS:
        return Finding("sizes", False, f"a block takes {limit:,} gas: {BLOCK_GAS:,} are needed")
    if not isinstance(code, int) or code < CODE_LIMIT:
        return Finding("sizes", False, f"contractSizeLimit is {code}: {CODE_LIMIT} is needed")
    return Finding("sizes", True, f"a block takes {limit:,} gas, a contract {code:,} bytes")


def _factory(block: dict[str, Any]) -> Finding:
    listed = block.get("alloc") or {}
    if not isinstance(listed, dict):
        return Finding("factory", False, "alloc is no object of accounts")
    there = {
        name.lower().removeprefix("0x"): account
        for name, account in listed.items()
        if isinstance(account, dict)
    }
    code = str(there.get(FACTORY.hex(), {}).get("code", "")).lower().removeprefix("0x")
    if code == FACTORY_CODE.hex():
        return Finding("factory", True, "the CREATE2 factory is in genesis")
    words = (
        "is in genesis with other code" if code else "is not in genesis: the contract's address will differ"
    )
    return Finding("factory", False if code else None, f"the CREATE2 factory {words}")


def _transitions(block: dict[str, Any], config: dict[str, Any]) -> Finding:
    found = config.get("transitions") or block.get("transitions")
    if not found:
        return Finding("transitions", True, "none")
    replaces = "validators" in json.dumps(found).lower()
    words = (
        "replace the validators: meters refuse receipts from then on, until they have the new set"
        if replaces
        else "are there: every node must have the same"
    )
    return Finding("transitions", None, words)


def _peers(folder: Path, secrets: dict[str, bytes]) -> Finding:
    nodes = _json(folder / "static-nodes.json")
    if not isinstance(nodes, list):
        return Finding("peers", False, "static-nodes.json is no list")
    listed = {str(each).removeprefix("enode://").partition("@")[0] for each in nodes}
    missing = [name for name, secret in secrets.items() if public_key(secret).hex() not in listed]
    if missing:
        return Finding("peers", False, f"static-nodes.json does not list {', '.join(missing)}")
    return Finding("peers", True, f"static-nodes.json lists {len(listed)} nodes")


def _accounts(folder: Path) -> Finding:
    allowed = _toml(folder / "permissions.toml").get("accounts-allowlist")
    if not allowed or not isinstance(allowed, list):
        return Finding("accounts", False, "permissions.toml allows no account: nobody can send anything")
    for each in allowed:
        try:
            parse_address(str(each))
        except ValueError as error:
            return Finding("accounts", False, f"permissions.toml allows what is no account: {error}")
    return Finding("accounts", True, f"{len(allowed)} may send")


def _node(folder: Path) -> Iterator[Finding]:
    name = folder.name
    settings = _toml(folder / "config.toml")
    share, size = (
        settings.get("tx-pool-limit-by-account-percentage", 0.001),
        settings.get("tx-pool-max-size", 4096),
    )
    sequenced = str(settings.get("tx-pool", "layered")).lower() == "sequenced"
    if settings.get("min-gas-price") != 0:
        yield Finding(name, False, "min-gas-price is not 0: its blocks leave out what pays nothing")
    if not _is_share(share) or not isinstance(size, int):
        yield Finding(name, False, "what its pool holds is no number")
    elif sequenced and math.ceil(share * size) < _FEWEST_PER_ACCOUNT:
        words = f"its pool holds {math.ceil(share * size)} transactions of an account: tell the relayer"
        yield Finding(name, None, f"{words} (unmined_transactions)")
    if not settings.get("permissions-accounts-config-file-enabled"):
        yield Finding(name, None, "takes transactions of anybody: permissions-accounts-config-file-enabled")
    if not settings.get("rpc-http-authentication-enabled"):
        yield Finding(name, None, "answers anybody who reaches it: rpc-http-authentication-enabled")
    if (folder / "key").stat().st_mode & _OPEN:
        yield Finding(name, False, f"others may read its key: chmod 600 {folder / 'key'}")
    yield Finding(name, True, f"seals as {checksum(address_of(_secret(folder / 'key')))}")


def _kept(folder: Path) -> Iterator[Finding]:
    """Look at the secrets that belong elsewhere."""
    for key in sorted(folder.glob("accounts/*.key")):
        if key.stat().st_mode & _OPEN:
            yield Finding("keys", False, f"others may read an account's key: chmod 600 {key}")
        else:
            yield Finding(
                "keys", None, f"{key.name} of an account lies beside the nodes' files: take it to its owner"
            )
    if (folder / "jwt-private.pem").exists():
        words = "jwt-private.pem, which signs tokens, lies beside the nodes' files: take it elsewhere"
        yield Finding("tokens", None, words)
    else:
        yield Finding("tokens", True, "the key that signs tokens is not here")


def _secret(file: Path) -> bytes:
    try:
        secret = bytes.fromhex(file.read_text("ascii").strip().removeprefix("0x"))
        coincurve.PrivateKey(secret)
    except OSError as error:
        raise ToolError(f"{file} can't be read: {(error.strerror or '').lower()}") from error
    except ValueError as error:
        raise ToolError(f"{file} holds no key of a node") from error
    return secret


def _is_share(told: Any) -> bool:
    return isinstance(told, int | float) and 0 <= told <= 1


def _number(told: Any) -> int:
    try:
        return int(str(told), 0)
    except ValueError:
        return 0


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ToolError(f"{file} can't be read: {(error.strerror or '').lower()}") from error
    except ValueError as error:
        raise ToolError(f"{file} is no JSON") from error


def _toml(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ToolError(f"{file} can't be read: {(error.strerror or '').lower()}") from error
    except ValueError as error:
        raise ToolError(f"{file} is no TOML: {str(error)[:100]}") from error
