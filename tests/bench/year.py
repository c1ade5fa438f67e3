# SPDX-License-Identifier: Apache-2.0
"""Put a plant's load through the whole sampled path at reduced sampling, and compare the register with the truth.

    python tests/bench/year.py --load plant.csv.gz --time-column date --energy-column usage_kwh [--days 365]

Without --load it takes the built-in metal works. Simulated: the meter's own code from the samples to the
journal, on sines with quantisation and noise, a few windows an interval; the converter's curvature and the transformers
are in metering.py.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from electro_meter.life.app import Meter
from electro_meter.uplink.agreement import Agreement
from electro_plan.settings import ReadSettings
from electro_protocol.readings import NO_DATA, units, unpack
from electro_tools.grid.board import SimulatedBoard
from electro_tools.grid.converter import Converter
from electro_tools.grid.randomness import Randomness
from electro_tools.grid.settings import Settings
from electro_tools.load import LoadCurve, built_in, from_file

START = 1_799_971_200


class _Unheard(SimulatedBoard):
    async def connect(self, address: str, port: int, server_hostname: str | None) -> tuple[Any, Any]:
        raise OSError("nobody is asked here")


def measure(load: LoadCurve, windows: int, power_factor: float) -> dict[str, Any]:
    """Return register, truth and the worst interval."""
    began = time.perf_counter()
    watts = [energy_wh * 3600 / load.interval_seconds for energy_wh in load.energy_wh]
    unit_wh = 1 + int(max(load.energy_wh) / 30_000)  # a reading has 15 bits
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            {
                "chain_id": 1, "contract": "0x" + "22" * 20, "hardware_id": "0x" + "11" * 32,
                "relayers": ["http://nobody"], "load_w": watts, "load_start": START,
                "interval_seconds": load.interval_seconds, "directory": folder, "private_key": "0x" + "07" * 32,
                "power_factor": power_factor, "windows_per_interval": windows,
            }
        )  # fmt: skip
        randomness = Randomness(1)
        board = _Unheard(
            folder, settings.start_s, settings.load, Converter(randomness, 50, power_factor), randomness,
            settings.nominal_v, settings.rated_a, power_factor, settings.interruptions, settings.network_down,
            settings.private_key,
        )  # fmt: skip
        meter = Meter(board, settings.meter)
        agreement = Agreement(1, START, bytes(32), (96, load.interval_seconds, len(watts), unit_wh))
        readings: list[int] = []
        without_data = 0

        async def run() -> None:
            nonlocal without_data
            meter.start()
            for number in range(1, len(watts) + 1):
                await board.time.run_until(
                    (START + number * load.interval_seconds + load.interval_seconds // 2) * 1_000_000
                )
                assert meter.reports.closed(agreement) == number
                (lane,) = unpack((await meter.reports.build(agreement, number - 1, number)).readings)
                readings.append(units(lane) or 0)
                without_data += lane == NO_DATA

        asyncio.run(run())
        truth_wh = settings.load.energy_wh(
            settings.start_s * 1_000_000, meter.account.dated_us, settings.interruptions
        )
        register_wh = meter.account.import_uj / 3.6e9
        errors = [
            abs(reading * unit_wh - energy_wh) / energy_wh * 100
            for reading, energy_wh in zip(readings, load.energy_wh, strict=True)
            if energy_wh > 20 * unit_wh  # below, rounding is what one sees; it is carried on
        ]
        return {
            "simulated": True,
            "intervals": len(watts),
            "windows_per_interval": windows,
            "windows": meter.windows,
            "register_wh": round(register_wh),
            "truth_wh": round(truth_wh, 1),
            "error_percent": round(100 * (register_wh / truth_wh - 1), 4),
            "readings_sum_error_percent": round(100 * (sum(readings) * unit_wh / sum(load.energy_wh) - 1), 4),
            "worst_interval_percent": round(max(errors), 2),
            "without_data": without_data,
            "seconds": round(time.perf_counter() - began),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--load", type=Path, help="a load file, of which the columns are named")
    parser.add_argument("--time-column", default="date")
    parser.add_argument("--energy-column", default="usage_kwh")
    parser.add_argument("--days", type=int, default=7, help="of the load (default: 7)")
    parser.add_argument("--windows", type=int, default=3, help="windows an interval (default: 3)")
    parser.add_argument("--power-factor", type=float, default=0.58, help="of the load (default: 0.58)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    if arguments.load:
        columns = ReadSettings(time_column=arguments.time_column, energy_columns=(arguments.energy_column,))
        load, _ = from_file(arguments.load, columns, days=arguments.days)
    else:
        load = built_in(arguments.days)
    found = measure(load, arguments.windows, arguments.power_factor)
    if arguments.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:28} {value}")


if __name__ == "__main__":
    main()
