# SPDX-License-Identifier: Apache-2.0
"""Let no child outlive its parent, not even one that was killed: at the end of a pipe that it holds, the child ends.

    subprocess.Popen(lifeline.tied(["anvil", "--port", "0"]), pass_fds=lifeline.pass_fds())

The pipe is one for the whole parent, and nobody writes to it: the system closes it when the parent is gone. In the
child's place this file starts first. It forks a watcher, and becomes the program, which so has the number and the
signals that the parent knows. The watcher ends the program with SIGKILL when the parent's pipe ends, and itself when
the program's does. Any POSIX system can do that; prctl(PR_SET_PDEATHSIG) is Linux's alone, and follows a thread.
"""

from __future__ import annotations

import contextlib
import functools
import os
import select
import signal
import sys

TYPE_CHECKING = False  # typing takes longer than all the rest, and every child waits for it
if TYPE_CHECKING:
    from collections.abc import Sequence

_USAGE = 64  # EX_USAGE of sysexits.h
_NO_PROGRAM = 127  # what a shell says where there is no such program


@functools.cache
def _pipe(_process: int) -> tuple[int, int]:
    """Return (the end for children, our own, which is never closed) of this process' pipe."""
    return os.pipe()


def pass_fds() -> tuple[int]:
    """Return what `subprocess` has to hand on."""
    return (_pipe(os.getpid())[0],)


def tied(command: Sequence[str | os.PathLike[str]]) -> list[str]:
    """Return the command that runs `command` for as long as this process lives."""
    # no site, no environment: it takes 10 ms and can't be led astray
    return [sys.executable, "-I", "-S", __file__, str(pass_fds()[0]), *(os.fspath(part) for part in command)]


def _watch(parent: int, program: int, number: int) -> None:
    """End the program with the given process number when the parent's pipe ends; return when the program's does."""
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)  # a terminal sends them to everybody: the program decides
    poll = select.poll()
    for pipe in (parent, program):
        poll.register(pipe, select.POLLIN)  # nobody writes: only the end is to be read
    ended = {pipe for pipe, _ in poll.poll()}
    if program not in ended:
        os.kill(number, signal.SIGKILL)


def _become(parent: int, command: list[str]) -> None:
    """Fork the watcher and become the program."""
    number = os.getpid()
    read, write = os.pipe()
    if os.fork() == 0:
        os.close(write)
        for standard in (0, 1, 2):  # whoever reads them waits for the program's end, not for this one's
            with contextlib.suppress(OSError):
                os.close(standard)
        _watch(parent, read, number)
        os._exit(0)
    os.close(read)
    os.set_inheritable(parent, False)
    os.set_inheritable(write, True)
    try:
        os.execvp(command[0], command)  # noqa: S606 - a shell would be one process more
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        os._exit(_NO_PROGRAM)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(_USAGE)
    _become(int(sys.argv[1]), sys.argv[2:])
