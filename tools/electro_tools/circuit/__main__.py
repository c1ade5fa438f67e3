# SPDX-License-Identifier: Apache-2.0
"""Write the reference circuit's files: `python -m electro_tools.circuit [--ngspice PROGRAM] [FOLDER]`.

Sheets as SVG, the netlist, the parts list as CSV, and the table of figures, with those of SPICE beside the computed
ones where ngspice is given.
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .figures import figures
from .parts import PARTS
from .sheet import nets
from .sheets import all_sheets
from .spice import Circuit

if TYPE_CHECKING:
    from collections.abc import Mapping


def files() -> dict[str, str]:
    """Return the files that need no SPICE, by name."""
    sheets = all_sheets()
    netlist = "".join(
        f"{name}: {' '.join(f'{pin.reference}.{pin.name}' for pin in pins)}\n"
        for name, pins in nets(sheets).items()
    )
    return {
        **{f"{sheet.name}.svg": sheet.write() for sheet in sheets},
        "netlist.txt": netlist,
        "parts.csv": _parts(),
    }


def table(played: Mapping[str, float]) -> str:
    """Return the figures as Markdown, computed and played."""
    lines = ["| figure | computed | ngspice | bounds | why |", "|---|---|---|---|---|"]
    for each in figures():
        found = f"{played[each.name]:.4g} {each.unit}".strip() if each.name in played else ""
        bounds = f"{each.least:g} to {each.most:g}"
        computed = f"{each.computed:.4g} {each.unit}".strip()
        lines.append(f"| {each.name} | {computed} | {found} | {bounds} | {each.why} |")
    return "\n".join(lines) + "\n"


def _parts() -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["references", "value", "rating", "part number", "of each phase"])
    together: dict[tuple[str, str, str, bool], list[str]] = {}
    for reference, part in PARTS.items():
        together.setdefault((part.shown, part.rating, part.number, part.a_phase), []).append(reference)
    for (shown, rating, number, a_phase), references in together.items():
        writer.writerow([" ".join(references), shown, rating, number, "yes" if a_phase else ""])
    return text.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "folder", type=Path, nargs="?", default=Path("firmware/circuit"), help="where to write"
    )
    parser.add_argument(
        "--ngspice", type=Path, help="the program; with it the table of figures is written, too"
    )
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    written = files()
    if arguments.ngspice:
        written["figures.md"] = table(Circuit(arguments.ngspice).play())
    for name, content in written.items():
        (arguments.folder / name).write_text(content)
    broken = [each for each in figures() if not each.holds]
    if broken:
        sys.exit(
            "; ".join(f"{each.name}: {each.computed:.4g} {each.unit} is out of bounds" for each in broken)
        )


if __name__ == "__main__":
    main()
