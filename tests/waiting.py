# SPDX-License-Identifier: Apache-2.0
"""Wait for conditions, never for times: a machine may be busy, and what a test asserts is still so.

What takes too long here hangs. Single answers need no limit of their own: pytest's ends a test that waits for ever.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

LIMIT_S = (
    600  # half of pytest's, so that the sentence comes first; on a quiet machine nothing takes a twentieth
)
_EVERY_S = 0.05


async def until(question: Callable[[], Any]) -> None:
    """Return when a question, plain or to be awaited, is answered with yes."""
    began = time.monotonic()
    while True:
        answer = question()
        if inspect.isawaitable(answer):
            answer = await answer
        if answer:
            return
        assert time.monotonic() - began < LIMIT_S, (
            f"it did not come to be: {inspect.getsource(question).strip()}"
        )
        await asyncio.sleep(_EVERY_S)
