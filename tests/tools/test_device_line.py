# SPDX-License-Identifier: Apache-2.0
"""`electro device line`: eight simulated boards at once, of which three are bad in different ways."""

from __future__ import annotations

import csv
import json
import os
import tty
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from tests.toolchain.running_chip import Chip
from tests.tools.meters import electro, put

from electro_tools.device import batch, enrolment, line
from electro_tools.device.programs import ProgramError
from electro_tools.errors import ToolError

if TYPE_CHECKING:
    import subprocess

VOLTS = 1900 * 3.3 / 4096  # what the simulated converter shows
BATCH = """
[batch]
name = "pilot"
ports = {ports}
steps = ["self-test", "provision", "label"]

[jig]
volts = {volts:.3f}

[provision]
wifi = "plant"
wifi-password-file = "{password}"
relayer = ["http://one.example", "http://two.example"]
chain-id = 31337
contract = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
"""


def board(stack: ExitStack, micropython: list[str], folder: Path, number: int, **bad: str) -> str:
    """Start a board and return its port; bad: code, what its converter shows; heap; silent."""
    if "silent" in bad:
        ours, theirs = os.openpty()
        tty.setraw(theirs)
        stack.callback(os.close, ours)
        stack.callback(os.close, theirs)
        return os.ttyname(theirs)
    flash = folder / str(number) / "flash"
    put(flash)
    (flash.parent / "number").write_text(str(number))
    if "code" in bad:
        (flash.parent / "code").write_text(bad["code"])
    return stack.enter_context(Chip(micropython, flash, heap=bad.get("heap", "4m"))).port


def verdicts(folder: Path) -> list[dict[str, str]]:
    with (folder / "pilot" / "verdicts.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_five_of_eight_are_good_and_a_second_run_goes_on(micropython_i386: list[str], tmp_path: Path) -> None:
    bad = {2: {"code": "90"}, 5: {"heap": "150k"}, 7: {"silent": ""}}
    (tmp_path / "password").write_text("12345678")
    with ExitStack() as stack:
        ports = [board(stack, micropython_i386, tmp_path, k, **bad.get(k, {})) for k in range(8)]
        file = tmp_path / "batch.toml"

        def take(ports: list[str]) -> subprocess.CompletedProcess[str]:
            file.write_text(BATCH.format(ports=ports, volts=VOLTS, password=tmp_path / "password"))
            return electro("line", str(file))

        done = take(ports)
        assert done.returncode == 3, done.stderr
        assert "3 of 8 boards are bad" in done.stderr
        rows = verdicts(tmp_path)
        assert [row["verdict"] for row in rows] == ["bad" if k in bad else "good" for k in range(8)], (
            done.stdout
        )
        reasons = [rows[k]["reason"] for k in bad]
        assert "shows 0.07 V where the jig gives 1.53 V" in reasons[0]
        assert "KB of memory" in reasons[1]
        assert "does not answer in time" in reasons[2]
        good = [row for row in rows if row["verdict"] == "good"]
        assert len({row["device"] for row in good}) == len({row["hardware_id"] for row in good}) == 5
        for row in good:
            made = enrolment.read(tmp_path / "pilot" / f"{row['hardware_id']}.enrolment.json")
            assert made.chain_id == 31337
            label = ET.fromstring((tmp_path / "pilot" / f"{row['device']}.svg").read_text())
            assert row["device"] in "".join(label.itertext())
            assert (tmp_path / "pilot" / f"{row['device']}.png").read_bytes()[:4] == b"\x89PNG"
        # the joint is soldered anew, and the silent one, which takes minutes, taken out; no other is provisioned twice
        (tmp_path / "2" / "code").unlink()
        again = take(ports[:7])
        assert "1 of 7 boards are bad" in again.stderr
        assert again.stderr.count("  provision") == 1
        after = verdicts(tmp_path)[8:]
        assert after[2]["verdict"] == "good"
        assert [row["device"] for row in after if row["port"] == good[0]["port"]] == [good[0]["device"]]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "name is missing"),
        ("batch = 7", "batch is no table"),
        ("[batch]\nname = 'a'\nports = []", "names no port"),
        ("[batch]\nname = 'a'\nports = ['x', 'x']", "or one twice"),
        ("[batch]\nname = 'a'\nports = 'ttyUSB0'", "ports of .batch. must be a list of texts"),
        ("[batch]\nname = 'a'\nports = [7]", "must be a list of texts"),
        ("[batch]\nname = ''\nports = ['x']", "name of .batch. must be a text"),
        ("[batch]\nname = '../a'\nports = ['x']", "is no name"),
        ("[batch]\nname = 'a'\nports = ['x']\nsteps = ['fly']", "has a step fly"),
        ("[batch]\nname = 'a'\nports = ['x']\nsteps = []", "has no steps"),
        ("[batch]\nname = 'a'\nports = ['x']\nsteps = ['flash']", "names no firmware"),
        ("[batch]\nname = 'a'\nports = ['x']\nstep = ['label']", "has step, which nobody knows"),
        ("[batch]\nname = 'a'\nports = ['x']\n[jig]\nvolt = 1.2", "has volt, which nobody knows"),
        ("[batch]\nname = 'a'\nports = ['x']\n[jig]\nvolts = nan", "volts from 0.15"),
        ("[batch]\nname = 'a'\nports = ['x']\n[jig]\nvolts = true", "volts from 0.15"),
        ("[batch]\nname = 'a'\nports = ['x']\n[jig]\nvolts = '1'", "volts from 0.15"),
        ("[batch]\nname = 'a'\nports = ['x']\n[provision]\nport = 'y'", "has port, which is no option"),
        ("[batch]\nname = 'a'\nports = ['x']\n[provision]\nwify = 'y'", "has wify, which is no option"),
        ("[batch]\nname = 'a'\nports = ['x']\n[provision]\nwifi = true", "must be a text, a whole number"),
        ("[batch]\nname = 'a'\nports = ['x']\n[calibrate]\narguments = 'x'", "must be a list of texts"),
        ("[batch]\nname = 'a'\nports = ['x']\n[more]", "has a table more"),
        ("[batch", "is no TOML"),
        ("\udcff", "is no TOML"),
    ],
)
def test_a_batch_that_is_none_is_one_sentence(text: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "batch.toml").write_text(text, errors="surrogateescape")
    with pytest.raises(ToolError, match=sentence):
        batch.read(tmp_path / "batch.toml")


