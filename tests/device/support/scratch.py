# SPDX-License-Identifier: Apache-2.0
"""Give a simulated meter a folder of its own, on both Pythons (tempfile is missing on MicroPython)."""

import os


def folder() -> str:
    """Make a new empty folder and return its path; making it is what tells that its name is free."""
    # the WebAssembly build has neither environment nor random numbers
    base = (hasattr(os, "getenv") and os.getenv("TMPDIR")) or "/tmp"
    os.listdir(base)
    number = 0
    while True:
        path = f"{base}/electro-meter-{number}"
        try:
            os.mkdir(path)
        except OSError:
            number += 1
            continue
        return path


def remove(path: str) -> None:
    """Remove a folder made here, with all that is in it."""
    for name in os.listdir(path):
        try:
            os.remove(path + "/" + name)
        except OSError:
            remove(path + "/" + name)
    os.rmdir(path)
