# SPDX-License-Identifier: Apache-2.0
"""Start the meter, or say in one sentence why it can't."""

import asyncio
import time

import machine

from electro_meter import calibration
from electro_meter.app import Meter
from electro_meter.board import Esp32Board
from electro_meter.config import ConfigError, load
from electro_meter.keys import MissingKeyError
from electro_meter.life import SAFE_MODE_S, STABLE_S, Life, ram_free


async def main(life: Life) -> None:
    config = load(".")
    board = Esp32Board(config.wifi_ssid, config.wifi_password, fine=config.fine_ua_per_count > 0)
    config = load(".", calibration.entries(board))
    meter = Meter(board, config)
    meter.start()
    board.log(f"started; {ram_free()} bytes free")
    await asyncio.sleep(STABLE_S)
    life.lasted()
    while True:
        await asyncio.sleep(3600)
        board.log(f"register {meter.intervals.register_wh} Wh; {ram_free()} bytes free")


life = Life(".")
if life.begin(machine.reset_cause() == machine.PWRON_RESET):
    try:
        asyncio.run(main(life))
    except (ConfigError, MissingKeyError) as error:
        life.lasted()  # nothing crashed: something is missing
        print(error)  # noqa: T201 - the serial line is where a person listens
    except Exception as error:  # noqa: BLE001 - before the tasks run, nobody else writes it down
        life.note(error, 0)
        print("stopped:", repr(error))  # noqa: T201 - the serial line is where a person listens
        time.sleep(5)
        machine.reset()
else:
    print("safe mode: crashed again and again; see crash.log")  # noqa: T201 - the serial line is where a person listens
    time.sleep(SAFE_MODE_S)
    machine.reset()
