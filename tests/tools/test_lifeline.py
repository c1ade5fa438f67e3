# SPDX-License-Identifier: Apache-2.0
"""No child outlives its parent, whatever kills that, and whenever."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from electro_tools import lifeline

ELECTRO = Path(sys.executable).with_name("electro")
_SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(1000)"]
# a parent that starts a child which holds the pipe of its last argument, says so, and waits for it
_PARENT = f"""
import subprocess, sys
from electro_tools import lifeline
pipe = int(sys.argv[1])
child = subprocess.Popen(lifeline.tied({_SLEEP!r}), pass_fds=(*lifeline.pass_fds(), pipe))
print("started", flush=True)
child.wait()
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("lines", [0, 1, 2])
def test_a_child_ends_with_its_parent(number: int, lines: int) -> None:
    """Killed at once, when it has started the child, when the child is up; the pipe ends when nobody holds it."""
    read, write = os.pipe()
    command = [sys.executable, "-c", _PARENT, str(write)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, pass_fds=[write]) as parent:
        os.close(write)
        assert parent.stdout is not None
        for _ in range(lines):
            parent.stdout.readline()
        parent.send_signal(number)
    assert os.read(read, 1) == b""
    os.close(read)


def test_a_child_keeps_its_number_its_signals_and_its_code() -> None:
    command = [
        sys.executable,
        "-c",
        "import os, sys; print(os.getpid()); sys.exit(len(sys.argv) + 3)",
        "a",
        "b",
    ]
    child = subprocess.Popen(
        lifeline.tied(command), stdout=subprocess.PIPE, text=True, pass_fds=lifeline.pass_fds()
    )
    said, _ = child.communicate()
    assert (int(said), child.returncode) == (child.pid, 6)
    child = subprocess.Popen(
        lifeline.tied(_SLEEP), stdout=subprocess.PIPE, text=True, pass_fds=lifeline.pass_fds()
    )
    assert child.stdout is not None
    child.stdout.readline()
    child.terminate()
    child.communicate()
    assert child.returncode == -signal.SIGTERM


def test_a_program_that_is_not_there_is_said_as_a_shell_says_it() -> None:
    done = subprocess.run(
        lifeline.tied(["no-such-program"]),
        pass_fds=lifeline.pass_fds(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (127, "no-such-program: No such file or directory\n")


def _marked(mark: str) -> list[int]:
    """Return the processes that were started with this in their environment."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except OSError:  # another's, or gone
            continue
    return found


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="only Linux lists what runs")
@pytest.mark.parametrize("count", [2, 4, 9])
def test_nothing_of_a_demo_that_is_killed_goes_on(count: int) -> None:
    """Killed when so many processes are there: the relayer, three meters, and a watcher of each."""
    mark = f"ELECTRO_TEST_MARK={os.getpid()}-{count}-{time.time_ns()}"
    name, _, value = mark.partition("=")
    with subprocess.Popen(
        [ELECTRO, "demo"],
        env={**os.environ, name: value},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as demo:
        while len(_marked(mark)) < count:
            assert demo.poll() is None
            time.sleep(0.05)
        demo.kill()
    while _marked(mark):
        time.sleep(0.05)


_BENCH = """
import time
from tests.bench.children import child
process = child(time.sleep, 1000)
process.start()
print(process.pid, flush=True)
process.join()
"""


def test_a_part_of_a_benchmark_ends_with_it() -> None:
    command = [sys.executable, "-c", _BENCH]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as bench:
        assert bench.stdout is not None
        number = int(bench.stdout.readline())
        os.kill(number, 0)
        bench.send_signal(signal.SIGKILL)
    while Path(f"/proc/{number}").exists():  # as a zombie, where the system does not wait for it
        if Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
            break
        time.sleep(0.05)
