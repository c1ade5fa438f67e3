# SPDX-License-Identifier: Apache-2.0
"""The languages of the pages: words by gettext from the .po files beside this one, numbers and dates by CLDR.

The .po files are read as they are, at the start: nothing is built, and what is shipped can be read.
"""

from __future__ import annotations

import functools
import io
from importlib.resources import files
from typing import TYPE_CHECKING

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

if TYPE_CHECKING:
    from collections.abc import Iterable

LANGUAGES = {"en": "English", "ru": "Русский"}
DEFAULT = "en"


@functools.cache
def translations(language: str) -> NullTranslations:
    """Return the words of a language; English is what stands in the sources."""
    if language == DEFAULT:
        return NullTranslations()
    text = (files(__package__) / "locale" / f"{language}.po").read_bytes()
    compiled = io.BytesIO()
    write_mo(compiled, read_po(io.BytesIO(text), locale=language))
    compiled.seek(0)
    return Translations(compiled)


@functools.cache
def locale(language: str) -> Locale:
    """Return CLDR's data of a language."""
    return Locale.parse("en_GB" if language == "en" else language)


def negotiated(accepted: str) -> str:
    """Return the language of ours that an Accept-Language header likes most."""
    weighted = sorted(_weighted(accepted), key=lambda item: -item[0])
    return next((language for _, language in weighted if language in LANGUAGES), DEFAULT)


def _weighted(accepted: str) -> Iterable[tuple[float, str]]:
    for part in accepted[:500].split(","):
        tag, _, weight = part.strip().partition(";q=")
        try:
            yield float(weight or 1), tag.split("-")[0].lower()
        except ValueError:
            continue
