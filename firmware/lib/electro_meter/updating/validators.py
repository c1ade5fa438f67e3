# SPDX-License-Identifier: Apache-2.0
"""Take a set of validators that a place of releases brings: a higher version, signed with both release keys.

It travels as `electro device validators` writes it, validators.json beside the releases:

    {"validators": ["0x…"], "version": 2, "deadline": 1800000000, "signatures": {"operator": "0x…", "consumer": "0x…"}}

Only a meter that has validators asks for others: the first are pinned over the serial line.
"""

import json
import os

from electro_protocol.address import checksum
from electro_protocol.address import parse as parse_address
from electro_protocol.releases import ValidatorSet

from .releases import ReleaseError, must_be_two, must_have_signed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from electro_protocol.eip712 import Domain

    from ..life.app import Meter
    from ..life.settings import Settings
    from ..world import Board
    from .fetching import Fetching
    from .state import State

_MOST_VALIDATORS = 16  # electro_protocol.header's
_CONFIG = "config.json"  # FILE of life/config.py, which would import 10 KB for it


def must_be_signed(
    validators: "tuple[bytes, ...]", version: int, untrusted: "dict[str, object]", domain: "Domain",
    state: "State", now_s: int,
) -> None:  # fmt: skip
    """Raise ReleaseError unless the keys that are pinned have signed a set, for this meter, until later than now."""
    try:
        message = ValidatorSet(ValidatorSet.hash_of(validators), version, untrusted.get("deadline", -1))  # type: ignore[arg-type]  # which it checks
    except ValueError as error:  # MessageError, whose module comes and goes
        raise ReleaseError(f"the validators are not signed: {error}")
    if message.deadline < now_s:
        raise ReleaseError("the signed validators were offered until a time that has passed")
    must_have_signed(message, domain, state, untrusted.get("signatures"))


async def ask(
    place: "Fetching", meter: "Meter", board: "Board", state: "State", settings: "Settings", domain: "Domain"
) -> str:
    """Ask a place for others and take them; return what was wrong with them, which says nothing of a release there.

    Raises SourceError where the place does not answer.
    """
    untrusted = await place.paper("validators")
    why = ""
    try:
        if untrusted is not None and take(
            untrusted, domain, state, settings, board.directory, meter.clock.unix_s()
        ):
            board.log(f"validators of version {settings.validators_version} are believed")
            if meter.uplink.proved:
                meter.uplink.proved.due_us = 0
    except (ReleaseError, OSError, ValueError) as error:
        why = f"validators: {error}"
        board.log(f"update: {why}")
    return why


def take(
    untrusted: object, domain: "Domain", state: "State", settings: "Settings", folder: str, now_s: int
) -> bool:
    """Keep a set in the configuration and in the settings, and return whether it is another one.

    Raises ReleaseError, and OSError if the flash takes nothing.
    """
    if not isinstance(untrusted, dict):
        raise ReleaseError("that is no set of validators")
    listed, version = untrusted.get("validators"), untrusted.get("version")
    if (
        not isinstance(listed, list)
        or not 0 < len(listed) <= _MOST_VALIDATORS
        or not isinstance(version, int)
    ):
        raise ReleaseError("that is no set of validators")
    if version <= settings.validators_version:
        return False
    try:
        found = {parse_address(one) for one in listed}
    except ValueError as error:
        raise ReleaseError(f"that is no set of validators: {error}")
    if len(found) != len(listed):
        raise ReleaseError("the set of validators names one twice")
    validators = tuple(sorted(found))
    must_be_two(state)
    must_be_signed(validators, version, untrusted, domain, state, now_s)
    with open(f"{folder}/{_CONFIG}") as file:
        entries = json.load(file)
    entries["validators"] = [checksum(one) for one in validators]
    entries["validators_version"] = version
    with open(f"{folder}/{_CONFIG}.new", "w") as file:
        json.dump(entries, file)
    # a power cut leaves the old file or the new one
    os.rename(f"{folder}/{_CONFIG}.new", f"{folder}/{_CONFIG}")
    settings.validators, settings.validators_version = validators, version
    return True
