# SPDX-License-Identifier: Apache-2.0
"""Keep what was proved last, over restarts too: no older block is believed after it, nor another contract's code.

Two chains may have the same validators, and contracts at one address. The code has its chain's number in it, so the
first receipt's chain is the meter's until it is provisioned anew, which forgets the file.
"""

import json
import os
from binascii import hexlify, unhexlify

from ...world import NO_FILE
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
AGAIN_MS = 600_000  # after a receipt that proved nothing, or nothing fresh
AGAIN_BESIDE_OTHERS_MS = 3_600_000  # so that another relayer is asked first: each is once an hour
_MOST_FILE_BYTES = 128
_MOST_NUMBER = (1 << 48) - 1


class LastProof:
    """Number and time of the highest block proved, and when the next receipt is due."""

    def __init__(self, directory: str) -> None:
        self._path = f"{directory}/{FILE}"
        self.number = self.time_s = 0
        self.sealed = 0  # by so many validators; 0: two sources told the header
        self.code_hash = b""  # of the contract
        self.due_us = 0  # uptime
        self.why = ""  # the last receipt proved nothing
        self.is_known = False  # before that nothing is proved
        try:
            self.read()
        except OSError as error:
            self.why = f"what was proved last can't be read: {error}"

    def read(self) -> None:
        """Know again what was proved; raise OSError if the flash can't be read now."""
        try:
            with open(self._path) as file:
                number, time_s, code = json.loads(file.read(_MOST_FILE_BYTES))
            code_hash = unhexlify(code)
            if 0 <= number <= _MOST_NUMBER and 0 <= time_s <= LAST_S and len(code_hash) == 32:
                self.number, self.time_s, self.code_hash = number, time_s, code_hash
        except OSError as error:
            if error.errno not in NO_FILE:
                raise
        except (ValueError, TypeError):
            pass  # nothing was proved yet, or a power cut took it: the first proof sets it anew
        self.is_known = True

    def note(self, number: int, time_s: int, code_hash: bytes, sealed: int) -> None:
        """Keep a block; a flash that fails is no reason to stop."""
        self.number, self.time_s, self.code_hash, self.sealed = number, time_s, code_hash, sealed
        self.why = ""
        try:
            with open(self._path + ".new", "w") as file:
                json.dump([number, time_s, hexlify(code_hash).decode()], file)
            os.rename(self._path + ".new", self._path)  # a power cut leaves the old file or the new one
        except OSError:
            pass
