# SPDX-License-Identifier: Apache-2.0
"""Validators as people give them: addresses apart by commas, or a file that has them, and perhaps who signed the set.

A file is JSON: a list of addresses, or an object with `validators`, and optionally `version`, `deadline` and
`signatures` of the two release keys, and the `chain_id` and `contract` they are for; or text with an address a line,
`#` before a remark.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from electro_protocol import address
from electro_protocol.header import MOST_VALIDATORS
from electro_tools.parameters import reader


@dataclass(frozen=True)
class Validators:
    """A set in rising order; paper: who signed it; domain: chain and contract of the meters it was signed for."""

    addresses: tuple[bytes, ...]
    paper: dict[str, Any] = field(default_factory=dict)
    domain: tuple[int, bytes] | None = None


def read(text: str) -> Validators:
    """Return the validators of an option.

    Raises:
        ValueError: it is neither a file nor addresses, or names one twice, or too many.
    """
    paper: dict[str, Any] = {}
    domain = None
    path = Path(text)
    if "," not in text and not text.startswith("0x"):
        try:
            content = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(
                f"{text} is neither addresses apart by commas nor a file that can be read"
            ) from error
        listed, told = _of_file(content, path)
        paper = {name: told[name] for name in ("version", "deadline", "signatures") if name in told}
        if "contract" in told:
            domain = _domain(told, path)
    else:
        listed = text.split(",")
    found = [_address(one) for one in listed]
    if not found or len(found) > MOST_VALIDATORS:
        raise ValueError(f"a meter takes 1 to {MOST_VALIDATORS} validators, not {len(found)}")
    if len(set(found)) != len(found):
        raise ValueError("one validator is named twice: it would count twice")
    return Validators(tuple(sorted(found)), paper, domain)


def _of_file(content: str, path: Path) -> tuple[list[Any], dict[str, Any]]:
    if content.lstrip()[:1] not in ("{", "["):
        lines = [line.partition("#")[0].strip() for line in content.splitlines()]
        return [line for line in lines if line], {}
    try:
        told = json.loads(content)
    except ValueError as error:
        raise ValueError(f"{path} is not JSON") from error
    if isinstance(told, list):
        return told, {}
    listed = told.get("validators")
    if not isinstance(listed, list):
        raise ValueError(f"{path} has no list of validators")
    return listed, told


def _domain(told: dict[str, Any], path: Path) -> tuple[int, bytes]:
    try:
        return int(told["chain_id"]), address.parse(told["contract"])
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"{path} does not say for which chain and contract it is") from error


def _address(untrusted: object) -> bytes:
    if not isinstance(untrusted, str):
        raise ValueError("a validator is an address: 0x and 40 hex digits")
    return address.parse(untrusted.strip())


VALIDATORS = reader("validators", read)
