# SPDX-License-Identifier: Apache-2.0
"""Terms as a TOML file that people read and sign off: with units, and every mistake named with its line.

| section | keys |
|---|---|
| term | start, interval, length, unit, capacity |
| penalties | violation, under_per_unit, over_per_unit, missing, outage, outage_minute, outage_causes |
| deadlines | grace, dispute_window, notice, fault_lookback |
| renomination | raise, lead |
| discount | rate, expiry |
| bands | one of day (with unit), file, slots |
| about | name, zone, currency, decimals: for people, may be left out |

Money is whole minor units of the parties' currency.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from electro_contracts.bill import first_cheap_silence
from electro_contracts.terms import Terms, TermsError
from electro_plan import quantities
from electro_tools.errors import ToolError

from . import about
from .terms_entries import BAND_KEYS, ENTRIES, SECTIONS, Misfit
from .terms_schedule import Frame, schedule

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_MOST_BYTES = 1 << 20


@dataclass(frozen=True)
class TermsFile:
    """What a terms file says."""

    terms: Terms
    about: about.About


def read(path: Path) -> Terms:
    """Return the terms of a terms file, as `read_all` reads it."""
    return read_all(path).terms


def read_all(path: Path) -> TermsFile:
    """Read and check a terms file.

    Raises:
        ToolError: naming the file and, wherever there is one, the line.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise ToolError(f"there is no file {path}", "electro agreement template writes one") from None
    except OSError as error:
        raise ToolError(f"{path} can't be read: {error.strerror}") from error
    if len(raw) > _MOST_BYTES:
        raise ToolError(f"{path} is too large for a terms file", "bands can be in a CSV file of their own")
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ToolError(f"{path}, line {line}: this is not UTF-8 text") from error
    try:
        return TermsFile(parse(text, path.parent), about.read(tomllib.loads(text).get(about.SECTION, {})))
    except Misfit as error:
        line = _line_of(text, error.section, error.key)
        name = error.section if error.key is None else f"{error.section}.{error.key}"
        raise ToolError(f"{path}, line {line}: {name} {error}") from error
    except tomllib.TOMLDecodeError as error:
        sentence = re.sub(r"\s+", " ", str(error))
        found = re.search(r" \(at line ([0-9]+), column ([0-9]+)\)$", sentence)
        place = f", line {found[1]}, column {found[2]}" if found else ", at its end"
        shown = sentence[: found.start()] if found else sentence.replace(" (at end of document)", "")
        raise ToolError(f"{path}{place}: {shown}", "the file must be TOML") from error
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits, brackets without end
        raise ToolError(f"{path} is no terms file: {str(error)[:100]}") from error


def parse(text: str, folder: Path) -> Terms:
    """Return the terms of a TOML text; files that it names are looked for in `folder`.

    Raises:
        ToolError: a file of bands does not fit.
        ValueError: something else does not.
    """
    document = tomllib.loads(text)
    _only_known({name: content for name, content in document.items() if name != about.SECTION})
    fields: dict[str, Any] = {}
    for (section, key), (reader, field) in ENTRIES.items():
        try:
            fields[field] = reader(document[section][key])
        except ValueError as error:
            raise Misfit(section, key, str(error)) from error
    interval_s, length_s = fields["interval_seconds"], fields["intervals"]
    if not interval_s or not fields["unit_wh"]:
        key = "interval" if not interval_s else "unit"
        raise Misfit("term", key, "must be more than nothing")
    fields["intervals"], rest = divmod(length_s, interval_s)
    if rest:
        raise Misfit(
            "term", "length", f"must be a whole number of intervals of {quantities.duration_text(interval_s)}"
        )
    for field in ("capacity_units", "raise_units"):  # read in Wh
        fields[field] //= fields["unit_wh"]
    frame = Frame(document["term"]["start"], interval_s, fields["unit_wh"], folder)
    slots = schedule(document["bands"], frame)
    try:
        terms = Terms(**fields, bands=slots)
    except TermsError as error:
        found = [place for place, (_, field) in ENTRIES.items() if str(error).startswith(field)]
        section, entry = found[0] if found else ("bands" if "bands" in str(error) else "term", None)
        raise Misfit(section, entry, f"is out of range: {error}") from error
    cheap = first_cheap_silence(slots, terms)
    if cheap is not None:
        slot, least = cheap
        sentence = (
            f"must be {least} at the least: so much can the truth cost in slot {slot}, and silence no less"
        )
        raise Misfit("penalties", "missing", sentence)
    return terms


def _only_known(document: dict[str, Any]) -> None:
    for section, content in document.items():
        if section not in SECTIONS:
            raise Misfit(section, None, "is no section of a terms file" + _near(section, SECTIONS))
        if not isinstance(content, dict):
            raise Misfit(section, None, f"must be a section: [{section}]")
        known = BAND_KEYS if section == "bands" else [key for name, key in ENTRIES if name == section]
        for key in content:
            if key not in known:
                raise Misfit(section, key, "is no entry of a terms file" + _near(key, known))
    for section in SECTIONS:
        if section not in document:
            raise Misfit(section, None, f"is missing: the section [{section}]")
    for section, key in ENTRIES:
        if key not in document[section]:
            raise Misfit(section, key, "is missing")


def _near(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; is {close[0]} meant?" if close else f"; there are {', '.join(known)}"


def _line_of(text: str, section: str, key: str | None) -> int:
    """Return the line of an entry, or where its section begins, or the last one where there is none."""
    lines = text.splitlines()
    inside, begins = False, 0
    for number, line in enumerate(lines, 1):
        heading = re.match(r"\s*\[\s*\"?([^\]\"]*?)\"?\s*\]", line)
        if heading:
            inside = heading[1] == section
            begins = begins or (number if inside else 0)
        elif re.match(rf"\s*\"?{re.escape(section)}\"?\s*[=.]", line):
            begins = begins or number
        if inside and key is not None and re.match(rf"\s*\"?{re.escape(key)}\"?\s*=", line):
            return number
    return begins or max(1, len(lines))
