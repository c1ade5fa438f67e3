# SPDX-License-Identifier: Apache-2.0
"""Cut the power at any byte of what a step writes into a folder, and have files that are there not be readable now.

A step appends to a file, makes one, renames one or removes one. What it did is seen from the outside, by comparing the
folder before and after; every state between, in which the flash can be left, is put together from that. Runs on both
Pythons.
"""

import os


def unreadable(*_):
    """Stand for whatever reads from the chip's storage while that can't be read."""
    raise OSError(5, "unreadable")


class Nameless:
    """In place of `os`: names of files can't be read."""

    stat, remove = os.stat, os.remove

    @staticmethod
    def listdir(path):
        unreadable()


class Unreadable:
    """While this lasts a file can't be read, and what was in it is there again after that."""

    def __init__(self, path):
        self._path = path

    def __enter__(self):
        os.rename(self._path, self._path + ".aside")
        os.mkdir(self._path)  # opening it fails, and not because it is not there

    def __exit__(self, *_):
        os.rmdir(self._path)
        os.rename(self._path + ".aside", self._path)


def content(folder):
    """Return the files of a folder by their names."""
    found = {}
    for name in os.listdir(folder):
        with open(f"{folder}/{name}", "rb") as file:
            found[name] = file.read()
    return found


def restore(folder, files):
    """Make the folder hold these files and no others, writing only what differs."""
    present = content(folder)
    for name in present:
        if name not in files:
            os.remove(f"{folder}/{name}")
    for name, raw in files.items():
        if present.get(name) != raw:
            with open(f"{folder}/{name}", "wb") as file:
                file.write(raw)


def cuts(before, after, tails=(b"",)):
    """Return every state between two contents of a folder in which a power cut can leave it.

    What grew is cut after each of its bytes, first with each of the tails behind it (what a torn page may hold), for
    each order in which the file system may carry out growth and removal.
    """
    removed = [name for name in before if name not in after]
    removed.sort()
    grown = [name for name in after if after[name] != before.get(name, b"")]
    made = [name for name in after if name not in before and not after[name]]
    assert len(grown) + len(made) <= 1, "a step writes one file"
    states = []
    for gone in range(len(removed) + 1):
        base = {name: raw for name, raw in before.items() if name not in removed[:gone]}
        states.append(base)
        for name in grown:
            old = before.get(name, b"")
            assert after[name][: len(old)] == old, "a step only appends"
            for size in range(len(old), len(after[name]) + 1):
                for tail in tails:
                    state = dict(base)
                    room = len(after[name]) - size
                    state[name] = after[name][:size] + tail[:room]
                    states.append(state)
    return states
