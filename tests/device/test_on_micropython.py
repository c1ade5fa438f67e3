# SPDX-License-Identifier: Apache-2.0
"""Run every device test file in real MicroPython interpreters; pytest itself runs the same files in CPython.

A test file may say how much memory it is to make do with, by a line "# micropython: heapsize=160k"
(about what a chip has free). The others get enough for the golden vectors.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.device import renamed

from electro_tools.device import firmware_files

if TYPE_CHECKING:
    from collections.abc import Callable

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
RUN = HERE / "micropython" / "run.py"
FILES = sorted(path for path in HERE.glob("test_*.py") if path != Path(__file__))
# armhf is a second opinion on 32-bit words, from the processor's other side: where qemu-user is installed
EMULATED = ("armhf",) if shutil.which("qemu-arm-static") or shutil.which("qemu-arm") else ()
ARCHITECTURES = ("i386", "amd64", "wasm", *EMULATED)

LIBRARY = ROOT / "firmware" / "lib"
SUPPORT = HERE / "support"
# Where the device's modules are compiled as for a chip, and how mpy-cross calls it. The other interpreters read the
# sources: that takes far longer, for a meter lets go of modules that it needs now and then.
COMPILED = {"i386": "x86", "amd64": "x64"}
RENAMED = "amd64"  # where all names are a chip's, the tests' too
# Beside the device's: the simulated grid, which runs beside the meter under both Pythons; the tests' own.
SEARCH_PATH = [str(ROOT / "tools"), str(SUPPORT), ".frozen"]

DEFAULT_HEAP = "8m"  # the vectors are JSON, which the chip never reads; the Unix build's own default is 1m
TIMEOUT_S = 1_000  # for what hangs, on a busy machine too: within pytest's own, so the interpreter ends before its test


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A function from an architecture to the folder with the device's packages as it gets them.

    For i386 they are those of a chip, but that what the tests' own files say keeps its name. For amd64 the tests are
    renamed with them, and lie there too. Each module is by itself: tests put something of their own into some. Joined
    ones live a day in test_meter_week.
    """

    @cache
    def of(arch: str) -> Path:
        if arch not in COMPILED:
            return LIBRARY
        folder = tmp_path_factory.mktemp(arch)
        if arch == RENAMED:
            place = folder / HERE.relative_to(ROOT)  # they find boot.py and vectors from where they lie
            renamed.write(place, COMPILED[arch], _users(), [RUN, RUN.with_name("unittest.py")])
            (place / "vectors").symlink_to(HERE / "vectors")
            (folder / "firmware").symlink_to(ROOT / "firmware")
            return place
        firmware_files.compile_for(COMPILED[arch], folder, users=_users().values(), groups={})
        return folder / "lib"

    return of


def _users() -> dict[str, Path]:
    """Return the files that say the modules' names, by what they are imported as."""
    users = {path.stem: path for path in [*FILES, *SUPPORT.glob("*.py")]}
    tools = ROOT / "tools"
    for path in [
        *(tools / "electro_tools" / "grid").glob("*.py"),
        *(
            tools / "electro_tools" / name
            for name in ("__init__.py", "device/__init__.py", "device/on_chip.py")
        ),
    ]:
        users[firmware_files.dotted(path.relative_to(tools).as_posix())] = path
    return users


