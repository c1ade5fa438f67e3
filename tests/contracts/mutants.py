# SPDX-License-Identifier: Apache-2.0
"""Spoil the sources, one place at a time, and see that the tests notice: `python -m tests.contracts.mutants [REGEX]`.

Of each mutant (`mutants.toml`) what is made of its file is compiled, and the tests of the contract run on it until one
fails; gas figures don't count, for they notice any change. It takes a quarter of a minute a mutant, longer the later it
is noticed. What survives is a place that no test looks at.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import NamedTuple

from electro_contracts import artifact, build
from tests.toolchain import fetch

LIST = Path(__file__).with_suffix(".toml")
ROOT = build.SOURCES.parent.parent
# Functional tests first: they are quick, and notice most. Then what compiles something. The lives are the last resort.
TESTS = [
    *("reports", "outages", "agreement", "powers", "renewal", "redemption", "escrow", "messages"),
    *("renominations", "faults", "succession", "quote", "invariants", "sealed", "sealed_bands", "silence", "replays"),
    *("lanes", "deviations", "refusals", "stateful"),
]  # fmt: skip


class Mutant(NamedTuple):
    """`old` stands once in the sources, or in the one that is named, and becomes `new`."""

    name: str
    old: str
    new: str
    file: str = "*.sol"


def mutants() -> list[Mutant]:
    return [Mutant(**each) for each in tomllib.loads(LIST.read_text())["mutant"]]


class Stale(Exception):  # noqa: N818 - a fact about a mutant
    """A mutant's text does not stand once in the sources, or does not compile."""


def file_of(mutant: Mutant, sources: Path) -> Path:
    """Return the source in which a mutant's text stands; raise Stale if that is not once."""
    files = [path for path in sources.glob(mutant.file) if mutant.old in path.read_text()]
    if len(files) != 1 or files[0].read_text().count(mutant.old) != 1:
        raise Stale(f"{mutant.name}: not once in the sources: {mutant.old}")
    return files[0]


def plant(mutant: Mutant, folder: Path) -> None:
    """Lay out what the tests need in `folder`, with the mutant in the sources and in the artifact."""
    spoiled = folder / "contracts" / "src"
    shutil.copytree(build.SOURCES, spoiled)
    file = file_of(mutant, spoiled)
    file.write_text(file.read_text().replace(mutant.old, mutant.new))
    package = folder / "contracts" / "electro_contracts"
    shutil.copytree(
        ROOT / "contracts" / "electro_contracts", package, ignore=shutil.ignore_patterns("__pycache__")
    )
    for shared in ("tests", "pyproject.toml"):
        (folder / shared).symlink_to(ROOT / shared)
    source = build.standard_json(fetch.node_modules())
    changed = f"src/{file.name}"
    source["sources"][changed]["content"] = file.read_text()
    good = artifact.PATH.read_text()
    try:
        text = build.rebuilt(good, source, changed, fetch.node_modules(), str(fetch.node()))
    except build.BuildError as error:
        raise Stale(f"{mutant.name}: does not compile: {error}") from error
    if text == good:
        raise Stale(f"{mutant.name}: changes no code")
    (package / artifact.PATH.name).write_text(text)
    (spoiled / build.HASHES).write_text(source["sources"]["src/" + build.HASHES]["content"])


def environment(folder: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder / "contracts"), str(folder)])}


def killer(mutant: Mutant) -> str:
    """Return the test that notices the mutant; "" if none does."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plant(mutant, folder)
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider"]
        tests = [f"tests/contracts/test_{each}.py" for each in TESTS]
        done = subprocess.run(
            [*command, *tests],
            cwd=folder,
            env=environment(folder),
            check=False,
            capture_output=True,
            text=True,
        )
    found = re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    if done.returncode and not found:
        raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
    return found[1].removeprefix("tests/contracts/") if found else ""


def main() -> int:
    """Return 0 if every mutant is noticed."""
    wanted = re.compile(sys.argv[1] if sys.argv[1:] else "")
    survivors = 0
    chosen = [each for each in mutants() if wanted.search(each.name)]
    for mutant in chosen:
        try:
            by = killer(mutant)
        except Stale as stale:
            print(stale)
            survivors += 1
            continue
        survivors += not by
        print(f"{mutant.name}: {f'noticed by {by}' if by else 'SURVIVES'}", flush=True)
    print(f"{len(chosen)} mutants, {survivors} survive")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
