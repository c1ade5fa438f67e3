# SPDX-License-Identifier: Apache-2.0
"""Provisioning, its power cut at every write to the flash, on littlefs itself: afterwards it is done, or never was."""

import json
import unittest
from binascii import hexlify

import littlefs
from littlefs import PLACE, PLENTY, Flash
from settings import entries

from electro_meter import provision
from electro_meter.updating.state import BLOB, unpack
from electro_meter.world import Board

NOW_S = 1_800_000_000
OLD_KEYS = {"operator": "0x" + "12" * 20, "consumer": "0x" + "34" * 20}
NEW_KEYS = {"operator": "0x" + "56" * 20, "consumer": None}
OLD_CERTIFICATE, NEW_CERTIFICATE = b"\x30\x03\x02\x01\x01" * 150, b"\x30\x03\x02\x01\x02" * 170


class ChipBoard(Board):
    directory = PLACE

    def __init__(self, flash):
        self.flash = flash

    def entropy(self, count):
        return b"\x01" * count

    def load_key(self):
        return self.flash.blobs.get("key")

    def store_key(self, private_key):
        self.flash.store("key", private_key)

    def load_blob(self, name):
        return self.flash.blobs.get(name)

    def store_blob(self, name, content):
        self.flash.store(name, content)

    def log(self, sentence):
        pass


class _Signed:
    def to_json(self):
        return {}


class _Signer:
    """Saves a test the arithmetic, which is over before the first write."""

    def __init__(self, private_key, domain, log):
        self.address = private_key[:20]

    def sign(self, message):
        return _Signed()


def request(url, certificate, keys):
    return entries(
        host_entropy="0x" + "22" * 32,
        unix_s=NOW_S,
        relayers=[url],
        certificate="0x" + hexlify(certificate).decode(),
        release_keys=keys,
    )


OLD = request("https://old.example", OLD_CERTIFICATE, OLD_KEYS)
NEW = request("https://new.example", NEW_CERTIFICATE, NEW_KEYS)


class Cuts(unittest.TestCase):
    def setUp(self):
        if not littlefs.THERE:
            raise unittest.SkipTest("littlefs is MicroPython's")
        self.flash = Flash(32)
        self.addCleanup(self.flash.close)
        self.board = ChipBoard(self.flash)
        real = provision.Signer
        provision.Signer = _Signer
        self.addCleanup(setattr, provision, "Signer", real)

    def found(self):
        """Return what a provisioning leaves: settings, certificate, release keys, and the other files."""
        files = littlefs.files()
        settings = json.loads(files.pop("config.json", b"{}"))
        state = unpack(self.flash.blobs.get(BLOB))
        return (
            settings.get("relayers"),
            files.pop("ca.der", None),
            state.operator,
            state.consumer,
            sorted(files),
        )

    def cut_everywhere(self, act):
        """Cut an act at each write, and the start after it, as `main` does it, too; return what is found then."""
        before = self.flash.image()
        outcomes = []
        for cut in range(PLENTY):
            self.flash.boot(before)
            done = self.flash.run(act, cut)
            after = self.flash.image()
            for second in (0, 3, 9, PLENTY):
                self.flash.boot(after)
                if not self.flash.run(lambda: provision.finish(self.board), second):
                    self.flash.boot()
                    provision.finish(self.board)
                outcomes.append(self.found()[:4])
            if done:
                break
        self.assertTrue(cut > 8, cut)
        return outcomes

    def test_a_first_provisioning_is_done_or_never_was(self):
        none = self.found()[:4]
        outcomes = self.cut_everywhere(lambda: provision.provision(self.board, OLD))
        done = self.found()
        self.assertEqual(done[:2], (["https://old.example"], OLD_CERTIFICATE))
        self.assertEqual((done[2], done[3], done[4]), (b"\x12" * 20, b"\x34" * 20, []))
        self.assertEqual([one for one in outcomes if one not in (none, done[:4])], [])

    def test_a_second_one_is_done_or_leaves_the_first(self):
        provision.provision(self.board, OLD)
        old = self.found()
        outcomes = self.cut_everywhere(lambda: provision.provision(self.board, NEW))
        new = self.found()
        self.assertEqual(new, (["https://new.example"], NEW_CERTIFICATE, b"\x56" * 20, bytes(20), []))
        self.assertEqual([one for one in outcomes if one not in (old[:4], new[:4])], [])
        self.assertTrue(old[:4] in outcomes and new[:4] in outcomes)

    def test_another_network_is_there_or_the_one_before(self):
        provision.provision(self.board, OLD)

        def network():
            return json.loads(littlefs.files()["config.json"])["wifi_ssid"]

        before = self.flash.image()
        found = []
        for cut in range(PLENTY):
            self.flash.boot(before)
            done = self.flash.run(lambda: provision.change(self.board, {"wifi_ssid": "hall"}), cut)
            self.flash.boot()
            found.append(network())
            if done:
                break
        self.assertEqual(found, sorted(found, reverse=True))  # the new one from some write on
        self.assertEqual((found[0], found[-1]), ("plant", "hall"))

    def test_what_a_failing_flash_left_of_it_ends_no_start(self):
        for content in (b"", b"null", b"[5]", b'{"entries": ', b"\xff" * 99):
            with open(PLACE + "/" + provision.COMMITTED, "wb") as file:
                file.write(content)
            provision.finish(self.board)
            self.assertEqual(self.found()[4], [])


if __name__ == "__main__":
    unittest.main()
