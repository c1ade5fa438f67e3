# SPDX-License-Identifier: Apache-2.0
"""Bring many boards to life at once: each port goes through the same steps as a person would type them.

A board is known by its factory number, which MicroPython tells: a blank one once it is flashed. What it has passed is
kept in a file of its own, so that a line which was interrupted goes on where it was, and a board that failed begins at
the step that failed. One bench calibrates one board after the other; `{port}` in the arguments: each has its own.
"""

from __future__ import annotations

import contextlib
import csv
import json
import threading
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from electro_tools import papers
from electro_tools.errors import ToolError

from .chip import Chip
from .programs import ProgramError, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

STEPS = ("flash", "install", "self-test", "provision", "calibrate", "label")
_STEP_TIMEOUT_S = 3_600
_TABLES = {"batch", "provision", "jig", "calibrate"}
_NUMBER = (
    "import binascii, json, machine\nprint(json.dumps(binascii.hexlify(machine.unique_id()).decode()))\n"
)
_COLUMNS = ("port", "hardware_id", "device", "verdict", "step", "reason", "time")


@dataclass(frozen=True)
class Batch:
    """What a batch's file says."""

    name: str
    folder: Path
    ports: tuple[str, ...]
    steps: tuple[str, ...]
    firmware: str
    provision: tuple[str, ...]  # options of `electro device provision`
    volts: float | None  # what the jig applies
    calibrate: tuple[str, ...]  # arguments of `electro device calibrate`


@dataclass
class Board:
    """One board's way through the steps."""

    port: str
    hardware_id: str = ""
    device: str = ""
    passed: list[str] = field(default_factory=list)
    failed: str = ""
    reason: str = ""
    time_s: int = 0

    @property
    def verdict(self) -> str:
        return "bad" if self.failed else "good"


