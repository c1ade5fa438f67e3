# SPDX-License-Identifier: Apache-2.0
"""Numbers, money, energies and times as one reader wants them: in a language, a zone and a currency."""

from __future__ import annotations

import functools
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime
from string import Formatter
from typing import TYPE_CHECKING

from babel.numbers import get_decimal_symbol, get_group_symbol

from electro_plan import zones
from electro_plan.money import MINOR_UNITS, Currency
from electro_plan.sentence import Figure, Foreign, Length, Sentence

from .languages import DEFAULT, locale, translations

if TYPE_CHECKING:
    from datetime import tzinfo

    from babel.support import NullTranslations

_MOST_SHOWN = 80  # characters of a name that somebody else has chosen
_UNITS = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))
_DASH = "–"


@dataclass(frozen=True)
class Words:
    """How one reader is told things."""

    language: str = "en"
    zone: str = "UTC"
    currency: Currency = MINOR_UNITS

    @property
    def translations(self) -> NullTranslations:
        return translations(self.language)

    def say(self, message: str, **figures: object) -> str:
        """Return a sentence in the language, with its figures filled in."""
        said: str = self.translations.ugettext(message)
        return said % figures if figures else said

    def count(self, one: str, many: str, number: int, **figures: object) -> str:
        """Return a sentence about so many things; `n` in it is the number."""
        said: str = self.translations.ungettext(one, many, number)
        return said % {"n": self.number(number), **figures}

    def told(self, text: str) -> str:
        """Return a sentence that somebody else has made in English, with its figures as the reader writes them."""
        if self.language == DEFAULT or not isinstance(text, Sentence):
            return str(text)
        message = (
            self.translations.ugettext(text.message)
            if text.many is None
            else self.translations.ungettext(text.message, text.many, text.number)
        )
        manners = {
            field: (spec or "", conversion) for _, field, spec, conversion in Formatter().parse(text.message)
        }
        figures = (
            self._figure(each, *manners.get(str(at), ("", None))) for at, each in enumerate(text.figures)
        )
        return str(message).format(*figures)

    def _figure(self, figure: object, spec: str, conversion: str | None) -> str:
        """Return a figure of a sentence: words in the language, numbers with its signs, anything else as it is."""
        if isinstance(figure, Sentence):
            return self.told(figure)
        if isinstance(figure, Length):
            return self.span(figure.seconds)
        if isinstance(figure, Foreign):
            return ""
        if isinstance(figure, Figure | int | float):
            return self._signs(format(figure, spec))
        return repr(figure)[1:-1] if conversion else str(figure)

    def _signs(self, english: str) -> str:
        """Return a number with the language's signs for those of English."""
        group, point = _symbols(self.language)
        return english.replace(",", "\0").replace(".", point).replace("\0", group).replace("-", "−")

    def number(self, value: float) -> str:
        """Return a number with thousands apart; of fractions what matters."""
        return self._signs(
            f"{value:,}"
            if isinstance(value, int)
            else f"{value:,.10g}"
            if "e" in f"{value:.10g}"
            else _plain(value)
        )

    def money(self, minor: int) -> str:
        """Return an amount of minor units in the currency."""
        shown = self._signs(Currency("", self.currency.decimals).text(minor))
        return f"{shown}\u00a0{self.currency.name}" if self.currency.name else shown

    def amount(self, minor: int) -> str:
        """Return an amount without its currency, as in a calculation."""
        return self.money(minor).removesuffix(f"\u00a0{self.currency.name}")

    def entry(self, minor: int) -> str:
        """Return an amount as a field of a form holds it."""
        return (
            Currency("", self.currency.decimals)
            .text(minor)
            .replace(",", "")
            .replace(".", _symbols(self.language)[1])
        )

    def energy(self, wh: float) -> str:
        """Return an energy in the unit in which it is easiest read."""
        for unit, least in (("GWh", 1e9), ("MWh", 1e6)):
            if abs(wh) >= 10 * least:
                return f"{self.number(round(wh / least, 1))}\u00a0{self.say(unit)}"
        return f"{self.number(wh / 1000)}\u00a0{self.say('kWh')}"

    def kwh(self, wh: float) -> str:
        """Return an energy in kWh, exactly."""
        return f"{self.number(wh / 1000)}\u00a0{self.say('kWh')}"

    def share(self, of_one: float) -> str:
        """Return a share in percent."""
        text = f"{of_one * 100:.1f}".removesuffix(".0")
        return f"{self.number(float(text) if '.' in text else int(text))}\u00a0%"

    def instant(self, unix_s: int) -> str:
        """Return a day and a time."""
        moment = self._wall(unix_s)
        return f"{self._day(moment)}, {moment:%H:%M}" if moment else str(unix_s)

    def day(self, unix_s: int) -> str:
        moment = self._wall(unix_s)
        return self._day(moment) if moment else str(unix_s)

    def weekday(self, unix_s: int) -> str:
        """Return a day with its name."""
        moment = self._wall(unix_s)
        if moment is None:
            return str(unix_s)
        return f"{_calendar(self.language)[1][moment.weekday()]} {self._day(moment)}"

    def clock(self, unix_s: int) -> str:
        moment = self._wall(unix_s)
        return f"{moment:%H:%M}" if moment else str(unix_s)

    def between(self, since_s: int, until_s: int) -> str:
        """Return "10:00–10:15", with days where they differ."""
        same = self.day(since_s) == self.day(until_s - 1)
        return (
            f"{self.clock(since_s)}{_DASH}{self.clock(until_s)}"
            if same
            else f"{self.instant(since_s)} {_DASH} {self.instant(until_s)}"
        )

    def stretch(self, since_s: int, until_s: int) -> str:
        """Return the same where no day stands beside it: "31 Jan 2027, 10:00–10:15"."""
        same = self.day(since_s) == self.day(until_s - 1)
        between = self.between(since_s, until_s)
        return f"{self.day(since_s)}, {between}" if same else between

    def machine(self, unix_s: int) -> str:
        """Return what a <time> element's datetime holds."""
        return _utc(unix_s)

    def wall(self, unix_s: int) -> str:
        """Return what an input of a time holds: what a clock on the reader's wall shows."""
        moment = self._wall(unix_s)
        return f"{moment:%Y-%m-%dT%H:%M}" if moment else ""

    def span(self, seconds: int) -> str:
        """Return about how long that is: its two greatest units."""
        parts = []
        for unit, length in _UNITS:
            count, seconds = divmod(seconds, length)
            if count:
                parts.append(f"{self.number(count)}\u00a0{self.say(unit)}")
            if len(parts) == 2 or (parts and not count):
                break
        return " ".join(parts) or f"0\u00a0{self.say('s')}"

    def _wall(self, unix_s: int) -> datetime | None:
        """Return what a clock on the wall shows; None beyond the year 9999."""
        try:
            return datetime.fromtimestamp(unix_s, UTC).astimezone(_clock(self.zone))
        except (ValueError, OverflowError, OSError):
            return None

    def _day(self, moment: datetime) -> str:
        return f"{moment.day}\u00a0{_calendar(self.language)[0][moment.month]} {moment.year}"


