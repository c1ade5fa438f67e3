# SPDX-License-Identifier: Apache-2.0
"""What a file tells people beside the chain: names of agreements, accounts and meters, the currency and the zone.

```toml
zone = "Europe/Moscow"
currency = "RUB"
decimals = 2            # of it; 2 if a minor unit is a hundredth
inn = "7707083893"      # the sender's taxpayer number, without which there are no 80020 files
[agreements]
1 = "Rolling mill, 2027"
[addresses]             # of consumers and meters
"0x…" = "Severny Steel"
```
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from electro_plan import zones
from electro_plan.errors import PlanError
from electro_plan.money import MINOR_UNITS, Currency
from electro_plan.sentence import foreign, sentence
from electro_protocol import address

from .errors import ConsoleError

if TYPE_CHECKING:
    from pathlib import Path

_KEYS = ("zone", "currency", "decimals", "inn", "agreements", "addresses")
_MOST_DECIMALS = 18  # of a token


@dataclass(frozen=True)
class Names:
    """What is said for people; of what has no name nothing."""

    zone: str = "UTC"
    currency: Currency = MINOR_UNITS
    agreements: dict[int, str] = field(default_factory=dict)
    addresses: dict[bytes, str] = field(default_factory=dict)
    inn: str = ""

    def agreement(self, agreement_id: int) -> str | None:
        return self.agreements.get(agreement_id)

    def account(self, account: bytes) -> str | None:
        return self.addresses.get(account)


def read(file: Path) -> Names:
    """Read the file.

    Raises:
        ConsoleError: it is not there, or an entry is wrong.
    """
    try:
        content = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ConsoleError(sentence("{0} can't be read{1}", file, foreign(error.strerror))) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConsoleError(sentence("{0} is no TOML{1}", file, foreign(error))) from error
    try:
        return _of(content)
    except (ValueError, PlanError) as error:
        raise ConsoleError(
            sentence("{0} has an entry that is none{1}", file, foreign(error)),
            sentence("entries are {0}", ", ".join(_KEYS)),
        ) from error


def _of(content: dict[str, Any]) -> Names:
    unknown = set(content) - set(_KEYS)
    if unknown:
        raise ValueError(f"{min(unknown)} is no entry of a file of names")
    decimals = content.get("decimals", 2 if "currency" in content else 0)
    if not isinstance(decimals, int) or not 0 <= decimals <= _MOST_DECIMALS:
        raise ValueError(f"decimals must be from 0 to {_MOST_DECIMALS}")
    zone = _text(content, "zone") or "UTC"
    return Names(
        zones.name(zone),
        Currency(_text(content, "currency"), decimals),
        {_id(key): str(name) for key, name in content.get("agreements", {}).items()},
        {_account(key): str(name) for key, name in content.get("addresses", {}).items()},
        _inn(_text(content, "inn")),
    )


def _text(content: dict[str, Any], key: str) -> str:
    value = content.get(key, "")
    if not isinstance(value, str):
        raise ValueError(f"{key} must be a text")
    return value


def _inn(text: str) -> str:
    if text and not (text.isascii() and text.isdigit() and len(text) in (10, 12)):
        raise ValueError("inn is a taxpayer's number, of 10 or 12 digits")
    return text


def _account(key: str) -> bytes:
    try:
        return address.parse(key)
    except ValueError as error:
        raise ValueError(f"{key[:60]}: {error}") from error


def _id(key: str) -> int:
    if not key.isdigit():
        raise ValueError(f"agreements are numbered: {key} is no number")
    return int(key)
