# SPDX-License-Identifier: Apache-2.0
"""Bundles in a folder, and whose signatures a release needs: a cut at any byte, and every wrong key."""

import builtins
import os
import unittest
from binascii import hexlify, unhexlify

import releases
import scratch

from electro_meter.updating import bundle
from electro_meter.updating.bundle import BundleError, Head
from electro_meter.updating.releases import Release, ReleaseError
from electro_meter.updating.state import State
from electro_protocol.curve import N

NOW_S = 1_900_000_000
FIRMWARE = (1, 25)


class PowerCutError(Exception):
    pass


class Flash:
    """Files of which the power is cut after so many bytes and changes; `modules` write through it."""

    def __init__(self, modules):
        self.left = 1 << 30
        self.modules = modules

    def __enter__(self):
        for module in self.modules:
            module.open = self.open  # before the built-in one
            if hasattr(module, "os"):
                module.os = self
        return self

    def __exit__(self, *_):
        for module in self.modules:
            module.open = builtins.open
            if hasattr(module, "os"):
                module.os = os

    def spend(self, count):
        self.left -= count
        if self.left < 0:
            raise PowerCutError

    def open(self, path, mode="r"):
        if "w" not in mode:
            return builtins.open(path, mode)
        self.spend(1)
        return _File(builtins.open(path, mode), self)

    def mkdir(self, path):
        self.spend(1)
        os.mkdir(path)

    def remove(self, path):
        self.spend(1)
        os.remove(path)

    def listdir(self, path):
        return os.listdir(path)

    def stat(self, path):
        return os.stat(path)


class _File:
    def __init__(self, file, flash):
        self._file = file
        self._flash = flash

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._file.close()

    def write(self, content):
        done = min(len(content), max(0, self._flash.left))
        self._file.write(content[:done])
        self._flash.spend(len(content))


def fill(folder, raw):
    """Fill a folder from a bundle as `fetching` and the serial line do, and close it."""
    head = Head(raw[: raw.find(b"\n\n") + 2])
    bundle.open_folder(folder)
    with bundle.open(folder + "/" + bundle.HEAD_FILE, "wb") as file:
        file.write(head.raw)
    with bundle.open(folder + "/" + bundle.LIST_FILE, "wb") as file:
        file.write(raw[len(head.raw) : len(head.raw) + head.list_bytes])
    for path, size, sha256, at in bundle.entries(folder, head):
        if not bundle.is_right(folder, path, size, sha256):
            bundle.make_folder(folder + "/" + path[: path.rfind("/")])
            with bundle.open(folder + "/" + path, "wb") as file:
                file.write(raw[at : at + size])
    bundle.close_folder(folder, head.manifest)


def is_whole(folder):
    try:
        os.stat(folder + "/" + bundle.MARK)
    except OSError:
        return False
    return True


