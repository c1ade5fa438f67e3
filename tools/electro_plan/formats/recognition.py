# SPDX-License-Identifier: Apache-2.0
"""Recognise a load file's format by its content; names of files mean nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from electro_plan.opening import Opened

FORMATS = {
    "csv": "delimited",
}
"""Format to module."""


def recognise(opened: Opened) -> str:
    """Return the name of a file's format; what is nothing else is text with separated fields."""
    del opened
    return "csv"
