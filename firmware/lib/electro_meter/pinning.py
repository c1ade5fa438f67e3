# SPDX-License-Identifier: Apache-2.0
"""Say whether somebody at the serial line may give a meter another set of validators.

A set is replaced by one of a higher version only. Where release keys are pinned each of them must have signed it, for
this meter's chain and contract: as with a program, whoever holds the chip can replace everything, and a set that was
brought by mistake or by one party alone is refused all the same. It comes as

    {"deadline": 1800000000, "signatures": {"operator": "0x…", "consumer": "0x…"}}

beside `validators` and `validators_version` of the configuration. Without any entry the set that is there stays.
"""

from electro_protocol.address import address_of
from electro_protocol.address import parse as parse_address
from electro_protocol.eip712 import Domain
from electro_protocol.recovery import recover
from electro_protocol.releases import ValidatorSet
from electro_protocol.reports import MessageError
from electro_protocol.secp256k1 import SignatureError
from electro_protocol.untrusted import hex_bytes

from .life.config import Config
from .updating.state import State
from .world import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ENTRIES = ("validators", "validators_version")
_ROLES = ("operator", "consumer")


def keep(entries: "dict[str, Any]", before: "dict[str, Any]") -> None:
    """Take over the validators that are there into entries that say nothing of any."""
    if "validators" not in entries:
        for name in ENTRIES:
            if name in before:
                entries[name] = before[name]


def check(
    config: Config, before: "dict[str, Any]", state: State, untrusted_paper: object, now_s: int
) -> None:
    """Raise ConfigError unless a configuration may have its validators in the place of those before it."""
    had = _parsed(before.get("validators", []))
    had_version = before.get("validators_version", 0)
    if config.validators == had and config.validators_version == had_version:
        return
    if (had or had_version) and config.validators_version <= had_version:
        raise ConfigError(
            f"the meter has validators of version {had_version}: only a higher version replaces them"
        )
    keys = {
        role: key for role, key in (("operator", state.operator), ("consumer", state.consumer)) if any(key)
    }
    if not keys:
        return
    paper = untrusted_paper if isinstance(untrusted_paper, dict) else {}
    signatures = paper.get("signatures")
    try:
        message = ValidatorSet(
            ValidatorSet.hash_of(config.validators), config.validators_version, paper.get("deadline", -1)
        )
        digest = message.digest(Domain(config.chain_id, config.contract))
        for role in _ROLES:
            if role in keys:
                given = signatures.get(role) if isinstance(signatures, dict) else None
                if given is None:
                    raise ConfigError(
                        f"the {role}'s release key is pinned and has not signed these validators"
                    )
                if address_of(recover(digest, hex_bytes(role, given))) != keys[role]:
                    raise ConfigError(
                        f"the {role}'s signature of the validators is of another key, or of others"
                    )
    except (MessageError, SignatureError) as error:
        raise ConfigError(f"the validators are not signed: {error}")
    if message.deadline < now_s:
        raise ConfigError("the signed validators were offered until a time that has passed")


def _parsed(listed: object) -> "tuple[bytes, ...]":
    """Return a kept set; what is damaged is none."""
    try:
        return tuple(sorted([parse_address(one) for one in listed]))  # type: ignore[attr-defined]  # if it is no list
    except (ValueError, TypeError):
        return ()