class Folders(unittest.TestCase):
    def setUp(self):
        self.folder = scratch.folder()
        self.addCleanup(scratch.remove, self.folder)
        bundle.open = builtins.open
        self.addCleanup(delattr, bundle, "open")

    def path(self, name):
        return self.folder + "/" + name

    def test_a_bundle_becomes_a_whole_folder(self):
        raw, manifest = releases.bundle()
        fill(self.path("lib2"), raw)
        self.assertTrue(is_whole(self.path("lib2")))
        for path, content in releases.FILES.items():
            with open(self.path("lib2/" + path), "rb") as file:
                self.assertEqual(file.read(), content)
        self.assertEqual(bundle.head_of(self.path("lib2")).manifest, manifest)

    def test_what_an_earlier_program_left_is_taken_away(self):
        fill(self.path("lib2"), releases.bundle()[0])
        newer = dict(releases.FILES)
        del newer["electro_meter/life/app.mpy"]
        newer["electro_meter/life/other.mpy"] = b"o"
        with open(self.path("lib2/electro_meter/board.py"), "w") as file:
            file.write("raise SystemError")
        os.mkdir(self.path("lib2/electro_meter/a.b"))
        with open(self.path("lib2/electro_meter/notes"), "w") as file:
            file.write("a person's")
        fill(self.path("lib2"), releases.bundle(8, newer)[0])
        self.assertEqual(sorted(os.listdir(self.path("lib2/electro_meter/life"))), ["other.mpy"])
        self.assertEqual(sorted(os.listdir(self.path("lib2/electro_meter"))), ["a.b", "board.mpy", "life"])

    def test_a_cut_at_any_byte_leaves_a_folder_that_is_right_or_not_whole(self):
        old = releases.bundle()[0]
        new = releases.bundle(8, dict(releases.FILES, **{"electro_meter/a.mpy": b"x" * 90}))[0]
        folder = self.path("lib2")
        with Flash([bundle]) as flash:
            fill(folder, old)
            began = flash.left = 1 << 20
            fill(folder, new)
            most = began - flash.left
            for cut in range(0, most, 5):
                flash.left = 1 << 20
                if cut % 25 == 0:  # else it goes on from what the cut before left
                    fill(folder, old)
                flash.left = min(cut, 40) if cut % 10 else cut
                try:
                    fill(folder, new)
                except PowerCutError:
                    flash.left = 1 << 20
                    if is_whole(folder):  # not a byte was changed yet, or the last one was written
                        bundle.close_folder(folder, bundle.head_of(folder).manifest)
            flash.left = 1 << 20
            fill(folder, new)
        self.assertTrue(is_whole(folder))
        self.assertGreater(most, 600)

    def test_one_wrong_byte_anywhere_is_seen(self):
        raw, manifest = releases.bundle()
        for at in range(0, len(raw), 37):
            wrong = raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
            folder = self.path(f"lib{at}")
            with self.assertRaises(BundleError):
                fill(folder, wrong)
                if bundle.head_of(folder).manifest != manifest:
                    raise BundleError("another head has another manifest")

    def test_no_path_leads_out_of_the_folder(self):
        for path in (
            "../boot.mpy", "electro_meter/../../boot.mpy", "/electro_meter/a.mpy", "electro_meter//a.mpy", "boot.mpy",
            "electro_meter/a.py", "electro_meter/.a.mpy", "electro_meter/a b.mpy", "electro_meter/A.mpy", "other/a.mpy",
            "electro_meter/a/b/c/d.mpy", "electro_meter/" + "a" * 60 + ".mpy",
        ):  # fmt: skip
            with self.assertRaises(BundleError):
                fill(self.path("lib2"), releases.bundle(7, {path: b"x"})[0])

    def test_a_head_that_is_none_is_refused(self):
        raw, _ = releases.bundle()
        head = raw[: raw.find(b"\n\n") + 2].decode()
        for wrong in (
            "", "electro firmware 1\n\n", head[:-1], head.replace("firmware 1", "firmware 2"), head[:-1] + "more 1\n\n",
            head.replace("version 7", "version 0"), head.replace("version 7", "version 7\nversion 8"),
            head.replace("1.23", "1"), head.replace("contents ", "contents -"), head.replace("list ", "list x"),
            head.replace("chip", "chips"), head + "x", head[:-1] + "operator 0x12\n\n", head[:-1] + "é\n\n",
            head[:-1] + "consumer " + "9" * 500 + "\n\n",
        ):  # fmt: skip
            with self.subTest(wrong=wrong), self.assertRaises(BundleError):
                Head(wrong.encode())
                if "list x" in wrong:
                    raise BundleError("the list's hash is nobody's")


