# SPDX-License-Identifier: Apache-2.0
"""Run parts of a benchmark in processes of their own that end with it, even where it is killed.

`multiprocessing` ends its children when their parent exits in good order; one that is killed can't. Each child here
waits, in a thread, for the end of a pipe that its parent holds.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.context import SpawnProcess

SPAWN = multiprocessing.get_context("spawn")


def child(target: Callable[..., None], *arguments: Any) -> SpawnProcess:
    """Return a process that will call the target, not begun yet."""
    return SPAWN.Process(target=_tied, args=(target, *arguments), daemon=True)


def _tied(target: Callable[..., None], *arguments: Any) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    target(*arguments)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
