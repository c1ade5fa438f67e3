# SPDX-License-Identifier: Apache-2.0
"""Choose which of two programs main.py starts, and give the collector its limits. No update ever replaces this file.

What it reads and writes is the blob of electro_meter/updating/state.py: byte 0 the state, 1 the committed folder, 2 the
starts and 3 the losses of power that a trial may still have, 4 the trials begun, 5 its format, 6 and 7 its minutes.
"""

import gc
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from esp32 import NVS

_FOLDERS = ("lib", "lib2")
_BYTES = 192
_IDLE, _STAGED, _TRIAL, _JUDGING = 0, 2, 3, 4
_FORMAT = 1
_MOST_ATTEMPTS = 3
_NO_FILE = 2  # an OSError's number; any other says nothing of what is there
_NVS_NOT_FOUND = -4354  # ESP_ERR_NVS_NOT_FOUND, as MicroPython raises it
_MOST_READS = 10
POWER, FAILURE, PERSON = 0, 1, 2  # what a start comes after; a person at the serial line restarts softly


def choose(state: bytearray, cause: int) -> int:
    """Change the state as a start does, and return the number of the folder that starts; the other one may be half."""
    committed = state[1] & 1
    if state[0] == _TRIAL:
        left = 3 if cause == POWER else 2
        if cause == PERSON:
            return 1 - committed
        if state[left]:
            state[left] -= 1
            return 1 - committed
        # pulled plugs alone say nothing of a program
        state[0] = _JUDGING if cause == FAILURE else _again(state)
    elif state[0] == _JUDGING and cause != PERSON:
        state[0] = _again(state)
    return committed


def _again(state: bytearray) -> int:
    return _STAGED if state[4] < _MOST_ATTEMPTS else _IDLE


def _is_whole(folder: str) -> bool:
    """Return whether a folder's program was written to its end, also where the flash can't tell now."""
    try:
        os.stat(folder + "/whole")
    except OSError as error:
        return error.errno != _NO_FILE
    return True


def _whole_one(folder: int) -> int:
    """Return the number of this folder, or of the other one if only that is whole."""
    other = 1 - folder
    return other if _is_whole(_FOLDERS[other]) and not _is_whole(_FOLDERS[folder]) else folder


def _read(storage: "NVS") -> "bytearray | None":
    """Return the state, that of a fresh chip where none was kept, None if the storage can't be read."""
    state = bytearray(_BYTES)
    for _ in range(_MOST_READS):
        try:
            return state if storage.get_blob("update", state) == _BYTES else bytearray(_BYTES)
        except OSError as error:
            if error.errno == _NVS_NOT_FOUND:
                return state
            time.sleep_ms(100)
    return None


def start() -> str:
    """Return the folder that starts; a trial is written down before it begins, and ends by a timer if nobody does."""
    import machine
    from esp32 import NVS

    storage = NVS("electro")
    state = _read(storage)
    if state is None:
        return _FOLDERS[_whole_one(0)]  # nothing is written over what may be read again at the next start
    before = bytes(state)
    reset = machine.reset_cause()
    cause = POWER if reset == machine.PWRON_RESET else PERSON if reset == machine.SOFT_RESET else FAILURE
    chosen = choose(state, cause)
    runs = _whole_one(chosen)
    if runs != chosen:
        # somebody wiped the storage, or a folder: no update may write into the only program that there is
        state[0], state[1], state[5] = _IDLE, runs, _FORMAT
    if state != before:
        try:
            storage.set_blob("update", state)
            storage.commit()
        except OSError:
            return _FOLDERS[_whole_one(before[1] & 1)]  # what can't be counted is not tried
    if runs != state[1] & 1:

        def late(_timer: object) -> None:
            state[2] = state[3] = 0
            try:
                storage.set_blob("update", state)
                storage.commit()
            finally:
                machine.reset()  # where it can't be written, the starts that are left are counted instead

        minutes = state[6] | state[7] << 8
        machine.Timer(0).init(mode=machine.Timer.ONE_SHOT, period=minutes * 60_000, callback=late)
    return _FOLDERS[runs]


if __name__ == "__main__":
    try:
        _runs = start()
    except Exception as error:  # noqa: BLE001 - whatever it is, a program is tried
        print("boot:", error)  # noqa: T201 - the serial line is where a person listens
        _runs = _FOLDERS[_whole_one(0)]
    sys.path.insert(0, _runs)
    gc.collect()
    # collect before the free part falls below a quarter: fragmentation hurts more than the collections cost
    gc.threshold(gc.mem_free() // 4 + gc.mem_alloc())  # type: ignore[attr-defined]
