# SPDX-License-Identifier: Apache-2.0
"""Read a batch's file: which ports, which steps, and what each step is told. What is not understood is refused."""

from __future__ import annotations

import contextlib
import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from electro_tools import papers
from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Iterator

STEPS = ("flash", "install", "self-test", "provision", "calibrate", "label")
# what each table may say, and what that must be; of [provision] the command knows
_KNOWN: dict[str, dict[str, type]] = {
    "batch": {"name": str, "folder": str, "ports": list, "steps": list, "firmware": str},
    "jig": {"volts": float},
    "provision": {},
    "calibrate": {"arguments": list},
}
_OURS = {"port", "out", "help"}  # of the options of `electro device provision`, a board's own


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

    def settled(self) -> dict[str, str]:
        """Return what tells other options of a step from these, and other files that they name: a hash of each."""
        options = {"provision": self.provision, "calibrate": self.calibrate}
        return {step: _hash_of(words) for step, words in options.items()}


def _hash_of(words: tuple[str, ...]) -> str:
    found = hashlib.sha256()
    for word in words:
        found.update(word.encode() + b"\n")
        with contextlib.suppress(OSError, ValueError):  # most name no file
            found.update(Path(word).read_bytes())
    return found.hexdigest()


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
    if unknown := set(content) - set(_KNOWN):
        raise ToolError(f"{file} has a table {min(unknown)}, which nobody knows")
    try:
        tables = {name: _table(name, content.get(name, {})) for name in _KNOWN}
        batch, jig = tables["batch"], tables["jig"]
        made = Batch(
            _one_name(batch["name"]),
            file.parent / batch.get("folder", batch["name"]),
            tuple(batch["ports"]),
            tuple(batch.get("steps", [*STEPS[1:4], STEPS[5]])),
            batch.get("firmware", ""),
            tuple(_options(tables["provision"])),
            float(jig["volts"]) if "volts" in jig else None,
            tuple(tables["calibrate"].get("arguments", [])),
        )
    except (KeyError, ValueError) as error:
        said = papers.what_is_wrong(error)
        raise ToolError(f"{file} is no batch: {said}", "[batch] needs a name and ports") from error
    if not made.ports or len(set(made.ports)) < len(made.ports):
        raise ToolError(f"{file} names no port, or one twice")
    if wrong := [step for step in made.steps if step not in STEPS]:
        raise ToolError(f"{file} has a step {wrong[0]}: there are {', '.join(STEPS)}")
    if not made.steps:
        raise ToolError(f"{file} has no steps: a board that passed none would be good")
    if "flash" in made.steps and not made.firmware:
        raise ToolError(f"{file} has the step flash, and names no firmware")
    return made


def _table(name: str, untrusted: Any) -> dict[str, Any]:
    """Return a table in which everything is known and of its kind: what is misspelt would be left out in silence.

    Raises:
        ValueError: it is no such table.
    """
    if not isinstance(untrusted, dict):
        raise ValueError(f"{name} is no table")
    known = _KNOWN[name]
    for word, value in untrusted.items() if known else ():
        if word not in known:
            raise ValueError(f"[{name}] has {word}, which nobody knows")
        kind = known[word]
        if kind is float:
            fits = isinstance(value, int | float) and not isinstance(value, bool) and 0.15 <= value <= 2.45
            words = "volts from 0.15 to 2.45"
        elif kind is list:
            fits = isinstance(value, list) and all(isinstance(one, str) and one for one in value)
            words = "a list of texts"
        else:
            fits, words = isinstance(value, str) and bool(value), "a text"
        if not fits:
            raise ValueError(f"{word} of [{name}] must be {words}")
    return untrusted


def _one_name(text: str) -> str:
    """Return a batch's name, by which its folder is called too.

    Raises:
        ValueError: it is none.
    """
    if text in (".", "..") or "/" in text or "\\" in text:
        raise ValueError(f"{text} is no name: the folder may be named apart")
    return text


def _options(table: dict[str, Any]) -> Iterator[str]:
    """Go through the command line that [provision] stands for.

    Raises:
        ValueError: `electro device provision` has no such option, or it takes no such value.
    """
    from .cli_provision import provision

    names = {option.removeprefix("--") for one in provision.params for option in one.opts}
    for name, value in table.items():
        if name not in names - _OURS:
            raise ValueError(f"[provision] has {name}, which is no option for a batch")
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, bool) or not isinstance(one, str | int):
                raise ValueError(f"{name} of [provision] must be a text, a whole number or a list of them")
            yield from (f"--{name}", str(one))
