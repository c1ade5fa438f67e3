# SPDX-License-Identifier: Apache-2.0
"""Give a simulated meter a folder of its own, on both Pythons (tempfile is missing on MicroPython)."""

import os


def folder() -> str:
    """Make a new empty folder and return its path."""
    base = os.getenv("TMPDIR") or "/tmp"  # noqa: S108 - a name is taken only if it is new
    try:
        os.listdir(base)
    except OSError:
        base = "."
    while True:
        path = base + "/electro-meter-" + "".join([f"{octet:02x}" for octet in os.urandom(6)])
        try:
            os.mkdir(path)
        except OSError:
            continue
        return path


def remove(path: str) -> None:
    """Remove a folder made here, with its files."""
    for name in os.listdir(path):
        os.remove(path + "/" + name)
    os.rmdir(path)
