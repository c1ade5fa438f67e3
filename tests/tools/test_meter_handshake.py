# SPDX-License-Identifier: Apache-2.0
"""TLS in real MicroPython against OpenSSL: a handshake is cut after each record, and what is wrong is still refused."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import ssl
import subprocess
import threading
import time
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.bench.tls_memory import certificates, p256

from electro_tools import lifeline
from electro_tools.device import firmware_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCRIPT = Path(__file__).with_name("shaking.py")
HARDWARE = Path(__file__).with_name("simulated_hardware")
CHANGE_CIPHER_SPEC, HANDSHAKE, APPLICATION_DATA = 20, 22, 23
SERVER_HELLO_DONE = 14
SENT, ANSWERED = 2_000, 20_000  # as shaking.py says

Act = "Callable[[socket.socket], None]"
Shaken = "Callable[..., Any]"


@contextlib.contextmanager
def listening(act: Act) -> Iterator[int]:
    """Do something with each connection, as long as the context; give the port."""

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                link, _ = listener.accept()
                threading.Thread(target=served, args=(link,), daemon=True).start()

    def served(link: socket.socket) -> None:
        with contextlib.suppress(OSError), link:
            act(link)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]


def speaking(server: Path, version: ssl.TLSVersion, greeting: bytes = b"") -> Act:
    """Return what answers over TLS once all was sent; greeting: said before."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server)
    context.minimum_version = context.maximum_version = version
    context.num_tickets = 2

    def act(link: socket.socket) -> None:
        with context.wrap_socket(link, server_side=True) as connection:
            connection.sendall(greeting)
            received = 0
            while received < SENT:
                piece = connection.recv(4_096)
                if not piece:
                    return
                received += len(piece)
            connection.sendall(bytes(ANSWERED))
            connection.recv(1)  # until the meter closes

    return act


