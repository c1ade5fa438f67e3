# SPDX-License-Identifier: Apache-2.0
"""Run a lean meter in the counting interpreter, and say with each answer what it did since the last: ../bytecodes.py.

The chip's one core gives every task its turn. A piece is what runs from one turn of the scheduler to the next, or to
and from a call of board.sample(); what runs between two samples is the end of one piece and the beginning of another.
"""

import asyncio
import json
import sys
from array import array
from asyncio import core

import counting

from electro_tools.grid import lean

SLOT = 256  # bytecodes, of the histograms
SLOTS = 200


class Extent:
    """How much of something there was each time."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.times = self.sum = self.most = 0
        self.modules = {}  # of the largest
        self.slots = array("I", [0] * SLOTS)

    def note(self, count: int, modules: dict | None = None) -> None:
        """modules: in which modules what of it ran before the last piece; None: nobody knows."""
        self.times += 1
        self.sum += count
        self.slots[min(count // SLOT, SLOTS - 1)] += 1
        if count > self.most:
            self.most = count
            if modules is not None:
                self.modules = counting.last()
                for name, before in modules.items():
                    self.modules[name] = self.modules.get(name, 0) + before

    def told(self) -> dict:
        return {"times": self.times, "sum": self.sum, "most": self.most, "modules": self.modules,
                "slots": list(self.slots)}  # fmt: skip


EXTENTS = {
    name: Extent()
    for name in (
        "between_samples",
        "other_tasks",
        "step",
        "step_bytes",
        "sign",
        "exchange",
        "exchange_bytes",
        "exchange_piece",
        "exchange_collections",
        "sample",
    )
}
BETWEEN, OTHERS = EXTENTS["between_samples"], EXTENTS["other_tasks"]


class Pieces:
    """Which piece of work runs."""

    def __init__(self) -> None:
        self.sampled = False  # a sample was taken in this piece
        self.tail = 0  # what ran from that sample to the end of its piece
        self.modules = {}  # of it, if it is large
        self.exchanging = False

    def before_sample(self) -> None:
        BETWEEN.note(self.tail + counting.run(), self.modules)
        self.tail = 0
        self.modules = {}

    def after_sample(self) -> None:
        counting.run()
        self.sampled = True

    def turn(self) -> None:
        bytecodes = counting.run()
        if self.sampled:
            self.tail = bytecodes
            self.modules = counting.last() if 2 * bytecodes > BETWEEN.most else {}
        else:
            OTHERS.note(bytecodes, {})
            if self.exchanging:
                EXTENTS["exchange_piece"].note(bytecodes, {})
        self.sampled = False


PIECES = Pieces()


def attend() -> None:
    """Put the counting around what there is to count, once the meter is made."""
    from electro_meter.life.app import Meter
    from electro_meter.life.keys import Signer
    from electro_meter.uplink.exchange import Uplink

    sample, wait_io_event = lean.PipedBoard.sample, core.IOQueue.wait_io_event
    step, sign, exchange = Meter.step, Signer.sign, Uplink._exchange

    def sample_between(board, *given):
        PIECES.before_sample()
        sample(board, *given)
        EXTENTS["sample"].note(given[-1] - given[-2])
        PIECES.after_sample()

    def turn(queue, milliseconds):
        PIECES.turn()
        return wait_io_event(queue, milliseconds)

    def counted_step(meter):
        bytecodes, allocated = counting.total()
        result = step(meter)
        after, allocated_after = counting.total()
        EXTENTS["step"].note(after - bytecodes)
        EXTENTS["step_bytes"].note(allocated_after - allocated)
        return result

    def counted_sign(signer, message):
        bytecodes = counting.total()[0]
        signed = sign(signer, message)
        EXTENTS["sign"].note(counting.total()[0] - bytecodes)
        return signed

    async def counted_exchange(uplink, source):
        bytecodes, allocated = counting.total()  # nothing is sampled meanwhile: virtual time stands still
        collections = counting.collections()
        PIECES.exchanging = True
        await exchange(uplink, source)
        PIECES.exchanging = False
        after, allocated_after = counting.total()
        EXTENTS["exchange"].note(after - bytecodes)
        EXTENTS["exchange_bytes"].note(allocated_after - allocated)
        EXTENTS["exchange_collections"].note(counting.collections() - collections)

    lean.PipedBoard.sample = sample_between
    core.IOQueue.wait_io_event = turn
    Meter.step, Signer.sign, Uplink._exchange = counted_step, counted_sign, counted_exchange


def say(answer: dict) -> None:
    """Answer with what was counted, and begin anew."""
    if "address" in answer:
        attend()
    else:
        answer["counted"] = {name: extent.told() for name, extent in EXTENTS.items()}
        answer["modules"] = counting.modules()
        answer["collections"] = counting.collections()
    put(answer)
    for extent in EXTENTS.values():
        extent.clear()
    counting.reset()


def put(answer: dict) -> None:
    json.dump(answer, sys.stdout)  # as a string it would take memory
    sys.stdout.write("\n")


async def turns(count: int) -> None:
    """Say the bytecodes of a turn of asyncio on a chip, in which one task of three has something to do."""
    from electro_meter.world import Board

    async def sleep() -> None:
        await asyncio.sleep(3_600)

    tasks = [asyncio.create_task(sleep()) for _ in range(2)]
    board = Board()
    await board.sleep_ms(1)
    counting.reset()
    for _ in range(count):
        await board.sleep_ms(0)
    put({"turn": counting.total()[0] / count})
    for task in tasks:
        task.cancel()


if sys.argv[1:] == ["turns"]:
    asyncio.run(turns(1_000))
else:
    lean._say = say
    lean.PipedBoard.pairs_a_run = lean.VirtualBoard.pairs_a_run  # as on a chip
    asyncio.run(lean._run())
