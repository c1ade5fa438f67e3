# SPDX-License-Identifier: Apache-2.0
"""`electro device line` from a blank board to its label: real mpremote and MicroPython, one simulated bench for all.

esptool is a stand-in: nothing here can be flashed. What it is called with is what `test_device_flash` looks at.
"""

from __future__ import annotations

import json
import shutil
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from tests.toolchain.running_chip import Chip
from tests.tools.meters import electro
from tests.tools.test_device_calibrate import CONFIG, GRID, HERE, TRUE, VOLTS, load
from tests.tools.test_device_flash import STAND_IN, image
from tests.tools.test_device_line import verdicts

if TYPE_CHECKING:
    from pathlib import Path

BATCH = """
[batch]
name = "pilot"
ports = {ports}
steps = ["flash", "install", "self-test", "provision", "calibrate", "label"]
firmware = "{folder}/firmware.bin"

[provision]
wifi = "plant"
wifi-password-file = "{folder}/password"
relayer = "http://one.example"
chain-id = 31337
contract = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
settings = "{folder}/settings.json"

[calibrate]
arguments = ["--references", "{folder}/references.json", "--windows", "8", "--bench", "{bench}"]
"""


def blank(micropython: list[str], folder: Path, number: int) -> Chip:
    """Start a board with MicroPython and nothing of Electro's, on a bench."""
    flash = folder / str(number) / "flash"
    (flash / "lib" / "electro_tools" / "grid").mkdir(parents=True)
    for name in (
        "__init__", "grid/__init__", "grid/randomness", "grid/chip", "grid/converter", "grid/transformers",
    ):  # fmt: skip
        shutil.copy(GRID / f"{name}.py", flash / "lib" / "electro_tools" / f"{name}.py")
    for hardware in ("simulated_hardware", "simulated_bench"):
        for module in (HERE / hardware).glob("*.py"):
            shutil.copy(module, flash / "lib")
    state = {**TRUE, "number": number, "volts_gain": 1 + number / 50}
    (flash.parent / "bench.json").write_text(json.dumps(state))
    return Chip(micropython, flash)


@pytest.mark.timeout(3_600)  # a hundred modules are compiled and copied for each board
def test_blank_boards_become_meters_one_bench_serves_all_and_a_bad_one_goes_on(
    micropython_i386: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "esptool.py").write_text(STAND_IN.format(kind="ESP32"))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    image(tmp_path)
    (tmp_path / "password").write_text("12345678")
    of_the_command = ("chain_id", "contract", "hardware_id", "relayers")
    (tmp_path / "settings.json").write_text(
        json.dumps({name: value for name, value in CONFIG.items() if name not in of_the_command})
    )
    references = {"dc_volts": [], "no_load": {"volts": VOLTS}, "loads": [[load(50, 1), load(50, 0.5)]]}
    (tmp_path / "references.json").write_text(json.dumps({**references, "checks": [load(50, 1)]}))
    states = [tmp_path / str(number) / "bench.json" for number in (1, 2)]
    with ExitStack() as stack:
        ports = [stack.enter_context(blank(micropython_i386, tmp_path, number)).port for number in (1, 2)]
        bench = f"{sys.executable} {HERE / 'simulated_bench' / 'drive.py'} {states[0]} {states[1]}"
        file = tmp_path / "batch.toml"
        file.write_text(BATCH.format(ports=ports, folder=tmp_path, bench=bench))
        turned = json.loads(states[1].read_text())
        states[1].write_text(json.dumps({**turned, "fault": {"turned_deg": 180.0}}))

        done = electro("line", str(file))
        assert done.returncode == 3, done.stderr
        good, bad = verdicts(tmp_path)
        assert (good["verdict"], good["reason"]) == ("good", "")
        assert (bad["verdict"], bad["step"]) == ("bad", "calibrate")
        assert "the current flows backwards" in bad["reason"]
        assert (tmp_path / "pilot" / f"{good['device']}.svg").exists()

        # the transformer is turned; both are known again, and nothing is flashed or provisioned twice
        states[1].write_text(json.dumps(turned))
        calls = (tmp_path / "called").read_text()
        assert calls.count("write-flash") == 2
        again = electro("line", str(file))
        assert (again.returncode, [row["verdict"] for row in verdicts(tmp_path)[2:]]) == (0, ["good", "good"])
        assert (tmp_path / "called").read_text() == calls
        steps = [line.split()[-1] for line in again.stderr.splitlines()]
        assert sorted(steps) == ["calibrate", "good", "good", "label", "label"]

        found = []
        for number, port in enumerate(ports, 1):
            shown = json.loads(electro("calibrate", "--show", "--json", "--port", port).stdout)
            (channel,) = shown["channels"]
            ((_, ppm, mdeg),) = channel["sensors"]
            found.append((channel["uv_per_count"] * (1 + number / 50), ppm, mdeg))
        # their dividers differ, their transformers don't: at one bench for both at once nobody would find that
        assert found[0][0] == pytest.approx(found[1][0], rel=0.005)
        assert found[0][1:] == pytest.approx(found[1][1:], abs=2_000)
