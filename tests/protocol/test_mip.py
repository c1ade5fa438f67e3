# SPDX-License-Identifier: Apache-2.0
"""What is laid out for mip is complete, compiled for its chip, and refuses to overwrite."""

import json
import sys
from pathlib import Path

import pytest

from electro_tools.generate import mip, mpy, table


def test_every_folder_installs_the_whole_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "mip"
    monkeypatch.setattr(sys, "argv", ["mip", str(folder), "--table", "2"])
    mip.main()
    for name, suffix in (("py", ".py"), ("xtensawin", ".mpy"), ("rv32imc", ".mpy")):
        listed = json.loads((folder / name / "package.json").read_text())
        files = {file for _, file in listed["urls"]}
        assert files == {Path(source).stem + suffix for source in mip.sources()}
        assert all((folder / name / file).is_file() for file in files)
        assert all(place == f"electro_protocol/{file}" for place, file in listed["urls"])
    code = (folder / "xtensawin" / "_field32.mpy").read_bytes()
    assert mpy.architecture(code) == mpy.XTENSAWIN
    assert (folder / "py" / "table.py").read_text() == table.text(2)


def test_a_folder_that_exists_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["mip", str(tmp_path)])
    with pytest.raises(SystemExit, match="exists"):
        mip.main()
