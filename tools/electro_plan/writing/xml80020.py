# SPDX-License-Identifier: Apache-2.0
"""80020, as Russian grid companies take half hours: a message a day, in a zip.

Written after files and programs in public; the regulation itself was not opened, and no company's check was passed.
"""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from electro_plan.errors import PlanError
from electro_plan.filling import require_whole
from electro_plan.history import DAY_S, Quality
from electro_plan.resampling import aggregate
from electro_plan.sentence import sentence
from electro_plan.writing.csv_text import format_kwh

if TYPE_CHECKING:
    from electro_plan.history import LoadHistory
    from electro_plan.writing.export import Export

_HALF_HOUR_S = 1800
_PERIODS = 48
_ENCODING = "windows-1251"
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same bytes each time the same is written


def write(export: Export) -> bytes:
    """Return a zip of messages, each of a whole day; days at the ends that are not whole are left out.

    Raises:
        PlanError: there are gaps, a clock changes, no whole day is there, or the sender is not named.
    """
    if not (export.inn.isascii() and export.inn.isdigit() and len(export.inn) in (10, 12)):
        raise PlanError(
            sentence("80020 names the sender by its taxpayer number of 10 or 12 digits"), "give it with --inn"
        )
    history = (
        aggregate(export.history, _HALF_HOUR_S)
        if export.history.interval_s < _HALF_HOUR_S
        else export.history
    )
    if history.interval_s != _HALF_HOUR_S:
        raise PlanError(
            sentence(
                "80020 has half hours, and {0} has intervals of {1} min",
                history.source,
                history.interval_s // 60,
            )
        )
    require_whole(history)
    stream = io.BytesIO()
    count = 0
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        days = history.wall_s // DAY_S
        for day in np.unique(days).tolist():
            indices = np.flatnonzero(days == day)
            date = f"{datetime.fromtimestamp(day * DAY_S, UTC):%Y%m%d}"
            if len(indices) != _PERIODS:
                if indices[0] and indices[-1] != len(history) - 1:
                    raise PlanError(
                        sentence(
                            "{0} has {1} half hours; how 80020 has them was not verified", date, len(indices)
                        )
                    )
                continue
            name = f"80020_{export.inn}_{date}_{export.number + count}.xml"
            text = _message(export, history, indices.tolist(), date, export.number + count)
            archive.writestr(zipfile.ZipInfo(name, _ZIP_EPOCH), text.encode(_ENCODING, "xmlcharrefreplace"))
            count += 1
    if not count:
        raise PlanError(sentence("{0} has no whole day", history.source))
    return stream.getvalue()


def _message(export: Export, history: LoadHistory, indices: list[int], date: str, number: int) -> str:
    wall = history.wall_s
    periods = []
    for index in indices:
        begin = int(wall[index]) % DAY_S
        status = ' status="1"' if history.quality[index] == Quality.ESTIMATED else ""
        kwh = format_kwh(round(float(history.energy_wh[index]) / 1000, 9))
        periods.append(
            f'<period start="{_clock(begin)}" end="{_clock((begin + _HALF_HOUR_S) % DAY_S)}">'
            f"<value{status}>{kwh}</value></period>"
        )
    stamp = f"{datetime.fromtimestamp(int(history.ends_s[indices[-1]]), UTC):%Y%m%d%H%M%S}"
    who = f"<inn>{export.inn}</inn><name>{escape(export.sender)}</name>"
    return (
        f'<?xml version="1.0" encoding="{_ENCODING}"?>\n<message class="80020" version="2" number="{number}"><datetime>'
        f"<timestamp>{stamp}</timestamp><daylightsavingtime>0</daylightsavingtime><day>{date}</day></datetime>"
        f'<sender>{who}</sender><area timezone="1">{who}'
        f"<measuringpoint code={quoteattr(export.meter)} name={quoteattr(export.history.meter)}>"
        f'<measuringchannel code="01" desc="активный прием">{"".join(periods)}</measuringchannel>'
        "</measuringpoint></area></message>\n"
    )


def _clock(second: int) -> str:
    return f"{second // 3600:02}{second % 3600 // 60:02}"
