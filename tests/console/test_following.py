# SPDX-License-Identifier: Apache-2.0
"""The thread that follows the chain beside the pages ends only when it is told to."""

import threading

import pytest

from electro_console.index.errors import IndexFailure
from electro_console.web import following
from electro_console.web.following import Following
from tests.waiting import until


class Failing:
    """A follower that fails in a way nobody thought of, until it is mended."""

    def __init__(self) -> None:
        self.begun, self.mended = threading.Event(), threading.Event()

    def follow(self, stop: threading.Event, _pause_s: float) -> None:
        self.begun.wait()
        if not self.mended.is_set():
            raise KeyError("lost")
        stop.wait()


async def test_what_nobody_thought_of_is_told_and_tried_again(monkeypatch, tmp_path, caplog):
    failing = Failing()
    monkeypatch.setattr(following, "Follower", lambda *_, **__: failing)
    monkeypatch.setattr(following, "_AGAIN_S", 0.01)
    with Following(str(tmp_path / "index.db"), ["http://127.0.0.1:1"], bytes(20)) as one:
        failing.begun.set()
        await until(lambda: one.trouble is not None)
        failing.mended.set()
        await until(lambda: one.trouble is None)
    assert "KeyError: 'lost'" in caplog.text


def test_a_failure_before_the_first_answer_is_the_callers(monkeypatch, tmp_path):
    def fail(*_: object) -> None:
        raise KeyError("lost")

    monkeypatch.setattr(following, "Database", fail)
    with (
        pytest.raises(IndexFailure, match="following the chain failed: KeyError: 'lost'"),
        Following(str(tmp_path / "index.db"), ["http://127.0.0.1:1"], bytes(20)),
    ):
        pass
