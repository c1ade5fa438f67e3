# SPDX-License-Identifier: Apache-2.0
"""Recognise a load file's format by its content; names of files mean nothing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from electro_plan.errors import PlanError
from electro_plan.sentence import sentence
from electro_plan.text.encoding import decode

if TYPE_CHECKING:
    from electro_plan.opening import Opened

FORMATS = {
    "csv": "delimited",
    "xlsx": "workbook",
    "parquet": "parquet",
    "espi": "espi",
    "nem12": "nem12",
    "mscons": "mscons",
    "80020": "xml80020",
}
"""Format to module."""

_ROOTS = {
    "80020": rb"<message\b[^>]{0,400}\bclass\s*=\s*[\"']800[24]0",
    "espi": rb"naesb\.org/espi|<(?:\w+:)?IntervalBlock\b",
}
_HEAD_BYTES = 65_536  # roots and namespaces stand in it, behind any declaration and remark
_SHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")  # zip: XLSX, XLSB, ODS; compound file: XLS


def recognise(opened: Opened) -> str:
    """Return the name of a file's format; what is nothing else is text with separated fields.

    Raises:
        PlanError: it is XML of a kind that is not known.
    """
    data = opened.data
    if data[:4] == b"PAR1":
        return "parquet"
    if data.startswith(_SHEETS):
        return "xlsx"
    head = data[:_HEAD_BYTES].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \r\n\t")
    if head.startswith(b"<"):
        for name, pattern in _ROOTS.items():
            if re.search(pattern, head):
                return name
        first = decode(head[:200], opened.shown, "latin-1")[0].strip()
        raise PlanError(
            sentence(
                "{0} is XML, but neither Green Button nor 80020; it begins with {1!r}",
                opened.shown,
                first[:80],
            ),
            "known are csv, xlsx, parquet, espi (Green Button), nem12, mscons and 80020",
        )
    if re.match(rb"\"?100\"?\s*,\s*\"?NEM12", head):
        return "nem12"
    if re.match(rb"UNA.{6}\s*UN[BH]|UN[BH]\+", head, re.DOTALL):
        return "mscons"
    return "csv"
