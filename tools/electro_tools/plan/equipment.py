# SPDX-License-Identifier: Apache-2.0
"""The file of equipment for a tariff: TOML, money in minor units, every mistake named by its entry."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from electro_tools import quantities
from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from electro_plan.money import Currency
    from electro_plan.tariff import Network

_NORMAL_LIFE_HOURS = 180_000  # of insulation at its rated hot spot, IEC 60076-7's usual figure
_REQUIRED = object()


class _Table:
    """Entries of one table, read by name; what is not read in the end is a mistake."""

    def __init__(self, path: Path, name: str, content: Any) -> None:
        if not isinstance(content, dict):
            raise ToolError(f"{path}: {name} must be a section")
        self._path, self._name, self._left = path, name, dict(content)

    def _take(self, key: str, default: Any, fits: Callable[[Any], bool], what: str) -> Any:
        value = self._left.pop(key, default)
        if value is _REQUIRED:
            raise ToolError(f"{self._path}: {self._name}.{key} is missing")
        if not fits(value):
            raise ToolError(f"{self._path}: {self._name}.{key} must be {what}")
        return value

    def number(self, key: str, default: Any = _REQUIRED, *, above: bool = False) -> float:
        def fits(value: Any) -> bool:
            return (
                isinstance(value, int | float)
                and not isinstance(value, bool)
                and 0 <= value < 1e15
                and (value > 0 or not above)
            )

        return float(self._take(key, default, fits, "a number above 0" if above else "a number from 0 up"))

    def whole(self, key: str, default: Any = _REQUIRED, *, least: int = 0) -> int:
        def fits(value: Any) -> bool:
            return isinstance(value, int) and not isinstance(value, bool) and least <= value < 10**18

        return int(self._take(key, default, fits, f"a whole number from {least} up"))

    def text(self, key: str, default: Any = _REQUIRED) -> str:
        return str(self._take(key, default, lambda value: isinstance(value, str), "text in quotes"))

    def flag(self, key: str) -> bool:
        return bool(self._take(key, False, lambda value: isinstance(value, bool), "true or false"))

    def read(self, key: str, reader: Callable[[str], int], default: Any = _REQUIRED) -> int:
        try:
            return reader(self.text(key, default))
        except ValueError as error:
            raise ToolError(f"{self._path}: {self._name}.{key} {error}") from error

    def end(self) -> None:
        for key in self._left:
            raise ToolError(f"{self._path}: {self._name}.{key} is no entry of a file of equipment")


def read_equipment(path: Path) -> tuple[Network, Currency]:
    """Read a file of equipment.

    Raises:
        ToolError: naming the entry.
    """
    from electro_plan.money import Currency
    from electro_plan.tariff import Network

    document = _document(path)
    unknown = set(document) - {"agreement", "network", "breaker", "transformer", "currency"}
    for name in sorted(unknown):
        raise ToolError(
            f"{path}: {name} is no section of a file of equipment",
            "there are agreement, network, breaker, transformer, currency",
        )
    money = _Table(path, "currency", document.get("currency", {}))
    currency = Currency(money.text("name", ""), money.whole("decimals", 0))
    money.end()
    breakers = tuple(_breaker(_Table(path, "breaker", each)) for each in _tables(path, document, "breaker"))
    transformers = tuple(
        _transformer(_Table(path, "transformer", each)) for each in _tables(path, document, "transformer")
    )
    if not breakers or not transformers:
        raise ToolError(f"{path} needs a [[breaker]] and a [[transformer]] at least")
    agreement = _Table(path, "agreement", document.get("agreement", {}))
    network = _Table(path, "network", document.get("network", {}))
    interval_s = agreement.read("interval", quantities.duration_s, "15 min")
    unit_wh = agreement.read("unit", quantities.energy_wh, "100 Wh")
    capacity_wh = agreement.number("capacity_kw", above=True) * interval_s / 3.6
    if not interval_s or not unit_wh or capacity_wh < unit_wh:
        raise ToolError(f"{path}: agreement.capacity_kw gives no whole unit an interval")
    made = Network(
        breakers,
        transformers,
        consumers=network.whole("consumers", least=1),
        compensation=network.whole("compensation", 0),
        planned_load=network.number("planned_load", 0.7, above=True),
        excess=network.number("excess", 0.2, above=True),
        outages_a_year=network.number("outages_a_year"),
        bonus_share=network.number("bonus_share", 0.5),
        undelivered_per_kwh=network.number("undelivered_per_kwh", 0),
        interval_s=interval_s,
        unit_wh=unit_wh,
        capacity_units=int(capacity_wh // unit_wh),
        days=agreement.whole("days", 28, least=1),
    )
    agreement.end()
    network.end()
    return made, currency


def _breaker(table: _Table) -> Any:
    from electro_plan.wear import Breaker

    made = Breaker(
        table.text("name"),
        table.whole("cost"),
        table.whole("rated_operations", least=1),
        table.number("operations_an_outage"),
        table.number("operations_a_violation", 0),
        table.number("life_years", 25, above=True),
    )
    table.end()
    return made


def _transformer(table: _Table) -> Any:
    from electro_plan.wear import COOLINGS, Transformer

    kind = table.text("kind", "distribution")
    if kind not in COOLINGS:
        raise ToolError(f"transformer.kind must be {' or '.join(COOLINGS)}, not {kind[:40]!r}")
    made = Transformer(
        table.text("name"),
        table.whole("cost"),
        table.number("rated_kw", above=True),
        table.number("life_hours", _NORMAL_LIFE_HOURS, above=True),
        table.number("ambient_c", 20),
        COOLINGS[kind],
        table.flag("upgraded_paper"),
    )
    table.end()
    return made


def _tables(path: Path, document: dict[str, Any], name: str) -> list[Any]:
    found = document.get(name, [])
    if not isinstance(found, list):
        raise ToolError(f"{path}: {name} must be written [[{name}]], once for each")
    return found


def _document(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_bytes().decode())
    except FileNotFoundError:
        raise ToolError(f"there is no file {path}") from None
    except OSError as error:
        raise ToolError(f"{path} can't be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ToolError(f"{path} is no TOML file: {str(error)[:120]}") from error
