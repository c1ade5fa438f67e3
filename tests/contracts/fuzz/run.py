# SPDX-License-Identifier: Apache-2.0
"""Play many lives, in one process or in several, and count what happened in them."""

from __future__ import annotations

import multiprocessing
import traceback
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.contracts import tokens

from .play import Play, life

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from multiprocessing.queues import SimpleQueue


@dataclass
class Tally:
    """What some lives came to: contract calls by kind and refusal, and how often each invariant was held."""

    lives: int = 0
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)
    held: Counter[int] = field(default_factory=Counter)
    executed: int = 0  # by the EVM: the calls, and the views that comparisons ask

    def add(self, other: Tally) -> None:
        self.lives += other.lives
        self.calls += other.calls
        self.held += other.held
        self.executed += other.executed

    @property
    def total(self) -> int:
        """Calls of the contract; what was inside a batch is not one."""
        return sum(count for (kind, _), count in self.calls.items() if not kind.startswith("in "))


class Failed(Exception):  # noqa: N818 - what a life came to
    """A life in which contract and paper differ: its seed, and the traceback with the steps before."""

    def __init__(self, seed: int, story: str) -> None:
        self.seed = seed
        super().__init__(story)


def play(seed: int) -> Tally:
    """Play one life; raise Failed."""
    try:
        played: Play = life(seed)
    except Exception as error:
        raise Failed(seed, "".join(traceback.format_exception(error))) from error
    chain = played.chain
    return Tally(1, played.calls, played.checks.held, chain.transactions + chain.views)


def lives(seed: int, calls: int, jobs: int = 1) -> Generator[Tally, None, None]:
    """Play lives from `seed` on until there were `calls` calls; give the tally of each as it ends. Raises Failed."""
    tokens.bytecode()  # compiled once, before there are several processes
    if jobs == 1:
        done = 0
        while done < calls:
            tally = play(seed)
            seed, done = seed + 1, done + tally.total
            yield tally
        return
    context = multiprocessing.get_context("fork")
    answers: SimpleQueue[Tally | tuple[int, str] | None] = context.SimpleQueue()
    workers = [
        context.Process(target=_work, args=(answers, seed + i, calls // jobs, jobs), daemon=True)
        for i in range(jobs)
    ]
    for worker in workers:
        worker.start()
    try:
        yield from _gather(answers, len(workers))
    finally:
        for worker in workers:
            worker.terminate()
            worker.join()


def _gather(answers: SimpleQueue[Tally | tuple[int, str] | None], working: int) -> Iterator[Tally]:
    while working:
        answer = answers.get()
        if isinstance(answer, tuple):
            raise Failed(*answer)
        if answer is None:
            working -= 1
        else:
            yield answer


def _work(answers: SimpleQueue[Tally | tuple[int, str] | None], seed: int, calls: int, stride: int) -> None:
    done = 0
    while done < calls:
        try:
            tally = play(seed)
        except Failed as failed:
            answers.put((failed.seed, str(failed)))
            return
        seed, done = seed + stride, done + tally.total
        answers.put(tally)
    answers.put(None)
