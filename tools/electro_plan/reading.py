# SPDX-License-Identifier: Apache-2.0
"""Read a load file of any known format to one history, and keep what was understood on the way."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from electro_plan.errors import PlanError
from electro_plan.formats import xml80020
from electro_plan.formats.recognition import FORMATS, recognise
from electro_plan.opening import open_all, open_file
from electro_plan.reading_result import Reading
from electro_plan.settings import ReadSettings

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Reading", "read"]


def read(path: Path, settings: ReadSettings = ReadSettings(), file_format: str | None = None) -> Reading:  # noqa: B008
    """Read a load file.

    Args:
        path: plain, or in gz or zip.
        settings: what the person said about it. A frozen default is no shared state.
        file_format: a key of FORMATS; by default recognised by the file's content.

    Raises:
        Undecided: it can be read in more than one way; a setting decides.
        PlanError: it can't be read, or its parts contradict each other.
    """
    if settings.dialect.member is None:
        days = open_all(path)
        if (
            len(days) > 1
            and file_format in (None, "80020")
            and all(recognise(each) == "80020" for each in days)
        ):
            return xml80020.read_days(days, settings)  # a message a day is how it comes
    opened = open_file(path, settings.dialect.member)
    name = file_format or recognise(opened)
    if name not in FORMATS:
        raise PlanError(f"there is no format {name[:60]!r}", f"formats are {', '.join(FORMATS)}")
    reading: Reading = importlib.import_module(f"electro_plan.formats.{FORMATS[name]}").read(opened, settings)
    return reading
