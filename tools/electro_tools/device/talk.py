# SPDX-License-Identifier: Apache-2.0
"""Talk to a meter that runs, over its serial line or over the network, without interrupting it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Self

from electro_meter.life.console import RECORD
from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Callable

_BAUD = 115_200
ANSWER_S = 8.0  # a status is made and sent in one; a handshake of TLS may hold it up for five
_READ_S = 0.2
_TRIES = 2  # the first line may end what a terminal left unfinished
_MOST_BYTES = 65_536


class Silence(ToolError):  # noqa: N818 - what is heard
    """Nobody answered at the line: no meter runs there."""


class Line:
    """A serial port at which a meter runs; what it says of itself meanwhile goes to `on_words`."""

    def __init__(self, port: str, on_words: Callable[[str], None] = lambda _line: None) -> None:
        self.port = port
        self._on_words = on_words
        self._rest = b""
        try:
            import serial  # type: ignore[import-untyped]
        except ImportError as error:
            raise ToolError(
                "pyserial is not installed", "install it with: pip install 'electro-grid[device]'"
            ) from error
        try:
            self._serial = serial.serial_for_url(port, do_not_open=True, baudrate=_BAUD, timeout=_READ_S)
            # both lines as they are by default would reset some boards, and then the meter is not the one that ran
            self._serial.dtr = self._serial.rts = False
            self._serial.exclusive = True  # two that read would each get half of an answer
            self._serial.open()
        except (OSError, ValueError) as error:
            raise ToolError(
                f"the serial port {port} can't be opened",
                "is another program using it (a terminal, an editor), and may you (group dialout on Linux)?",
            ) from error

    def close(self) -> None:
        """Let go of the port."""
        self._serial.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, words: str) -> dict[str, Any]:
        """Return the meter's answer to a question.

        Raises:
            Silence: nothing came in time.
            ToolError: the meter does not know the question, or the cable was pulled.
        """
        for _ in range(_TRIES):
            self._write(f"\relectro {words}\r")
            found = self._answer(time.monotonic() + ANSWER_S / _TRIES)
            if found is not None:
                return _sound(found)
        raise Silence(
            f"no meter answers at {self.port}",
            "is it provisioned and running? `electro device doctor` says what is missing",
        )

    def lines(self) -> list[str]:
        """Return what the meter has said since the last question, waiting a moment for it."""
        said: list[str] = []
        keep, self._on_words = self._on_words, said.append
        try:
            self._answer(time.monotonic() + _READ_S)
        finally:
            self._on_words = keep
        return said

    def _write(self, text: str) -> None:
        try:
            self._serial.write(text.encode())
        except OSError as error:
            raise ToolError(f"the serial port {self.port} is gone: {error}") from error

    def _answer(self, until: float) -> Any:
        """Read to the next answer, None if there is none in time."""
        while time.monotonic() < until:
            try:
                self._rest += self._serial.read(max(1, self._serial.in_waiting))
            except OSError as error:
                raise ToolError(f"the serial port {self.port} is gone: {error}") from error
            while b"\n" in self._rest:
                raw, _, self._rest = self._rest.partition(b"\n")
                line = raw.decode("utf-8", "replace").strip("\r\n")
                before, mark, text = line.rpartition(RECORD)
                if not mark:
                    self._on_words(line)
                    continue
                if before.strip():
                    self._on_words(before)
                try:
                    return json.loads(text)
                except ValueError:
                    continue
            self._rest = self._rest[-_MOST_BYTES:]
        return None


def fetch(url: str) -> dict[str, Any]:
    """Return the status that a meter tells in its network.

    Raises:
        ToolError: it can't be reached, or tells none.
    """
    import requests

    address = url if "://" in url else f"http://{url}"
    try:
        answer = requests.get(address.rstrip("/") + "/status.json", timeout=ANSWER_S, allow_redirects=False)
        found = answer.json() if answer.status_code == 200 else None
    except (requests.RequestException, ValueError) as error:
        raise ToolError(
            f"no meter tells its status at {address}",
            "its page is off unless `page_port` is in its settings (with PSRAM it is on)",
        ) from error
    if found is None:
        raise ToolError(f"{address} answers {answer.status_code} instead of a meter's status")
    return _sound(found)


def _sound(untrusted: Any) -> dict[str, Any]:
    if not isinstance(untrusted, dict):
        raise ToolError("the meter's answer can't be read")
    if isinstance(untrusted.get("error"), str):
        raise ToolError(f"the meter says: {untrusted['error'][:200]}")
    return untrusted