class Keys(unittest.TestCase):
    def setUp(self):
        self.raw, self.manifest = releases.bundle()
        self.state = State()
        self.state.operator = releases.address(releases.OPERATOR_KEY)
        self.state.consumer = releases.address(releases.CONSUMER_KEY)

    def take(self, untrusted, serial=False, now_s=NOW_S, domain=releases.DOMAIN):
        return Release(untrusted, domain, self.state, now_s, serial)

    def refused(self, untrusted, word, **how):
        try:
            self.take(untrusted, **how)
        except ReleaseError as error:
            self.assertIn(word, str(error))
        else:
            self.fail("it was taken")

    def test_both_signatures_make_an_offer(self):
        taken = self.take(releases.release(self.manifest))
        offer = taken.offer(Head(self.raw[: self.raw.find(b"\n\n") + 2]), "xtensawin", FIRMWARE)
        self.assertEqual((offer.version, offer.manifest), (7, self.manifest))
        self.assertEqual((offer.operator, offer.consumer), (self.state.operator, self.state.consumer))

    def test_one_signature_is_none(self):
        for missing in ("operator", "consumer"):
            one = releases.release(self.manifest, **{missing: None})
            self.refused(one, f"the {missing}'s release key has not signed")
            self.refused(one, f"the {missing}'s release key has not signed", serial=True)

    def test_signatures_of_others_swapped_or_twice_the_same_are_refused(self):
        stranger = b"\x33" * 32
        for wrong in (
            {"operator": stranger},
            {"consumer": stranger},
            {"operator": releases.CONSUMER_KEY, "consumer": releases.OPERATOR_KEY},
            {"consumer": releases.OPERATOR_KEY},
            {"operator": releases.CONSUMER_KEY},
        ):
            self.refused(releases.release(self.manifest, **wrong), "is of another key")

    def test_a_signature_for_something_else_is_refused(self):
        signed = releases.release(self.manifest)
        for changes in ({"version": 8}, {"deadline": 2_000_000_001}, {"manifest": "0x" + "12" * 32}):
            changed = {"release": dict(signed["release"]), "signatures": signed["signatures"]}
            changed["release"].update(changes)
            self.refused(changed, "is of another key, or for another release")
        elsewhere = releases.Domain(1, bytes(range(20))), releases.Domain(1337, bytes(20))
        for domain in elsewhere:
            self.refused(releases.release(self.manifest, domain=domain), "another key")

    def test_an_old_an_expired_and_a_refused_one_are_refused_before_any_signature(self):
        nobody = {"release": releases.release(self.manifest)["release"], "signatures": {}}
        self.state.version = 7
        self.refused(nobody, "is not above version 7")
        self.state.version = 6
        self.refused(nobody, "has passed", now_s=2_000_000_001)
        self.state.refused = self.manifest[:16] + bytes(48)
        self.refused(nobody, "failed here before")

    def test_a_signature_has_one_encoding(self):
        """As EIP-2 has it: else a release could be told as another one by whoever carries it."""
        for role in ("operator", "consumer"):
            signed = releases.release(self.manifest)
            raw = unhexlify(signed["signatures"][role][2:])
            s, v = int.from_bytes(raw[32:64], "big"), raw[64]
            for twin in (
                raw[:32] + (N - s).to_bytes(32, "big") + bytes([55 - v]),
                raw[:32] + (N - s).to_bytes(32, "big") + bytes([v]),
                raw[:64] + bytes([v - 27]), raw[:64] + bytes([v + 8]), raw + b"\0", raw[:64],
            ):  # fmt: skip
                changed = dict(
                    signed, signatures=dict(signed["signatures"], **{role: "0x" + hexlify(twin).decode()})
                )
                self.refused(changed, "signature is none")

    def test_a_high_s_or_half_a_signature_is_refused(self):
        for wrong in ("0x", "0x" + "11" * 64, "0x" + "ff" * 65, 5, None):
            signed = releases.release(self.manifest)
            signed["signatures"]["operator"] = wrong
            with self.assertRaises(ReleaseError):
                self.take(signed)

    def test_what_is_no_release_is_one_sentence(self):
        signed = releases.release(self.manifest)
        for wrong in (
            None,
            [],
            {},
            {"release": {}},
            {"release": signed["release"]},
            {"signatures": {}, "release": []},
        ):
            with self.assertRaises(ReleaseError):
                self.take(wrong)

    def test_without_two_pinned_keys_updates_are_serial_only(self):
        signed = releases.release(self.manifest)
        self.state.consumer = bytes(20)
        self.refused(signed, "over the serial line only")
        self.take(signed, serial=True)
        self.take(releases.release(self.manifest, consumer=None), serial=True)
        self.refused(releases.release(self.manifest, operator=None), "has not signed", serial=True)
        self.state.consumer = self.state.operator
        self.refused(signed, "over the serial line only")
        self.state.operator = self.state.consumer = bytes(20)
        self.take({"release": signed["release"], "signatures": {}}, serial=True)

    def test_both_can_change_a_key_and_never_to_one(self):
        newer = b"\x44" * 32
        raw, manifest = releases.bundle(more=releases.line("consumer", newer))
        head = Head(raw[: raw.find(b"\n\n") + 2])
        offer = self.take(releases.release(manifest)).offer(head, "xtensawin", FIRMWARE)
        self.assertEqual((offer.operator, offer.consumer), (self.state.operator, releases.address(newer)))
        raw, manifest = releases.bundle(more=releases.line("consumer", releases.OPERATOR_KEY))
        with self.assertRaises(ReleaseError):
            self.take(releases.release(manifest)).offer(
                Head(raw[: raw.find(b"\n\n") + 2]), "xtensawin", FIRMWARE
            )

    def test_another_bundle_chip_or_micropython_is_refused(self):
        taken = self.take(releases.release(self.manifest))
        head = Head(self.raw[: self.raw.find(b"\n\n") + 2])
        other = releases.bundle(7, {"electro_meter/a.mpy": b"a"})[0]
        for head_, chip, firmware in (
            (head, "rv32imc", FIRMWARE),
            (head, "xtensawin", (1, 22)),
            (Head(other[: other.find(b"\n\n") + 2]), "xtensawin", FIRMWARE),
        ):
            with self.assertRaises(ReleaseError):
                taken.offer(head_, chip, firmware)


if __name__ == "__main__":
    unittest.main()
