# SPDX-License-Identifier: Apache-2.0
"""Keep what was proved last, over restarts too: no older block is believed after it."""

import json
import os

from ..sources import LAST_S

FILE = "proved.json"
# What only a proof needs: some 15 KB, loaded for it and let go.
MODULES = (
    "electro_meter.uplink.proof.proving",
    "electro_protocol.receipt",
    "electro_protocol.seals",
    "electro_protocol._combine32",
    "electro_protocol._combine_plain",
    "electro_protocol.storage",
    "electro_protocol.trie",
    "electro_protocol.header",
    "electro_protocol.rlp",
)
PROVE_MS = 3_000_000  # so that what is proved is not yet an hour old when it is proved anew
AGAIN_MS = 600_000  # after a receipt that proved nothing
_MOST_FILE_BYTES = 64
_MOST_NUMBER = (1 << 48) - 1


class LastProof:
    """Number and time of the highest block proved, and when the next receipt is due."""

    def __init__(self, directory: str) -> None:
        self._path = f"{directory}/{FILE}"
        self.number = self.time_s = 0
        self.sealed = 0  # by so many validators; 0: two sources told the header
        self.due_us = 0  # uptime
        self.why = ""  # the last receipt proved nothing
        try:
            with open(self._path) as file:
                number, time_s = json.loads(file.read(_MOST_FILE_BYTES))
            if 0 <= number <= _MOST_NUMBER and 0 <= time_s <= LAST_S:
                self.number, self.time_s = number, time_s
        except (OSError, ValueError, TypeError):
            pass  # nothing was proved yet, or a power cut took it: the first proof sets it anew

    def note(self, number: int, time_s: int, sealed: int) -> None:
        """Keep a block; a flash that fails is no reason to stop."""
        self.number, self.time_s, self.sealed = number, time_s, sealed
        self.why = ""
        try:
            with open(self._path + ".new", "w") as file:
                json.dump([number, time_s], file)
            os.rename(self._path + ".new", self._path)  # a power cut leaves the old file or the new one
        except OSError:
            pass
