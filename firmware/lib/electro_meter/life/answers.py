# SPDX-License-Identifier: Apache-2.0
"""Tell what a person asks at the serial line or over the network: imported for a question, and forgotten again.

| word | answer |
|---|---|
| status | all of `status`, and: device, uptime, settings' hash, update, calibration, network, room on the flash |
| live | volts, amperes, watts of now, the register, and the running slot against its band |
| logs [bytes] | the end of crash.log, and of the one before |
| identify [seconds] | the address; the LED blinks so long that a person sees which meter it is |
"""

import os
from binascii import hexlify

from electro_protocol.address import checksum

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from ..world import Board
    from .app import Meter

_LOG_BYTES = 1_024
_MOST_LOG_BYTES = 4_096
_IDENTIFY_S = 20
_MOST_IDENTIFY_S = 600
_UJ_PER_WH = 3_600_000_000


def answer(board: "Board", meter: "Meter", words: "list[str]") -> "dict[str, Any]":
    """Return the answer to a word and its number, or what is wrong with the question."""
    word = words[0]
    number = int(words[1]) if len(words) > 1 and len(words[1]) < 7 and words[1].isdigit() else 0
    if word == "status":
        return everything(board, meter)
    if word == "live":
        return live(meter)
    if word == "logs":
        return logs(board, min(number or _LOG_BYTES, _MOST_LOG_BYTES))
    if word == "identify":
        meter.blink_until_us = board.uptime_us() + min(number or _IDENTIFY_S, _MOST_IDENTIFY_S) * 1_000_000
        return {"device": checksum(meter.signer.address)}
    return {"error": f"nobody knows {word[:20]}: ask for status, live, logs or identify"}


def live(meter: "Meter") -> "dict[str, Any]":
    """Return what changes from second to second."""
    phases = meter.phases
    power_mw = 0
    amps_ma = []
    volts_mv = []
    for phase in phases.all:
        power_mw += phase.window.power_mw
        volts_mv.append(phase.window.urms_mv)
        amps_ma.append(phase.window.irms_ma)
    return {
        "urms_mv": volts_mv,
        "irms_ma": amps_ma,
        "power_mw": power_mw,
        "frequency_mhz": phases.all[0].window.frequency_mhz,
        "register_wh": meter.account.import_uj // _UJ_PER_WH,
        "supplied": phases.supplied,
        "slot": _slot(meter),
    }


def _slot(meter: "Meter") -> "dict[str, Any] | None":
    """Return the running slot: its interval, energy so far, projection and band; None if there is none."""
    clock = meter.clock
    now_s = clock.unix_s() if clock.dated else 0
    agreement = meter.uplink.agreements.at(now_s) if now_s else None
    if agreement is None:
        return None
    interval = (now_s - agreement.start_s) // agreement.interval_s
    began_s = agreement.start_s + interval * agreement.interval_s
    at_j = meter.account.import_at_j(began_s)
    band = agreement.bounds(interval, meter.board.uptime_us())
    return {
        "agreement": agreement.id,
        "interval": interval,
        "began_s": began_s,
        "now_s": now_s,
        "length_s": agreement.interval_s,
        "unit_wh": agreement.unit_wh,
        "so_far_wh": (meter.account.import_uj // 1_000_000 - at_j) // 3_600 if at_j >= 0 else None,
        "projected_units": meter.shedding.projected_units,
        "least": band[0] if band else None,
        "most": band[1] if band else None,
    }


def everything(board: "Board", meter: "Meter") -> "dict[str, Any]":
    """Return all that a person may know of the meter."""
    told = meter.status()
    told["device"] = checksum(meter.signer.address)
    told["uptime_s"] = board.uptime_us() // 1_000_000
    told["now_s"] = meter.clock.unix_s() if meter.clock.dated else 0
    told["slot"] = _slot(meter)
    told["update"] = _update(board, meter)
    told["calibration"] = _calibration(board)
    told["network"] = board.network()
    told["flash_free"] = _flash_free(board.directory)
    return told


def _update(board: "Board", meter: "Meter") -> "dict[str, Any]":
    from ..updating.state import BLOB, NAMES, unpack

    state = unpack(board.load_blob(BLOB))
    nobody = bytes(20)
    return {
        "state": NAMES[state.kind],
        "version": state.version,
        "next": state.next_version,
        "attempts": state.attempts,
        "operator_key": checksum(state.operator) if state.operator != nobody else None,
        "consumer_key": checksum(state.consumer) if state.consumer != nobody else None,
        "refused": [
            hexlify(state.refused[at : at + 16]).decode()
            for at in range(0, len(state.refused), 16)
            if state.refused[at : at + 16] != bytes(16)
        ],
        "why": meter.updating.why if meter.updating else "",
    }


def _calibration(board: "Board") -> "dict[str, Any]":
    from ..sensing.calibration import read
    from ..world import ConfigError

    try:
        digest, found = read(board)
    except ConfigError:
        return {"hash": "", "date": 0, "damaged": True}
    return {"hash": digest, "date": found["date"], "damaged": False}


def _flash_free(directory: str) -> int:
    """Return the free bytes of the file system, -1 where nobody can say."""
    try:
        found = os.statvfs(directory)
    except (OSError, AttributeError):
        return -1
    return found[0] * found[3]


def logs(board: "Board", count: int) -> "dict[str, Any]":
    """Return the last bytes of both logs, the older one first."""
    text = ""
    for name in ("crash.old.log", "crash.log"):
        try:
            with open(f"{board.directory}/{name}", "rb") as file:
                size = file.seek(0, 2)
                file.seek(max(0, size - count))
                text += "".join([chr(c) if 31 < c < 127 or c == 10 else "?" for c in file.read(count)])
        except OSError:
            pass  # nothing ever failed
    return {"log": text[-count:]}
