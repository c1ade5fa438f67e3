# SPDX-License-Identifier: Apache-2.0
"""Choose which of two programs main.py starts, and give the collector its limits. No update ever replaces this file.

What it reads and writes is the blob of electro_meter/updating/state.py: byte 0 the state, 1 the committed folder, 2 the
starts and 3 the losses of power that a trial may still have, 4 the trials begun, 5 its format, 6 and 7 its minutes.
"""

import gc
import os
import sys

_FOLDERS = ("lib", "lib2")
_BYTES = 192
_IDLE, _STAGED, _TRIAL, _JUDGING = 0, 2, 3, 4
_FORMAT = 1
_MOST_ATTEMPTS = 3
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
    """Return whether a folder's program was written to its end."""
    try:
        os.stat(folder + "/whole")
    except OSError:
        return False
    return True


def _whole_one(folder: int) -> int:
    """Return the number of this folder, or of the other one if only that is whole."""
    other = 1 - folder
    return other if _is_whole(_FOLDERS[other]) and not _is_whole(_FOLDERS[folder]) else folder


def start() -> str:
    """Return the folder that starts; a trial is written down before it begins, and ends by a timer if nobody does."""
    import machine
    from esp32 import NVS

    storage = NVS("electro")
    state = bytearray(_BYTES)
    try:
        if storage.get_blob("update", state) != _BYTES:
            state = bytearray(_BYTES)
    except OSError:
        pass  # never updated, or the storage was erased
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
            storage.set_blob("update", state)
            storage.commit()
            machine.reset()

        minutes = state[6] | state[7] << 8
        machine.Timer(0).init(mode=machine.Timer.ONE_SHOT, period=minutes * 60_000, callback=late)
    return _FOLDERS[runs]


if __name__ == "__main__":
    try:
        sys.path.insert(0, start())
    except Exception as error:  # noqa: BLE001 - whatever it is, the committed program is tried
        print("boot:", error)  # noqa: T201 - the serial line is where a person listens
    gc.collect()
    # collect before the free part falls below a quarter: fragmentation hurts more than the collections cost
    gc.threshold(gc.mem_free() // 4 + gc.mem_alloc())  # type: ignore[attr-defined]
