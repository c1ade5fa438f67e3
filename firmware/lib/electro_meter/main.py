# SPDX-License-Identifier: Apache-2.0
"""Run the meter, or say on the serial line and by its LED why it can't, and rest where a person can help."""

import asyncio
import os

from .heap import ram_free
from .life.start import begin
from .life.supervision import SAFE_MODE_S, STABLE_S, Starts
from .world import SetupError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .board import Esp32Board
    from .life.settings import Settings


def configure() -> "tuple[Esp32Board, Settings]":
    """Return the board and what it is set to; what is imported here is forgotten again."""
    from .board import Esp32Board
    from .life.config import load
    from .sensing import calibration

    if "provision.json" in os.listdir("."):
        from .provision import finish  # a cut came between its commit and its end

        try:
            unset = Esp32Board(None)
            finish(unset)
            unset.reset("provisioning is finished")
        except OSError as error:
            print("provisioning can't be finished:", error)  # noqa: T201 - a full flash ends no measuring
    board = Esp32Board(load("."))
    return board, load(".", calibration.entries(board)).bare()


async def main(starts: Starts, safe: bool) -> None:
    before = ram_free()
    board, meter = begin(configure)
    meter.start(alone=safe)
    board.start_watchdog()
    board.log(f"started; {before} bytes of RAM free before, {ram_free()} now")
    if safe:
        board.log("safe mode: it started again and again; it measures and talks to nobody; see crash.log")
        await asyncio.sleep(SAFE_MODE_S)
        board.reset("safe mode is over")
    await asyncio.sleep(STABLE_S)
    starts.lasted()
    while True:
        await asyncio.sleep(3600)
        board.log(f"register {meter.account.import_uj // 3_600_000_000} Wh; {ram_free()} bytes free")


def rest(sentence: str, seconds: int) -> None:
    from . import board

    board.rest(sentence, seconds)


starts = Starts(".")
try:
    from .board import powered_on

    safe = not starts.begin(powered_on())
    asyncio.run(main(starts, safe))
except SetupError as error:
    starts.lasted()  # nothing crashed: something is missing or wrong
    rest(str(error), SAFE_MODE_S)
except Exception as error:  # noqa: BLE001 - before the tasks run, nobody else writes it down
    starts.note(error)
    rest(f"stopped: {error!r}", 5)
