# SPDX-License-Identifier: Apache-2.0
"""Run some meters of a fleet in one process, driven by JSON lines.

| line in | line out |
|---|---|
| {"meters": [configuration, …]}, as in grid/settings.py, and "failure" | {"ready": [{"address", "enrollment"}, …]} |
| {"agreements": [id, …]} | {"ok": true} |
| {"live_until": unix_s} | {"stands": [{"measured", "latest", "final", "why", …}, …]} |
| end of input | the process ends |

What can't be done is said in one line, {"error": sentence}, and the process ends with 2.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from typing import Any

from electro_tools.fleet.simulated import FleetMeter, settle

_AT_ONCE = 32  # meters whose exchanges go on at the same time: as many connections are opened at once
_FILES = 8192  # two for each meter, a connection and its journal


async def _run() -> None:
    meters: list[FleetMeter] = []
    agreements: list[int] = []
    while line := sys.stdin.readline():
        command: dict[str, Any] = json.loads(line)
        if "meters" in command:
            meters = [FleetMeter(each) for each in command["meters"]]
            settle()
            _say({"ready": [each.ready() for each in meters]})
        elif "agreements" in command:
            agreements = command["agreements"]
            _say({"ok": True})
        else:
            for first in range(0, len(meters), _AT_ONCE):
                some = meters[first : first + _AT_ONCE]
                await asyncio.gather(*(each.live_until(command["live_until"]) for each in some))
            stands = [meter.stands(each) for meter, each in zip(meters, agreements, strict=True)]
            _say({"stands": stands})


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def main() -> int:
    """Serve until the end of input; return the exit code."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, _FILES) if most > 0 else _FILES, most))
    try:
        asyncio.run(_run())
    except (ValueError, OSError) as error:
        _say({"error": str(error)})
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
