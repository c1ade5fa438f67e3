# SPDX-License-Identifier: Apache-2.0
"""Install a folder once per machine: whole or not at all, however many processes ask for it at the same time.

Errors:
    ToolchainError      something could not be fetched; one sentence
    └── Unavailable     this machine cannot have it at all (no apt, no emulator): tests skip, CI fails
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

log = logging.getLogger("electro.toolchain")

# The largest download here is anvil, 15 MB packed: ten minutes is a line of 25 kB/s; slower helps nobody.
COMMAND_TIMEOUT_S = 600


class ToolchainError(Exception):
    """Say in one sentence what could not be fetched and why."""


class Unavailable(ToolchainError):  # noqa: N818  # a state of the machine, which no retry mends
    """Say in one sentence why this machine cannot have the tool."""


def cache_folder() -> Path:
    """Return the folder everything is installed under: ELECTRO_CACHE, else ~/.cache/electro."""
    return Path(os.environ.get("ELECTRO_CACHE") or Path.home() / ".cache" / "electro").absolute()


def installed(name: str, build: Callable[[Path], None]) -> Path:
    """Return the cache's folder `name`, first letting `build` fill it if it is not there yet.

    `build` works in a folder of another name, and a rename makes it the real one: what exists is complete.
    """
    final = cache_folder() / name
    if final.is_dir():
        return final
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        with _one_at_a_time(final.parent / f"{name}.lock"):
            if not final.is_dir():
                _build_beside(final, build)
    except OSError as error:
        raise ToolchainError(f"cannot write {error.filename or final}: {error.strerror or error}") from error
    return final


def run(
    command: Sequence[str | Path], cwd: Path, env: Mapping[str, str] | None = None, name: str | None = None
) -> str:
    """Run a program and return its standard output; its failure is a ToolchainError with its last words."""
    program = name or Path(command[0]).name
    try:
        done = subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env=None if env is None else dict(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=COMMAND_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ToolchainError(f"{program} did not finish within {COMMAND_TIMEOUT_S} s") from error
    except OSError as error:
        raise ToolchainError(f"{program} does not start: {error.strerror}") from error
    if done.returncode:
        raise ToolchainError(
            f"{program} failed: {_last_words(done.stderr + done.stdout) or f'exit {done.returncode}'}"
        )
    return done.stdout


def _build_beside(final: Path, build: Callable[[Path], None]) -> None:
    for leftover in final.parent.glob(
        f"{final.name}.part-*"
    ):  # of a run that was killed: we hold the lock now
        shutil.rmtree(leftover, ignore_errors=True)
    part = Path(tempfile.mkdtemp(prefix=f"{final.name}.part-", dir=final.parent))
    try:
        build(part)
        part.chmod(0o755)  # mkdtemp makes it private; a cache may be shared between accounts
        part.rename(final)
    finally:
        shutil.rmtree(part, ignore_errors=True)


@contextlib.contextmanager
def _one_at_a_time(lock: Path) -> Iterator[None]:
    """Hold an exclusive lock that the kernel gives back when its holder dies."""
    with lock.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log.info("another run is fetching the same: waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _last_words(text: str) -> str:
    """Pick the lines of npm's or apt's report that say what went wrong, without their prefixes."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [line for line in lines if line.startswith(("npm error", "E: "))]
    telling = [line for line in telling if "complete log of this run" not in line]
    chosen = (telling or lines[-1:])[:3]
    return "; ".join(line.removeprefix("npm error").removeprefix("E:").strip() for line in chosen)