def through(port: int, hand_on: Callable[[socket.socket, socket.socket], None]) -> Act:
    """Return what connects to a server, and hands on by a function what that says."""

    def act(link: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", port)) as server:

            def ask() -> None:
                with contextlib.suppress(OSError):
                    while piece := link.recv(4_096):
                        server.sendall(piece)
                    server.shutdown(socket.SHUT_WR)

            threading.Thread(target=ask, daemon=True).start()
            hand_on(server, link)
            link.shutdown(socket.SHUT_RDWR)  # it is being read

    return act


def take(link: socket.socket, count: int) -> bytes:
    content = b""
    while len(content) < count:
        piece = link.recv(count - len(content))
        if not piece:
            raise ConnectionError("it is over")
        content += piece
    return content


def in_one_record(server: socket.socket, meter: socket.socket) -> None:
    """Put the messages of the server's first flight into one record, as some servers do; OpenSSL gives each its own."""
    messages = message = b""
    while message[:1] != bytes([SERVER_HELLO_DONE]):
        head = take(server, 5)
        message = take(server, int.from_bytes(head[3:5], "big"))
        messages += message
    meter.sendall(head[:3] + len(messages).to_bytes(2, "big") + messages)
    while piece := server.recv(4_096):
        meter.sendall(piece)


def byte_by_byte(server: socket.socket, meter: socket.socket) -> None:
    meter.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for _ in range(300):  # the server's hello, and of its certificate
        meter.sendall(take(server, 1))
        time.sleep(0.001)
    while piece := server.recv(4_096):
        meter.sendall(piece)


def cut_off(server: socket.socket, meter: socket.socket) -> None:
    meter.sendall(take(server, 100))


def silent(server: socket.socket, meter: socket.socket) -> None:
    meter.sendall(take(server, 100))
    meter.recv(1)  # until the meter closes


@pytest.fixture
def chain(tmp_path: Path) -> Path:
    """A server's key and certificate; the meter's folder has the CA that vouches for it."""
    return certificates(p256, 0, tmp_path)[1]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program as a chip gets it, but each module by itself: the script puts something of its own into one."""
    folder = tmp_path_factory.mktemp("library")
    firmware_files.compile_for("x86", folder, users=[SCRIPT], groups={})
    return folder / "lib"


@pytest.fixture
def shaken(micropython_i386: list[str], library: Path, tmp_path: Path) -> Shaken:
    """A function that lets the meter connect to a port, and returns what it tells of that."""
    return partial(_shaken, micropython_i386, [library, HARDWARE], tmp_path)


def _shaken(
    micropython: list[str],
    paths: list[Path],
    folder: Path,
    port: int,
    name: str = "localhost",
    wait_s: float = 10,
    within_ms: int = 20_000,
) -> Any:
    done = subprocess.run(
        lifeline.tied(
            [*micropython, "-X", "heapsize=600k", str(SCRIPT), str(port), name, str(wait_s), str(within_ms)]
        ),
        pass_fds=lifeline.pass_fds(),
        cwd=folder,
        env={**os.environ, "MICROPYPATH": ":".join([*map(str, paths), ".frozen"])},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def begun_in_turns(told: dict[str, Any]) -> list[int]:
    """Return the types of the records that were read, if Mbed TLS had returned between any two."""
    read = told["handshake"]
    assert not any(one and other for one, other in pairwise(read)), read
    return [kind for kind in read if kind]


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def test_a_handshake_is_cut_after_each_record(shaken: Shaken, chain: Path, version: ssl.TLSVersion) -> None:
    with listening(speaking(chain, version)) as port:
        told = shaken(port)
    begun = begun_in_turns(told)
    if version == ssl.TLSVersion.TLSv1_2:  # a ticket may come
        assert begun[:4] == [HANDSHAKE] * 4  # hello, certificate, key exchange, done
        assert begun[-2:] == [CHANGE_CIPHER_SPEC, HANDSHAKE]
    else:  # hello; then all is encrypted: extensions, certificate, signature, finished
        assert begun == [HANDSHAKE, CHANGE_CIPHER_SPEC, *[APPLICATION_DATA] * 4]
    assert told["others"] > 10 * len(begun)  # others had their turns between them
    assert (told["version"], told["read"]) == (version.name.replace("TLSv1_", "TLSv1."), ANSWERED)


def test_once_it_is_over_reading_and_polling_take_no_memory(shaken: Shaken, chain: Path) -> None:
    with listening(speaking(chain, ssl.TLSVersion.TLSv1_2)) as port:
        told = shaken(port)
    assert told["read"] == ANSWERED  # in two records
    assert told["garbage"] == [0, 0]


@pytest.mark.parametrize("hand_on", [in_one_record, byte_by_byte])
def test_records_may_be_large_and_networks_slow(shaken: Shaken, chain: Path, hand_on: Any) -> None:
    with (
        listening(speaking(chain, ssl.TLSVersion.TLSv1_2)) as behind,
        listening(through(behind, hand_on)) as port,
    ):
        told = shaken(port)
    assert told["read"] == ANSWERED
    begun = begun_in_turns(told)
    assert begun.index(CHANGE_CIPHER_SPEC) in ((1, 2) if hand_on is in_one_record else (4, 5))


@pytest.mark.parametrize("wrong", ["authority", "name"])
def test_a_server_that_proves_nothing_is_refused(
    shaken: Shaken, chain: Path, tmp_path: Path, wrong: str
) -> None:
    (tmp_path / "other").mkdir()
    if wrong == "authority":
        _, chain = certificates(p256, 0, tmp_path / "other")
    with listening(speaking(chain, ssl.TLSVersion.TLSv1_2)) as port:
        told = shaken(port, "localhost" if wrong == "authority" else "elsewhere")
    assert told["error"].startswith("OSError(")
    assert "certificate" in told["error"].lower()
    assert told["open"] is False
    assert begun_in_turns(told) == [HANDSHAKE] * 2  # hello and certificate: no word after that


@pytest.mark.parametrize(
    ("hand_on", "wait_s", "within_ms", "error"),
    [
        (cut_off, 10, 20_000, "OSError("),
        (silent, 10, 500, "OSError('the TLS handshake takes too long',"),
        (silent, 1, 20_000, "TimeoutError("),
    ],
    ids=["cut off", "silent", "silent for longer than is waited"],
)
def test_what_breaks_off_or_says_nothing_is_let_go(
    shaken: Shaken, chain: Path, hand_on: Any, wait_s: float, within_ms: int, error: str
) -> None:
    with (
        listening(speaking(chain, ssl.TLSVersion.TLSv1_2)) as behind,
        listening(through(behind, hand_on)) as port,
    ):
        told = shaken(port, wait_s=wait_s, within_ms=within_ms)
    assert told["error"].startswith(error)
    assert told["open"] is False


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
def test_what_a_server_says_at_once_is_left_to_who_reads(
    shaken: Shaken, chain: Path, version: ssl.TLSVersion
) -> None:
    with listening(speaking(chain, version, b"220 hello")) as port:
        told = shaken(port)
    assert told["read"] == ANSWERED + len(b"220 hello")


def test_without_the_authority_nobody_is_asked(shaken: Shaken) -> None:
    told = shaken(1)
    assert "ca.der is missing" in told["error"]