def test_every_option_of_the_readmes_batch_is_one(tmp_path: Path) -> None:
    readme = (Path(__file__).parents[2] / "firmware" / "README.md").read_text()
    text = readme.partition("```toml\n")[2].partition("```")[0]
    (tmp_path / "batch.toml").write_text(text)
    made = batch.read(tmp_path / "batch.toml")
    assert made.provision[:4] == ("--wifi", "PLANT", "--wifi-password-file", "wifi.txt")
    assert made.folder == tmp_path / "2027-03"


class Bench:
    """Boards by their ports, and what `electro device` would have done to them; nothing of it is a process."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, steps: list[str]) -> None:
        self.folder = folder / "pilot"
        self.file = folder / "batch.toml"
        ports = [f"port{k}" for k in range(8)]
        self.file.write_text(f'[batch]\nname = "pilot"\nports = {ports}\nsteps = {steps}\n')
        self.numbers = {port: f"0{port[-1]}a" for port in ports}
        self.done: list[tuple[str, str]] = []
        self.fails: dict[tuple[str, str], Exception] = {}
        monkeypatch.setattr(line, "_electro", self.electro)
        monkeypatch.setattr(
            line, "Chip", lambda port: type("", (), {"ask": lambda _, script: self.ask(port)})()
        )
        monkeypatch.setattr(line.Line, "_label", lambda _, board: self.done.append((board.port, "label")))

    def ask(self, port: str) -> str:
        if port not in self.numbers:
            raise ToolError(f"the serial port {port} can't be opened")
        return self.numbers[port]

    def electro(self, step: str, *arguments: str) -> str:
        words = list(arguments)
        port = words[words.index("--port") + 1]
        self.done.append((port, step))
        if (port, step) in self.fails:
            raise self.fails[port, step]
        number = self.ask(port)
        if step == "provision":
            Path(words[words.index("--out") + 1]).write_text(number)
        return json.dumps({"hardware_id": number})

    def run(self) -> dict[str, str]:
        self.done.clear()
        return {board.port: board.reason for board in line.take(self.file, lambda _board, _step: None)}


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(tmp_path, monkeypatch, ["install", "self-test", "provision", "label"])


def test_whatever_fails_on_one_board_the_others_have_their_verdicts(bench: Bench) -> None:
    bench.fails["port1", "install"] = ProgramError("mpremote", "error: the flash is full\n")
    bench.fails["port2", "self-test"] = OSError(24, "Too many open files")
    del bench.numbers["port3"]
    bench.numbers["port4"] = "../../04"
    bench.numbers["port6"] = bench.numbers["port5"]  # one board at two ports
    told = bench.run()
    assert told["port1"] == "the flash is full"
    assert "Too many open files" in told["port2"]
    assert "can't be opened" in told["port3"]
    assert "no factory number" in told["port4"]
    assert sorted(bool(told[port]) for port in ("port5", "port6")) == [False, True]
    assert "has the same factory number, 05a" in told["port5"] + told["port6"]
    assert [told[port] for port in ("port0", "port7")] == ["", ""]
    assert [row["port"] for row in verdicts(bench.file.parent)] == [f"port{k}" for k in range(8)]
    assert not (bench.file.parent.parent / "04.json").exists()


def test_a_board_that_was_interrupted_goes_on_at_another_port(bench: Bench) -> None:
    bench.fails["port2", "provision"] = ToolError("the chip is gone")
    assert bench.run()["port2"] == "the chip is gone"
    kept = json.loads((bench.folder / "02a.json").read_text())
    assert (kept["passed"], kept["failed"]) == (["install", "self-test"], "provision")
    bench.fails.clear()
    bench.numbers["port2"], bench.numbers["port3"] = bench.numbers["port3"], bench.numbers["port2"]
    assert set(bench.run().values()) == {""}
    assert [one for one in bench.done if one[1] != "label"] == [("port3", "provision")]


def test_an_enrolment_that_was_lost_is_signed_anew(bench: Bench) -> None:
    bench.run()
    (bench.folder / "04a.enrolment.json").unlink()
    assert set(bench.run().values()) == {""}
    assert [one for one in bench.done if one[1] != "label"] == [("port4", "provision")]


def test_what_a_batch_tells_otherwise_now_is_done_again(bench: Bench, tmp_path: Path) -> None:
    password = tmp_path / "wifi.txt"
    password.write_text("a word of ours")
    options = f'[provision]\nwifi = "PLANT"\nwifi-password-file = "{password}"\n'
    bench.file.write_text(bench.file.read_text() + options)
    bench.run()
    bench.run()
    assert {step for _, step in bench.done} == {"label"}
    bench.file.write_text(bench.file.read_text().replace("PLANT", "HALL"))
    bench.fails["port5", "provision"] = ToolError("the chip is gone")
    assert {port for port, reason in bench.run().items() if reason} == {"port5"}
    assert {step for _, step in bench.done} == {"provision", "label"}
    bench.fails.clear()
    bench.run()
    assert [one for one in bench.done if one[1] != "label"] == [("port5", "provision")]
    password.write_text("another word")
    bench.run()
    assert sum(step == "provision" for _, step in bench.done) == 8


def test_without_a_self_test_each_board_has_its_own_enrolment_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(tmp_path, monkeypatch, ["provision", "label"])
    assert set(bench.run().values()) == {""}
    assert {file.read_text() for file in bench.folder.glob("*.enrolment.json")} == set(bench.numbers.values())
    assert len(list(bench.folder.glob("*.enrolment.json"))) == 8


@pytest.mark.parametrize("content", ["", "[]", "7", '{"passed": 7}', '{"passed": [["x"]', "[" * 20_000])
def test_a_board_whose_record_is_damaged_begins_anew(bench: Bench, content: str) -> None:
    bench.run()
    (bench.folder / "06a.json").write_text(content)
    assert set(bench.run().values()) == {""}
    assert [one for one in bench.done if one[1] != "label"] == [
        ("port6", "install"), ("port6", "self-test"), ("port6", "provision"),
    ]  # fmt: skip


def test_a_folder_that_takes_nothing_makes_no_board_good(bench: Bench) -> None:
    bench.run()
    (bench.folder / "03a.json").unlink()
    (bench.folder / "03a.json.new").mkdir()
    assert "03a.json can't be written" in bench.run()["port3"]
    (bench.folder / "verdicts.csv").unlink()
    (bench.folder / "verdicts.csv").mkdir()
    with pytest.raises(ToolError, match=r"verdicts\.csv can't be written"):
        bench.run()