def run_in_micropython(
    command: list[str], file: Path, library: Path = LIBRARY, renamed_file: Path | None = None
) -> subprocess.CompletedProcess[str]:
    heap = re.search(r"^# micropython: heapsize=(\d+[km]?)$", file.read_text(), re.MULTILINE)
    options = ["-X", f"heapsize={heap.group(1) if heap else DEFAULT_HEAP}"]
    folders = f"{file.parent}:{ROOT / 'firmware'}"  # boot.py is there
    return subprocess.run(
        [*command, *options, str(RUN), str(renamed_file or file)],
        env={
            **os.environ,
            "MICROPYPATH": ":".join([str(library), *SEARCH_PATH]),
            "ELECTRO_WASM_FOLDERS": folders,
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=TIMEOUT_S,
        check=False,
    )


def counts(output: str) -> dict[str, int]:
    last = re.search(r"^ran (\d+), failed (\d+), skipped (\d+)\s*\Z", output, re.MULTILINE)
    assert last, f"the run did not come to its end:\n{output}"
    return dict(zip(("ran", "failed", "skipped"), map(int, last.groups()), strict=True))


@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)
def test_passes_on_micropython(
    file: Path, arch: str, library: Callable[[str], Path], request: pytest.FixtureRequest
) -> None:
    place = library(arch)
    interpreter = request.getfixturevalue(f"micropython_{arch}")
    done = run_in_micropython(interpreter, file, place, place / file.name if arch == RENAMED else None)
    result = counts(done.stdout)
    assert (done.returncode, result["failed"]) == (0, 0), f"{file.name} on MicroPython {arch}:\n{done.stdout}"
    if not result["ran"] and arch == "wasm":
        # it has no event loop of its own, no sockets and no native code: a file may have nothing for it
        reasons = {line.rpartition(": ")[2] for line in done.stdout.splitlines() if line.startswith("skip ")}
        pytest.skip("; ".join(sorted(reasons)))
    assert result["ran"], f"nothing in {file.name} ran on MicroPython {arch}:\n{done.stdout}"


def test_there_are_device_tests() -> None:
    assert FILES


EXAMPLE = """
import sys
import unittest

class Outcomes(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.order = []

    def setUp(self):
        self.order.append("setUp")
        self.addCleanup(self.order.append, "cleanup")

    def tearDown(self):
        self.order.append("tearDown")

    def test_1_passes(self):
        with self.assertRaises(ValueError) as caught:
            int("x")
        self.assertIsNotNone(caught.exception)
        self.assertAlmostEqual(0.1 + 0.2, 0.3)
        self.assertIn(1, [1])

    def test_2_ran_in_order(self):
        self.assertEqual(self.order, ["setUp", "tearDown", "cleanup", "setUp"])

    def test_3_fails(self):
        self.assertEqual(1, 2, "as it should")

    def test_4_fails_in_a_subtest_and_goes_on(self):
        for value in range(3):
            with self.subTest(value=value):
                self.assertGreater(value, 1)
        self.order.append("went on")

    def test_5_went_on(self):
        self.assertIn("went on", self.order)

    def test_6_is_an_error(self):
        raise KeyError("unexpected")

    def test_7_wants_an_error_that_does_not_come(self):
        with self.assertRaises(ValueError):
            pass

    def test_8_gets_another_error_than_it_wants(self):
        with self.assertRaises(ValueError):
            raise KeyError("another")

    @unittest.skip("not today")
    def test_9_is_skipped(self):
        self.fail("it ran")

@unittest.skipIf(True, "the whole class")
class Skipped(unittest.TestCase):
    def test_is_skipped(self):
        self.fail("it ran")
"""


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_what_fails_is_counted_and_shown(arch: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    file = tmp_path / "test_example.py"
    file.write_text(EXAMPLE)
    done = run_in_micropython(request.getfixturevalue(f"micropython_{arch}"), file)
    assert done.returncode == 1
    assert counts(done.stdout) == {"ran": 8, "failed": 5, "skipped": 2}
    assert "AssertionError: 1 != 2: as it should" in done.stdout
    assert "in subTest (value=1):" in done.stdout
    assert "KeyError: unexpected" in done.stdout


def test_the_example_means_the_same_on_cpython(tmp_path: Path) -> None:
    file = tmp_path / "test_example.py"
    file.write_text(EXAMPLE)
    command = [sys.executable, "-m", "unittest", "test_example"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Ran 10 tests" in done.stderr
    assert "failures=4, errors=2, skipped=2" in done.stderr  # the subtest that fails twice counts twice


def test_a_file_with_no_tests_fails(micropython_i386: list[str], tmp_path: Path) -> None:
    file = tmp_path / "test_nothing.py"
    file.write_text("import unittest\n")
    assert run_in_micropython(micropython_i386, file).returncode == 1
