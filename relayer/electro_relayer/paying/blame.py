# SPDX-License-Identifier: Apache-2.0
"""Find the one message that makes others fail with it, and refuse that alone; whatever fails, the lane moves on.

What failed together goes on in halves, until the guilty message is alone. Alone it is refused at once where the node
or the contract says that it can never be; with words that nobody knows it is set aside, longer each time, and refused
only when it has failed five times after something else had passed: else the node is in trouble, and the message waits.
Where nothing else is there to pass, the lane asks the node for something harmless.
"""

from __future__ import annotations

import enum
import logging
from typing import TYPE_CHECKING

from electro_relayer.errors import shout
from electro_relayer.paying.item import ANY_COMPANY, Place

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from electro_relayer.chain.standings import Standings
    from electro_relayer.metrics import Metrics
    from electro_relayer.paying.batch import Queue
    from electro_relayer.paying.item import Item
    from electro_relayer.paying.refusals import Refusals

log = logging.getLogger(__name__)

MAX_TRIES = 5  # alone, while others pass: a quarter of a minute, as it waits longer each time
# The last while nothing else passes, when the node is not to be burdened, and while others do.
FIRST_ASIDE_S, LAST_ASIDE_S, LAST_SUSPECT_S = 0.5, 60.0, 8.0
UNPROVEN_TRIES = 2  # failures alone, after which the node is asked for something else


class Stage(enum.Enum):
    """At which question to the node messages pass or fail; what passes one says nothing of another."""

    CHECK = "check"
    ESTIMATE = "estimate"
    SEND = "send"


class Blame:
    """Tells the queue what to do with messages that failed."""

    def __init__(
        self,
        *,
        queue: Queue,
        standings: Standings,
        refusals: Refusals,
        metrics: Metrics,
        clock: Callable[[], float],
    ) -> None:
        self._queue, self._standings, self._refusals = queue, standings, refusals
        self._metrics, self._clock = metrics, clock
        self._passed_at: dict[Stage, float] = {}
        self.unproven: Stage | None = None  # where a message fails and nothing shows whether anything passes

    def passed(self, stage: Stage) -> None:
        """Note that a check was answered, or a transaction taken: there the node works."""
        self._passed_at[stage] = self._clock()
        if self.unproven is stage:
            self.unproven = None

    def failed(
        self, items: Sequence[Item], stage: Stage, why: str, *, certain: bool, reason: str = "Refused"
    ) -> None:
        """Halve what failed together; set aside, or refuse, what failed alone.

        `certain`: another try of the same would fail likewise. `reason` becomes the code of the refusal.
        """
        items = [item for item in items if item.place is not Place.GONE]
        if len(items) > 1:
            log.warning("%d messages failed together (%.200r); they go on in halves", len(items), why)
            for item in items:
                item.company = min(item.company, max(1, len(items) // 2))
            return
        for item in items:
            self._failed_alone(item, stage, why, certain=certain, reason=reason)

    def _failed_alone(self, item: Item, stage: Stage, why: str, *, certain: bool, reason: str) -> None:
        item.tries += 1
        if item.failed_at is None:
            item.failed_at = self._clock()
        others_pass = self._passed_at.get(stage, -1.0) > item.failed_at
        item.counted += others_pass
        digest = item.verified.digest.hex()
        if certain or item.counted >= MAX_TRIES:
            log.error("refused 0x%s: it fails alone, %d times (%.200r)", digest, item.tries, why)
            self.drop(item, reason)
            return
        # While nothing passes it may go with others again: alone each costs more gas.
        item.company = 1 if others_pass else ANY_COMPANY
        if not others_pass and item.tries >= UNPROVEN_TRIES:
            self.unproven = stage
        most_s = LAST_SUSPECT_S if others_pass else LAST_ASIDE_S
        aside_s = min(most_s, FIRST_ASIDE_S * 2 ** min(item.tries - 1, 10))
        log.log(
            logging.WARNING if item.tries == 1 else logging.DEBUG,
            "set 0x%s aside for %g s (%.200r)",
            digest,
            aside_s,
            why,
        )
        self._metrics.count("set_aside_total")
        self._queue.hold(item, aside_s)

    def drop(self, item: Item, reason: str) -> None:
        """Refuse a message that was accepted; its meter hears why when it asks or comes again."""
        self._refusals.remember(item.verified, reason)
        self._metrics.count("refused_total", code=shout(reason))
        self._standings.forget(item.verified.device)
        self._queue.release(item)
