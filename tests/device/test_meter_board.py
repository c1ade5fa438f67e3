# SPDX-License-Identifier: Apache-2.0
"""The chip's own storage: what is not there is nothing, what can't be read now is an error."""

import sys
import unittest

import chip_board

NOT_FOUND, NOT_INITIALISED = -4354, -4353  # what the chip's NVS says, ESP_ERR_NVS_…


class Storage:
    """Stand for esp32.NVS; a number in place of a blob is the error of reading it."""

    def __init__(self, blobs):
        self._blobs = blobs

    def get_blob(self, name, buffer):
        blob = self._blobs.get(name, NOT_FOUND)
        if isinstance(blob, int):
            raise OSError(blob, "ESP_ERR_NVS")
        buffer[: len(blob)] = blob
        return len(blob)


@unittest.skipIf(sys.platform == "webassembly", "it has no sockets, which a chip's board imports")
class TheChipsStorage(unittest.TestCase):
    def board(self, blobs):
        board = chip_board.make(None)
        board._nvs = Storage(blobs)
        return board

    def test_what_was_stored_is_read(self):
        board = self.board({"key": b"\x07" * 32, "calibration": b"abc"})
        self.assertEqual((board.load_key(), board.load_blob("calibration")), (b"\x07" * 32, b"abc"))

    def test_what_never_was_is_none(self):
        board = self.board({})
        self.assertEqual((board.load_key(), board.load_blob("calibration")), (None, None))

    def test_what_can_not_be_read_now_is_not_taken_for_none(self):
        """Else a meter would measure without its calibration, and be given another key."""
        board = self.board({"key": NOT_INITIALISED, "calibration": NOT_INITIALISED})
        with self.assertRaises(OSError):
            board.load_key()
        with self.assertRaises(OSError):
            board.load_blob("calibration")
