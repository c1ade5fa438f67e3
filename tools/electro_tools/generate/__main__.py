# SPDX-License-Identifier: Apache-2.0
"""Write the generated modules: `python -m electro_tools.generate [--table KB] [--into FOLDER]`."""

import argparse
from pathlib import Path

import electro_protocol
from electro_tools.generate import cells, field, keccak, table

HOME = Path(electro_protocol.__file__).parent


def modules(kilobytes: int = table.DEFAULT) -> dict[str, str]:
    """File name to text of every generated module of electro_protocol."""
    return {"_field32.py": field.text(), "_keccak32.py": keccak.text(), "table.py": table.text(kilobytes)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    sizes = ", ".join([str(size) for size in table.SIZES])
    parser.add_argument(
        "--table", type=int, choices=table.SIZES, default=table.DEFAULT, metavar="KB", help=f"of {sizes}"
    )
    parser.add_argument(
        "--into", type=Path, default=HOME, metavar="FOLDER", help="default: the package itself"
    )
    arguments = parser.parse_args()
    for name, text in modules(arguments.table).items():
        (arguments.into / name).write_text(text)
    if arguments.into == HOME:
        (cells.HOME / cells.NAME).write_text(cells.text())


if __name__ == "__main__":
    main()
