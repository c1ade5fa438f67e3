# SPDX-License-Identifier: Apache-2.0
"""Names of months as files have them: English, German, Russian, French and Spanish, whole or cut."""

from __future__ import annotations

_NAMES = (
    ("january", "januar", "jänner", "январь", "января", "janvier", "enero"),
    ("february", "februar", "feber", "февраль", "февраля", "février", "fevrier", "febrero"),
    ("march", "märz", "maerz", "mrz", "март", "марта", "mars", "marzo"),
    ("april", "апрель", "апреля", "avril", "abril"),
    ("may", "mai", "май", "мая", "mayo"),
    ("june", "juni", "июнь", "июня", "juin", "junio"),
    ("july", "juli", "июль", "июля", "juillet", "julio"),
    ("august", "август", "августа", "août", "aout", "agosto"),
    ("september", "сентябрь", "сентября", "septembre", "septiembre"),
    ("october", "oktober", "октябрь", "октября", "octobre", "octubre"),
    ("november", "ноябрь", "ноября", "novembre", "noviembre"),
    ("december", "dezember", "декабрь", "декабря", "décembre", "diciembre"),
)


def month_of(name: str) -> int | None:
    """Return the month, 1 to 12, that a name of three letters or more begins; None if none or several do."""
    short = name.lower().rstrip(".")
    if len(short) < 3:
        return None
    found = {index + 1 for index, names in enumerate(_NAMES) if any(each.startswith(short) for each in names)}
    return found.pop() if len(found) == 1 else None
