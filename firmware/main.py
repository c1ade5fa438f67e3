# SPDX-License-Identifier: Apache-2.0
"""Start the meter, or say on the serial line and by its LED why it can't, and rest where a person can help."""

import asyncio

import machine

from electro_meter.life import SAFE_MODE_S, STABLE_S, Life, SetupError, ram_free
from electro_meter.start import begin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from electro_meter.board import Esp32Board
    from electro_meter.settings import Settings


def configure() -> "tuple[Esp32Board, Settings]":
    """Return the board and what it is set to; what is imported here is forgotten again."""
    from electro_meter import calibration
    from electro_meter.board import Esp32Board
    from electro_meter.config import load

    board = Esp32Board(load("."))
    return board, load(".", calibration.entries(board)).bare()


async def main(life: Life) -> None:
    before = ram_free()
    board, meter = begin(configure)
    meter.start()
    board.start_watchdog()
    board.log(f"started; {before} bytes of RAM free before, {ram_free()} now")
    await asyncio.sleep(STABLE_S)
    life.lasted()
    while True:
        await asyncio.sleep(3600)
        board.log(f"register {meter.intervals.register_wh} Wh; {ram_free()} bytes free")


def rest(sentence: str, seconds: int) -> None:
    from electro_meter import board

    board.rest(sentence, seconds)


life = Life(".")
if life.begin(machine.reset_cause() == machine.PWRON_RESET):
    try:
        asyncio.run(main(life))
    except SetupError as error:
        life.lasted()  # nothing crashed: something is missing or wrong
        rest(str(error), SAFE_MODE_S)
    except Exception as error:  # noqa: BLE001 - before the tasks run, nobody else writes it down
        life.note(error, 0)
        rest(f"stopped: {error!r}", 5)
else:
    rest("it crashed again and again; see crash.log", SAFE_MODE_S)
