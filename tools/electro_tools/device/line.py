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
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from electro_tools import papers
from electro_tools.errors import ToolError

from .batch import STEPS, read
from .chip import Chip
from .programs import ProgramError, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .batch import Batch

_STEP_TIMEOUT_S = 3_600
_NUMBER = (
    "import binascii, json, machine\nprint(json.dumps(binascii.hexlify(machine.unique_id()).decode()))\n"
)
_COLUMNS = ("port", "hardware_id", "device", "verdict", "step", "reason", "time")


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


def take(file: Path, on_step: Callable[[Board, str], None]) -> list[Board]:
    """Take the boards of a batch's file through its steps.

    Raises:
        ToolError: the file is no batch, or its folder can't be made or written.
    """
    return Line(read(file), on_step).run()


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
                self._keep(board, step)
            except ProgramError as error:
                board.failed, board.reason = step, _reason(error.output)
            except ToolError as error:
                board.failed, board.reason = step, error.sentence
            except Exception as error:  # noqa: BLE001 - the other boards have their verdicts all the same
                board.failed, board.reason = step, f"unexpected {type(error).__name__}: {error}"
            if board.failed:
                with contextlib.suppress(ToolError):  # which may be why it failed
                    self._keep(board)
                break
        board.time_s = int(time.time())
        self._on_step(board, board.verdict)
        return board

    def _do(self, board: Board, step: str) -> None:
        if step in ("provision", "calibrate", "label") and not board.hardware_id:
            self._recognise(board, str(Chip(board.port).ask(_NUMBER)))
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
        with contextlib.suppress(ToolError):  # its first step says why
            hardware_id = str(Chip(board.port).ask(_NUMBER))
            if (self._batch.folder / f"{hardware_id}.json").exists():
                self._recognise(board, hardware_id)

    def _recognise(self, board: Board, hardware_id: str) -> None:
        """Find out which board it is, and what it has passed before."""
        if not re.fullmatch("[0-9a-f]{2,64}", hardware_id):
            raise ToolError("the board tells what is no factory number")
        with self._lock:
            other = self._numbers.setdefault(hardware_id, board.port)
        if other != board.port:
            raise ToolError(f"the board at {other} has the same factory number, {hardware_id}")
        board.hardware_id = hardware_id
        file = self._file(board)
        if file.exists():
            try:
                kept = papers.content_of(file)
                passed, board.device = list(kept["passed"]), str(kept["device"])
                settled = dict(kept["settled"])
            except (ToolError, KeyError, TypeError, ValueError):
                passed, settled = [], {}  # a cut has damaged it: the board begins anew
            again = {"label", *board.passed}
            again |= {step for step, now in self._batch.settled().items() if settled.get(step) != now}
            if not self._enrolment(board).exists():
                again.add("provision")  # it keeps the key, and signs anew
            board.passed += [step for step in STEPS if step in passed and step not in again]

    def _label(self, board: Board) -> None:
        from electro_protocol import address

        from . import enrolment, label

        made = enrolment.read(self._enrolment(board))
        board.device = address.checksum(made.device)
        label.write(self._batch.folder, made, f"{self._batch.name}, {board.hardware_id}")

    def _enrolment(self, board: Board) -> Path:
        return self._batch.folder / f"{board.hardware_id}.enrolment.json"

    def _file(self, board: Board) -> Path:
        return self._batch.folder / f"{board.hardware_id}.json"

    def _keep(self, board: Board, step: str = "") -> None:
        """Write down how far a board has come; step: the one that it has passed now.

        Raises:
            ToolError: it can't be; then it has not come so far.
        """
        passed = [*board.passed, *([step] if step and step not in board.passed else [])]
        if board.hardware_id:
            kept = {
                "passed": passed,
                "settled": self._batch.settled(),
                "device": board.device,
                "failed": board.failed,
                "reason": board.reason,
            }
            file = self._file(board)
            beside = file.with_name(file.name + ".new")
            try:
                beside.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
                beside.replace(file)
            except OSError as error:
                raise ToolError(f"{file} can't be written: {error.strerror}") from error
        board.passed = passed

    def _write(self, boards: list[Board]) -> None:
        table = self._batch.folder / "verdicts.csv"
        try:
            with table.open("a", encoding="utf-8", newline="") as file:
                writer = csv.writer(file)
                if not file.tell():
                    writer.writerow(_COLUMNS)
                for board in boards:
                    row: list[Any] = [
                        board.port,
                        board.hardware_id,
                        board.device,
                        board.verdict,
                        board.failed,
                    ]
                    writer.writerow([*row, board.reason, board.time_s])
        except OSError as error:
            raise ToolError(f"{table} can't be written: {error.strerror}") from error


def _electro(*arguments: str) -> str:
    return run("electro_tools.cli", ["device", *arguments], timeout_s=_STEP_TIMEOUT_S)


def _reason(output: str) -> str:
    """Return the sentence that a command ended with."""
    lines = [line for line in output.splitlines() if line.strip()]
    errors = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    return (errors or lines[-1:] or ["it said nothing"])[0]
