# SPDX-License-Identifier: Apache-2.0
"""Every interval of every meter of an agreement, as CSV."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from electro_protocol import address
from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from pathlib import Path

    from electro_console.agreement.intervals import Interval
    from electro_contracts.terms import Terms

_COLUMNS = (
    *("meter", "interval", "start", "slot", "kind", "used_units", "used_wh"),
    *("least_units", "greatest_units", "deviation_units", "penalty"),
)


def write_csv(path: Path, terms: Terms, meters: dict[bytes, list[Interval]]) -> None:
    """Write a row for each interval of each meter; energies in units and, as used, in Wh.

    Raises:
        ToolError: the file exists, or can't be written.
    """
    try:
        with path.open("x", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(_COLUMNS)
            for device, intervals in meters.items():
                for each in intervals:
                    start = f"{datetime.fromtimestamp(each.start, UTC):%Y-%m-%dT%H:%M:%SZ}"
                    used = ["", ""] if each.used is None else [each.used, each.used * terms.unit_wh]
                    slot = each.index % len(terms.bands)
                    row = [address.checksum(device), each.index, start, slot, each.kind, *used]
                    writer.writerow([*row, each.least, each.greatest, each.deviation, each.penalty])
    except FileExistsError:
        raise ToolError(f"{path} exists already", "name another file with --csv") from None
    except OSError as error:
        raise ToolError(f"{path} can't be written: {error.strerror}") from error
