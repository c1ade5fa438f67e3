# SPDX-License-Identifier: Apache-2.0
"""A simulated meter as a process of its own: its lines, its accuracy, the same on both Pythons, and its refusals."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from simulated_relayer import SimulatedRelayer
from tests.tools.fake_relayer import FakeRelayer

from electro_protocol.readings import is_interrupted
from electro_protocol.signed import SignedMessage
from electro_tools import lifeline

ROOT = Path(__file__).parents[2]
PROCESS = ROOT / "tools" / "electro_tools" / "grid" / "process.py"
START = 1_800_000_000
CONTRACT = bytes(range(20))
# Half of it at 1–5% of the peak, as in a steel plant: where the current is a few counts of the converter.
LOAD_W = [5_000.0, 4_000.0, 9_000.0, 20_000.0, 450_000.0, 380_000.0, 12_000.0, 6_000.0]

Ask = Callable[[dict[str, Any]], dict[str, Any]]


class Process:
    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(
            lifeline.tied(command),
            pass_fds=lifeline.pass_fds(),
            env={**os.environ, "MICROPYPATH": f".frozen:{ROOT}/firmware/lib:{ROOT}/tools"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.signed: list[dict[str, Any]] = []
        self.code = -1

    def ask(self, line: Any) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write((line if isinstance(line, str) else json.dumps(line)) + "\n")
        self._process.stdin.flush()
        while True:
            line = self._process.stdout.readline()
            assert line, "the process ended without a word"
            answer: dict[str, Any] = json.loads(line)
            if "signed" not in answer:
                return answer
            self.signed.append(answer["signed"])

    def end(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.stdout.close()
        self.code = self._process.wait(20)


@contextmanager
def process(command: list[str]) -> Iterator[Process]:
    made = Process(command)
    try:
        yield made
    finally:
        made.end()


CPYTHON = [sys.executable, str(PROCESS)]


def ledger(load_w: list[float] = LOAD_W) -> SimulatedRelayer:
    return SimulatedRelayer(
        1337,
        CONTRACT,
        {
            "agreement_id": 7, "state": "accepted", "start": START, "interval_seconds": 900, "intervals": len(load_w),
            "slots": len(load_w), "unit_wh": 10, "remaining_bonus": "1",
        },
    )  # fmt: skip


def settings(folder: Path, relayer: FakeRelayer | None = None, **changes: Any) -> dict[str, Any]:
    return {
        "chain_id": 1337, "contract": "0x" + CONTRACT.hex(), "hardware_id": "0x" + "11" * 32,
        "relayers": [relayer.url if relayer else "http://127.0.0.1:9"], "load_w": LOAD_W, "load_start": START,
        "interval_seconds": 900, "power_factor": 0.58, "directory": str(folder), "private_key": "0x" + "07" * 32,
        **changes,
    }  # fmt: skip


def run(command: list[str], chain: SimulatedRelayer, given: dict[str, Any]) -> tuple[Process, dict[str, Any]]:
    with process(command) as meter:
        ready = meter.ask(given)["ready"]
        chain.enrol(ready["address"])
        signed = SignedMessage.from_json(ready["enrollment"])
        assert signed.signer(chain.domain).hex() == ready["address"][2:].lower()
        for interval in range(len(LOAD_W) + 1):
            answer = meter.ask({"advance_to": START + interval * 900 + 300})
            assert answer["at"] >= START + interval * 900 + 300
        return meter, answer["status"]


@pytest.fixture(params=["cpython", "micropython"])
def command(request: pytest.FixtureRequest) -> list[str]:
    if request.param == "cpython":
        return CPYTHON
    interpreter: list[str] = request.getfixturevalue("micropython_i386")
    return [*interpreter, "-X", "heapsize=8m", str(PROCESS)]


def test_what_arrives_is_the_load(command: list[str], tmp_path: Path):
    chain = ledger()
    with FakeRelayer(chain) as relayer:
        meter, status = run(command, chain, settings(tmp_path, relayer))
    (readings,) = chain.readings.values()
    truth_wh = sum(LOAD_W) / 4
    assert sum(readings) * 10 == pytest.approx(truth_wh, rel=0.01)
    assert status["register_wh"] == pytest.approx(status["load_wh"], rel=0.005)
    for reading, watts in zip(readings, LOAD_W, strict=True):
        assert reading * 10 == pytest.approx(watts / 4, rel=0.03, abs=10)
    assert [one["message"]["firstInterval"] for one in meter.signed] == [0, 4]


def test_low_load_is_within_a_percent_over_a_day(tmp_path: Path):
    """1 to 5% of what the current transformer is rated for, at power factor 0.58."""
    load_w = [5_000.0 + 200 * k for k in range(96)]
    chain = ledger(load_w)
    with FakeRelayer(chain) as relayer, process(CPYTHON) as meter:
        given = settings(tmp_path, relayer, load_w=load_w, rated_a=150.0, nominal_v=5774.0, report_every=96)
        chain.enrol(meter.ask(given)["ready"]["address"])
        status = meter.ask({"advance_to": START + 97 * 900})["status"]
    (readings,) = chain.readings.values()
    assert sum(readings) * 10 == pytest.approx(sum(load_w) / 4, rel=0.01)
    assert status["register_wh"] == pytest.approx(status["load_wh"], rel=0.01)


def test_both_pythons_measure_the_same(micropython_i386: list[str], tmp_path: Path):
    taken = []
    for name, program in (("c", CPYTHON), ("m", [*micropython_i386, "-X", "heapsize=8m", str(PROCESS)])):
        folder = tmp_path / name
        folder.mkdir()
        chain = ledger()
        with FakeRelayer(chain) as relayer:
            meter, status = run(program, chain, settings(folder, relayer))
        taken.append((chain.readings, status["register_wh"], meter.signed))
    assert taken[0] == taken[1]


def test_an_outage_of_the_consumer_is_told_and_not_billed(command: list[str], tmp_path: Path):
    chain = ledger()
    interruption = {"start": START + 4 * 900 + 100, "end": START + 5 * 900 + 200, "side": "consumer"}
    with FakeRelayer(chain) as relayer:
        _, status = run(command, chain, settings(tmp_path, relayer, interruptions=[interruption]))
    (readings,) = chain.readings.values()
    assert [is_interrupted(reading) for reading in readings[3:7]] == [False, True, True, False]
    assert chain.outages[-1]["cause"] == 2
    assert chain.outages[-1]["startedAt"] == pytest.approx(interruption["start"], abs=61)
    assert chain.outages[-1]["endedAt"] == pytest.approx(interruption["end"], abs=7)
    assert status["register_wh"] == pytest.approx(status["load_wh"], rel=0.05)  # half a minute at either edge


def test_a_meter_that_was_offline_catches_up(tmp_path: Path):
    chain = ledger()
    down = {"start": START + 500, "end": START + 6 * 900}
    with FakeRelayer(chain) as relayer:
        meter, _ = run(CPYTHON, chain, settings(tmp_path, relayer, network_down=[down]))
    (readings,) = chain.readings.values()
    assert len(readings) == 8
    assert len(meter.signed) <= 2


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"load_w": []}, "load_w"),
        ({"load_w": [1, -5]}, "load_w"),
        ({"load_w": [1, "x"]}, "load_w"),
        ({"power_factor": 0}, "power_factor"),
        ({"power_factor": "x"}, "power_factor"),
        ({"interval_seconds": 0}, "interval_seconds"),
        ({"windows_per_interval": 0}, "windows_per_interval"),
        ({"private_key": "0x12"}, "private_key"),
        ({"contract": "0x12"}, "contract"),
        ({"directory": "/nowhere/at/all"}, "directory"),
        ({"interruptions": [{"start": 5, "end": 4, "side": "grid"}]}, "interruptions"),
        ({"interruptions": [{"start": 5, "end": 6, "side": "left"}]}, "side"),
        ({"network_down": 5}, "network_down"),
        ({"mains_hz": 55}, "mains_hz"),
        ({"harmonics": 5}, "harmonics"),
        ({"meter": 5}, "meter"),
        ({"rated_a": 0}, "rated_a"),
        ({"voltage": 5}, "voltage"),
    ],
)
def test_a_setting_that_does_not_fit_is_said_in_one_line(changes: dict[str, Any], word: str, tmp_path: Path):
    with process(CPYTHON) as meter:
        answer = meter.ask(settings(tmp_path, **changes))
    assert word in answer["error"]
    assert meter.code == 2


def test_a_line_that_is_no_command_ends_the_process(command: list[str], tmp_path: Path):
    for line in ("{", '{"go": 5}', "[]"):
        with process(command) as meter:
            assert "ready" in meter.ask(settings(tmp_path))
            assert "error" in meter.ask(line)
        assert meter.code == 2


def test_the_end_of_input_is_the_end(command: list[str], tmp_path: Path):
    with process(command) as meter:
        assert "ready" in meter.ask(settings(tmp_path))
    assert meter.code == 0
