# SPDX-License-Identifier: Apache-2.0
"""What the README shows is what its first command prints."""

from __future__ import annotations

import itertools
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from electro_tools import lifeline

ROOT = Path(__file__).parents[1]
ELECTRO = Path(sys.executable).with_name("electro")
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def table(output: str) -> list[str]:
    return [line.rstrip() for line in output.splitlines() if line.startswith("│")]


def test_the_main_job_prints_what_the_readme_shows() -> None:
    """The command's last part, in the environment that runs this test; .ci/run pastes the whole line."""
    command = shlex.split(blocks("sh")[0].rpartition("&&")[2])
    assert command[0] == ".venv/bin/electro"
    done = subprocess.run(
        lifeline.tied([ELECTRO, *command[1:]]),
        pass_fds=lifeline.pass_fds(),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "80"},
    )
    assert done.returncode == 0, done.stderr
    shown = table(blocks("text")[0])
    assert len(shown) == 9
    assert table(done.stdout) == shown
    assert "contract = independent model: yes, to the unit" in done.stdout


def test_every_command_it_names_exists() -> None:
    lines = [line.split() for line in "".join(blocks("console")).splitlines()]
    assert len(lines) == 15
    for line in lines:
        assert line[0] == "electro"
        words = list(itertools.takewhile(str.islower, line[1:]))
        options = [word.partition("=")[0] for word in line if word.startswith("--")]
        done = subprocess.run(
            [ELECTRO, *(word for word in words if word.isalpha()), "--help"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, line
        assert [option for option in options if option not in done.stdout] == [], line


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target
