# SPDX-License-Identifier: Apache-2.0
"""Set up a step on the simulated bench, as a laboratory's own command would: drive.py BENCH.json…, the step on stdin.

Boards that are connected to one source see what it gives together, each in its own file.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

step = json.loads(sys.stdin.readline())
for name in sys.argv[1:]:
    state = Path(name)
    bench = json.loads(state.read_text())
    bench["steps"] += 1
    # a source gives not quite what it is asked for, and the voltmeter tells
    bench["dc_volts"] = step["volts"] + 0.002 * math.sin(bench["steps"]) if step["step"] == "dc" else None
    bench["volts"] = step["volts"]
    bench["amps"] = step.get("amps", 0.0) * bench["fault"].get("amps", 1.0)
    bench["lag_deg"] = math.degrees(math.atan2(step.get("var", 0.0), step.get("watts", 1.0)))
    bench["lag_deg"] += bench["fault"].get("turned_deg", 0.0)
    bench["volts"] *= bench["fault"].get("volts", 1.0)
    state.write_text(json.dumps(bench))
if step["step"] == "dc":
    print(json.dumps({"volts": bench["dc_volts"]}))
