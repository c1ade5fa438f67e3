# SPDX-License-Identifier: Apache-2.0
"""Run one simulated meter as its own process, on CPython or MicroPython, driven by JSON lines.

    python -m electro_tools.grid.process
    MICROPYPATH=.frozen:firmware/lib:tools micropython tools/electro_tools/grid/process.py

| line in | line out |
|---|---|
| the configuration, see settings.py | {"ready": {"address", "enrollment"}} |
| {"advance_to": unix_s} | {"signed": …} for every message signed on the way, then {"at": unix_s, "status": {…}} |
| end of input | the process ends |

What can't be done is said in one line, {"error": sentence}, and the process ends with 2.
"""

import asyncio
import gc
import json
import sys

from electro_protocol.address import checksum
from electro_protocol.signed import SignedMessage
from electro_tools.grid.making import board_of, meter_on
from electro_tools.grid.settings import SettingError, Settings


def _say(answer: "dict[str, object]") -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    if hasattr(sys.stdout, "flush"):
        sys.stdout.flush()


def _say_signed(signed: SignedMessage) -> None:
    _say({"signed": signed.to_json()})


def _read() -> "object | None":
    """Return the next line's JSON, None at the end of input."""
    line = sys.stdin.readline()
    if not line:
        return None
    try:
        read: object = json.loads(line)
    except ValueError:
        raise SettingError("every line must be JSON")
    return read


async def _run() -> None:
    first = _read()
    if first is None:
        return
    settings = Settings(first)
    board = board_of(settings)
    meter = meter_on(board, settings, _say_signed)
    enrollment = meter.enrollment(board.time.now_us // 1_000_000)
    _say({"ready": {"address": checksum(meter.signer.address), "enrollment": enrollment.to_json()}})
    if hasattr(gc, "freeze"):  # CPython looks through all that was imported whenever the meter collects
        gc.freeze()
    started = False
    while True:
        # blocking: between two commands every task of the meter sleeps, so nothing waits behind this
        command = _read()
        if command is None:
            return
        until_s = command.get("advance_to") if isinstance(command, dict) else None
        if not isinstance(until_s, int):
            raise SettingError('a line must be {"advance_to": unix seconds}')
        if not started:
            started = True
            meter.start()
        await board.time.run_until(until_s * 1_000_000)
        status = meter.status()
        status["load_wh"] = board.load.energy_wh(
            settings.start_s * 1_000_000, meter.account.dated_us, board.interruptions
        )
        status["last_log"] = board.last_log
        _say({"at": board.time.now_us // 1_000_000, "status": status})


def main() -> int:
    try:
        asyncio.run(_run())
    except ValueError as error:  # settings, configuration, JSON: all say what is wrong
        _say({"error": str(error)})
        return 2
    except OSError as error:
        _say({"error": f"the simulated meter can't go on: {error}"})
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