def mark(message: str) -> str:
    """Mark a message for translation; it is said later."""
    return message


def plain(untrusted: str) -> str:
    """Return somebody else's words without what moves, hides or fills: controls, directions, thousands of letters."""
    kept = "".join(
        "\ufffd" if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") else c
        for c in untrusted[: _MOST_SHOWN + 1]
    )
    return kept if len(kept) <= _MOST_SHOWN else kept[: _MOST_SHOWN - 1] + "…"


def _plain(value: float) -> str:
    return f"{value:,.4f}".rstrip("0").rstrip(".")


@functools.cache
def _symbols(language: str) -> tuple[str, str]:
    chosen = locale(language)
    return get_group_symbol(chosen), get_decimal_symbol(chosen)


@functools.cache
def _calendar(language: str) -> tuple[dict[int, str], dict[int, str]]:
    """Return short names of months, and of weekdays from Monday on: CLDR's own formatter takes 50 µs a date."""
    chosen = locale(language)
    return dict(chosen.months["format"]["abbreviated"]), dict(chosen.days["format"]["abbreviated"])


@functools.cache
def _clock(zone: str) -> tzinfo:
    return UTC if zone == "UTC" else zones.clock(zone)


def _utc(unix_s: int) -> str:
    try:
        return f"{datetime.fromtimestamp(unix_s, UTC):%Y-%m-%dT%H:%M:%SZ}"
    except (ValueError, OverflowError, OSError):
        return ""
