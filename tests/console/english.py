# SPDX-License-Identifier: Apache-2.0
"""What of a Russian page is English: its words of Latin letters that are no names."""

from __future__ import annotations

import re

# what has one name in all languages: the product, formats, currencies, zones, keys of a keyboard, and commands
_NAMES = """
Electro English EN JSON CSV XLSX Parquet Green Button NEM MSCONS PDF ICS UTC utf Europe Moscow RUB RU EIP XML ESPI zip
Rolling mill spring Severny Steel Substation Feeder hall load csv kWh time UNZ UNB UNT EDIFACT
"""
# all that a person is shown, and what is read out
SHOWN = """[document.title, document.body.innerText, ...[...document.querySelectorAll(
  "[aria-label], [title], [placeholder], [alt], option, summary")].flatMap((each) => [
    each.getAttribute("aria-label"), each.getAttribute("title"), each.getAttribute("placeholder"),
    each.getAttribute("alt"), each.textContent])].filter(Boolean).join("\\n")"""


def english(text: str, *own: str) -> list[str]:
    """Return the words of a text that are of Latin letters and no names; `own` are a file's own words."""
    text = re.sub(r'"[^"]*"|«[^»]*»|0x[0-9a-fA-F…]+|https?://\S+', " ", text)
    known = {word for each in (_NAMES, *own) for word in re.findall(r"[A-Za-z]+", each)}
    return [word for word in re.findall(r"[A-Za-z]{2,}", text) if word not in known]
