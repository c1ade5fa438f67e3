# SPDX-License-Identifier: Apache-2.0
"""How many blocks to ask for at once: fewer whenever a node refuses, more again by and by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_plan.sentence import sentence

from .errors import Incomplete, NodeFailure, Refused

if TYPE_CHECKING:
    from collections.abc import Callable

_FIRST = 1 << 20  # blocks: nodes that can, answer for a whole young chain
_MOST_LOGS = 20_000  # of a range: 25 MB as JSON, and a transaction of a second
_HINT = sentence("what has come is kept: the same command goes on from there")


class Ranges:
    """The size of the next range."""

    def __init__(self) -> None:
        self._size = self._most = _FIRST

    def take(self, first: int, final: int, attempt: Callable[[int], int]) -> int:
        """Take the next range, as large a one as the node gives; return its last block.

        Args:
            first: block.
            final: the last block that there is to take.
            attempt: takes the range up to a block, and says how many logs it had.

        Raises:
            NodeFailure: the node does not even give a single block.
        """
        while True:
            last = min(final, first + self._size - 1)
            try:
                logs = attempt(last)
            except (Refused, Incomplete) as failure:
                if first == last:
                    raise _give_up(failure, first) from failure
                self._size = self._most = max(1, (last - first + 1) // 2)
                continue
            self._fit(last - first + 1, logs)
            return last

    def _fit(self, blocks: int, logs: int) -> None:
        if logs > _MOST_LOGS:
            self._size = max(1, blocks // 2)
        elif logs < _MOST_LOGS // 4:
            self._size = min(max(self._size, blocks) * 2, self._most)
            self._most += 1 + self._most // 8  # a limit may be lifted: it is tried again, by and by


def _give_up(failure: NodeFailure, block: int) -> NodeFailure:
    if isinstance(failure, Incomplete):
        hint = sentence("name another node; if that says the same, electro index rebuild; {0}", _HINT)
        return Incomplete(sentence("the node's logs have a gap: {0}", failure.sentence), hint)
    return NodeFailure(
        sentence("the node does not give the logs of block {0}: {1}", block, failure.sentence), _HINT
    )
