# SPDX-License-Identifier: Apache-2.0
"""Start the meter, or say in one sentence why it can't."""

import asyncio

from electro_meter.app import Meter
from electro_meter.board import Esp32Board
from electro_meter.config import ConfigError, load
from electro_meter.keys import MissingKeyError


async def main() -> None:
    config = load(".")
    board = Esp32Board(config.wifi_ssid, config.wifi_password, fine=config.fine_ua_per_count > 0)
    meter = Meter(board, config)
    meter.start()
    while True:  # noqa: ASYNC110 - the tasks never end, and a failed one resets the chip
        await asyncio.sleep(3600)


try:
    asyncio.run(main())
except (ConfigError, MissingKeyError) as error:
    print(error)  # noqa: T201 - the serial line is where a person listens