def read(file: Path) -> Batch:
    """Read a batch's file.

    Raises:
        ToolError: it is not there, no TOML, or something in it is unknown or missing.
    """
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ToolError(f"the batch {file} can't be read: {error.strerror}") from error
    except ValueError as error:
        raise ToolError(f"{file} is no TOML: {error}") from error
    if unknown := set(content) - _TABLES:
        raise ToolError(f"{file} has a table {min(unknown)}, which nobody knows")
    try:
        batch, jig = content["batch"], content.get("jig", {})
        steps = tuple(str(step) for step in batch.get("steps", [*STEPS[1:4], STEPS[5]]))
        options = [
            part
            for name, value in content.get("provision", {}).items()
            for one in (value if isinstance(value, list) else [value])
            for part in (f"--{name}", str(one))
        ]
        made = Batch(
            str(batch["name"]),
            file.parent / str(batch.get("folder", batch["name"])),
            tuple(str(port) for port in batch["ports"]),
            steps,
            str(batch.get("firmware", "")),
            tuple(options),
            float(jig["volts"]) if "volts" in jig else None,
            tuple(str(word) for word in content.get("calibrate", {}).get("arguments", [])),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        said = papers.what_is_wrong(error)
        raise ToolError(f"{file} is no batch: {said}", "[batch] needs a name and ports") from error
    if not made.ports or len(set(made.ports)) < len(made.ports):
        raise ToolError(f"{file} names no port, or one twice")
    if wrong := [step for step in steps if step not in STEPS]:
        raise ToolError(f"{file} has a step {wrong[0]}: there are {', '.join(STEPS)}")
    return made


class Line:
    """A batch on its way."""

    def __init__(self, batch: Batch, on_step: Callable[[Board, str], None]) -> None:
        self._batch = batch
        self._on_step = on_step
        self._lock = threading.Lock()
        self._bench = threading.Lock()
        self._numbers: dict[str, str] = {}  # factory number to port, of this run

    def run(self) -> list[Board]:
        """Take every port through the steps, all at once, and write the table of verdicts.

        Raises:
            ToolError: the folder can't be made or written.
        """
        try:
            self._batch.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ToolError(f"{self._batch.folder} can't be made: {error.strerror}") from error
        with ThreadPoolExecutor(len(self._batch.ports)) as pool:
            boards = list(pool.map(self._take, self._batch.ports))
        self._write(boards)
        return boards

    def _take(self, port: str) -> Board:
        board = Board(port)
        if any(self._batch.folder.glob("*.json")):
            self._know_again(board)
        for step in self._batch.steps:
            if step in board.passed:
                continue
            self._on_step(board, step)
            try:
                self._do(board, step)
            except ProgramError as error:
                board.failed, board.reason = step, _reason(error.output)
            except ToolError as error:
                board.failed, board.reason = step, error.sentence
            if board.failed:
                break
            board.passed.append(step)
            self._keep(board)
        board.time_s = int(time.time())
        self._keep(board)
        self._on_step(board, board.verdict)
        return board

    def _do(self, board: Board, step: str) -> None:
        if step == "flash":
            _electro("flash", self._batch.firmware, "--port", board.port)
        elif step == "install":
            _electro("install", "--port", board.port)
        elif step == "self-test":
            volts = [] if self._batch.volts is None else ["--volts", str(self._batch.volts)]
            told = json.loads(_electro("self-test", "--port", board.port, "--json", *volts).splitlines()[-1])
            self._recognise(board, told["hardware_id"])
        elif step == "provision":
            enrolment = self._enrolment(board)
            enrolment.unlink(missing_ok=True)
            _electro("provision", "--port", board.port, "--out", str(enrolment), *self._batch.provision)
        elif step == "calibrate":
            arguments = [word.replace("{port}", board.port) for word in self._batch.calibrate]
            own = tuple(arguments) != self._batch.calibrate
            with contextlib.nullcontext() if own else self._bench:
                _electro("calibrate", "--port", board.port, *arguments)
        else:
            self._label(board)

    def _know_again(self, board: Board) -> None:
        """Ask a board for its number before its first step, if it has something that can tell it."""
        with contextlib.suppress(ToolError):
            hardware_id = str(Chip(board.port).ask(_NUMBER))
            if (self._batch.folder / f"{hardware_id}.json").exists():
                self._recognise(board, hardware_id)

    def _recognise(self, board: Board, hardware_id: str) -> None:
        """Find out which board it is, and what it has passed before."""
        with self._lock:
            other = self._numbers.setdefault(hardware_id, board.port)
        if other != board.port:
            raise ToolError(f"the board at {other} has the same factory number, {hardware_id}")
        board.hardware_id = hardware_id
        file = self._file(board)
        if file.exists():
            kept = papers.content_of(file)
            board.passed += [
                step for step in kept.get("passed", []) if step not in board.passed and step != "label"
            ]
            board.device = str(kept.get("device", ""))

    def _label(self, board: Board) -> None:
        from electro_protocol import address

        from . import enrolment, label

        made = enrolment.read(self._enrolment(board))
        board.device = address.checksum(made.device)
        label.write(self._batch.folder, made, f"{self._batch.name}, {board.hardware_id}")

    def _enrolment(self, board: Board) -> Path:
        return self._batch.folder / f"{board.hardware_id or 'unknown'}.enrolment.json"

    def _file(self, board: Board) -> Path:
        return self._batch.folder / f"{board.hardware_id}.json"

    def _keep(self, board: Board) -> None:
        if board.hardware_id:
            kept = {
                "passed": board.passed,
                "device": board.device,
                "failed": board.failed,
                "reason": board.reason,
            }
            file = self._file(board)
            beside = file.with_name(file.name + ".new")
            beside.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
            beside.replace(file)

    def _write(self, boards: list[Board]) -> None:
        with (self._batch.folder / "verdicts.csv").open("a", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            if not file.tell():
                writer.writerow(_COLUMNS)
            for board in boards:
                row: list[Any] = [board.port, board.hardware_id, board.device, board.verdict, board.failed]
                writer.writerow([*row, board.reason, board.time_s])


def _electro(*arguments: str) -> str:
    return run("electro_tools.cli", ["device", *arguments], timeout_s=_STEP_TIMEOUT_S)


def _reason(output: str) -> str:
    """Return the sentence that a command ended with."""
    lines = [line for line in output.splitlines() if line.strip()]
    errors = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    return (errors or lines[-1:] or ["it said nothing"])[0]
