# SPDX-License-Identifier: Apache-2.0
"""Read a load file of any known format to one history, and keep what was understood on the way."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from electro_plan.errors import PlanError
from electro_plan.formats import xml80020
from electro_plan.formats.recognition import FORMATS, recognise
from electro_plan.opening import Opened, open_file, unpack, unpack_all
from electro_plan.reading_result import Reading
from electro_plan.sentence import sentence
from electro_plan.settings import ReadSettings

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Reading", "read"]


def read(
    source: Path | Opened,
    settings: ReadSettings = ReadSettings(),  # noqa: B008 - frozen, no shared state
    file_format: str | None = None,
) -> Reading:
    """Read a load file.

    Args:
        source: plain, or in gz or zip; its path, or its bytes with their name.
        settings: what the person said about it.
        file_format: a key of FORMATS; by default recognised by the file's content.

    Raises:
        Undecided: it can be read in more than one way; a setting decides.
        PlanError: it can't be read, or its parts contradict each other.
    """
    packed = source if isinstance(source, Opened) else open_file(source)
    if settings.dialect.member is None:
        days = unpack_all(packed)
        if (
            len(days) > 1
            and file_format in (None, "80020")
            and all(recognise(each) == "80020" for each in days)
        ):
            return xml80020.read_days(days, settings)  # a message a day is how it comes
    opened = unpack(packed, settings.dialect.member)
    name = file_format or recognise(opened)
    if name not in FORMATS:
        raise PlanError(sentence("there is no format {0!r}", name[:60]), f"formats are {', '.join(FORMATS)}")
    reading: Reading = importlib.import_module(f"electro_plan.formats.{FORMATS[name]}").read(opened, settings)
    return reading
