# SPDX-License-Identifier: Apache-2.0
"""What a terms file says for people alone, in its section [about]: it is not on chain and not in the terms' hash.

| key | what |
|---|---|
| name | of the agreement |
| zone | in which its times are told: Europe/Moscow |
| currency | of its money: RUB |
| decimals | of the currency: 2, if a minor unit is a hundredth |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from electro_plan import zones
from electro_plan.errors import PlanError
from electro_plan.money import MINOR_UNITS, Currency

from .terms_entries import Misfit, text, whole

SECTION = "about"
KEYS = ("name", "zone", "currency", "decimals")
_MOST_CHARACTERS = 80
_MOST_DECIMALS = 18  # of a token


@dataclass(frozen=True)
class About:
    """What is said for people about terms."""

    name: str | None = None
    zone: str | None = None
    currency: Currency = MINOR_UNITS


def read(section: Any) -> About:
    """Return what a section says.

    Raises:
        Misfit: naming the entry.
    """
    if not isinstance(section, dict):
        raise Misfit(SECTION, None, f"must be a section: [{SECTION}]")
    given: dict[str, Any] = {}
    for key, value in section.items():
        try:
            given[key] = _READERS[key](value)
        except KeyError:
            raise Misfit(SECTION, key, f"is no entry of a terms file; there are {', '.join(KEYS)}") from None
        except ValueError as error:
            raise Misfit(SECTION, key, str(error)) from error
    currency = Currency(given.get("currency", ""), given.get("decimals", 2 if "currency" in given else 0))
    return About(given.get("name"), given.get("zone"), currency)


def to_toml(about: About) -> str:
    """Return the section as text; "" if it says nothing."""
    lines = []
    if about.name is not None:
        lines.append(f"name = {_quoted(about.name)}")
    if about.zone is not None:
        lines.append(f"zone = {_quoted(about.zone)}  # in which times are told")
    if about.currency.name:
        lines.append(f"currency = {_quoted(about.currency.name)}")
        lines.append(f"decimals = {about.currency.decimals}  # of it; money in this file is in minor units")
    return "\n".join([f"[{SECTION}]  # for people: not on chain", *lines, ""]) + "\n" if lines else ""


def _name(value: Any) -> str:
    name = text(value, "Hall 3")
    if not name.strip() or len(name) > _MOST_CHARACTERS or not name.isprintable():
        raise ValueError(f"must be 1 to {_MOST_CHARACTERS} printable characters")
    return name


def _zone(value: Any) -> str:
    try:
        return zones.name(text(value, "Europe/Moscow"))
    except PlanError as error:
        raise ValueError(f"is no zone: {error.sentence}") from error


def _decimals(value: Any) -> int:
    if whole(value) > _MOST_DECIMALS:
        raise ValueError(f"must be at most {_MOST_DECIMALS}")
    return int(value)


_READERS = {"name": _name, "zone": _zone, "currency": _name, "decimals": _decimals}


def _quoted(words: str) -> str:
    return '"' + words.replace("\\", "\\\\").replace('"', '\\"') + '"'
