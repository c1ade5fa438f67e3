# SPDX-License-Identifier: Apache-2.0
"""Say whether somebody at the serial line may give a meter another set of validators.

A set is replaced by one of a higher version only. Where release keys are pinned each of them must have signed it, for
this meter's chain and contract: as with a program, whoever holds the chip can replace everything, and a set that was
brought by mistake or by one party alone is refused all the same. It comes as

    {"deadline": 1800000000, "signatures": {"operator": "0x…", "consumer": "0x…"}}

beside `validators` and `validators_version` of the configuration. Without any entry the set that is there stays.
"""

from electro_protocol.address import parse as parse_address
from electro_protocol.eip712 import Domain

from .life.config import Config
from .updating.releases import ReleaseError
from .updating.state import State
from .updating.validators import must_be_signed
from .world import ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ENTRIES = ("validators", "validators_version")


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
    if not any(state.operator) and not any(state.consumer):
        return
    paper = untrusted_paper if isinstance(untrusted_paper, dict) else {}
    domain = Domain(config.chain_id, config.contract)
    try:
        must_be_signed(config.validators, config.validators_version, paper, domain, state, now_s)
    except ReleaseError as error:
        raise ConfigError(str(error))


def _parsed(listed: object) -> "tuple[bytes, ...]":
    """Return a kept set; what is damaged is none."""
    try:
        return tuple(sorted([parse_address(one) for one in listed]))  # type: ignore[attr-defined]  # if it is no list
    except (ValueError, TypeError):
        return ()
