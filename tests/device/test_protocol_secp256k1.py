# SPDX-License-Identifier: Apache-2.0
"""Signing and recovering against OpenSSL and libsecp256k1, at the edges, and what recover refuses."""

import hashlib
import json
import unittest
from binascii import hexlify, unhexlify

from electro_protocol import secp256k1
from electro_protocol.comb import inverse
from electro_protocol.curve import P
from electro_protocol.secp256k1 import N, SignatureError, compact, public_key, recover, sign, verify

VECTORS = (__file__.rpartition("/")[0] or ".") + "/vectors/"
KEY = bytes(31) + b"\x07"
DIGEST = bytes(range(32))


def rows():
    with open(VECTORS + "signatures.json") as file:
        for row in json.load(file):
            yield [unhexlify(row[name][2:]) for name in ("privateKey", "publicKey", "digest", "signature")]


def word(value):
    return value.to_bytes(32, "big")


class Signing(unittest.TestCase):
    def test_signs_as_openssl_and_libsecp256k1_do(self):
        for private_key, _, digest, signature in rows():
            self.assertEqual(sign(digest, private_key), signature, hexlify(private_key + digest))

    def test_a_published_rfc_6979_signature(self):
        # key 1, SHA-256 of "Satoshi Nakamoto": the vector that trezor-crypto and haskoin share
        digest = unhexlify("a0dc65ffca799873cbea0ac274015b9526505daaaed385155425f7337704883e")
        self.assertEqual(
            hexlify(sign(digest, word(1))[:64]).decode(),
            "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8"
            "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5",
        )

    def test_the_same_message_gives_the_same_signature(self):
        self.assertEqual(sign(DIGEST, KEY), sign(DIGEST, KEY))

    def test_s_is_low_and_v_is_27_or_28(self):
        for i in range(16):
            signature = sign(bytes([i]) * 32, KEY)
            self.assertTrue(int.from_bytes(signature[32:64], "big") <= N >> 1)
            self.assertIn(signature[64], (27, 28))

    def test_keys_outside_the_group_are_refused(self):
        for key in (bytes(32), word(N), b"\xff" * 32, bytes(31), bytes(33)):
            with self.assertRaises(ValueError):
                sign(DIGEST, key)
            with self.assertRaises(ValueError):
                public_key(key)

    def test_a_refusal_never_shows_the_key(self):
        for key in (word(N + 123456), bytes(range(1, 32))):
            try:
                sign(DIGEST, key)
            except ValueError as error:
                self.assertEqual(str(error).find(hexlify(key).decode()[-16:]), -1)
                self.assertEqual(str(error).find(str(int.from_bytes(key, "big"))), -1)

    def test_a_digest_has_32_bytes(self):
        for digest in (b"", bytes(31), bytes(33)):
            with self.assertRaises(ValueError):
                sign(digest, KEY)
            with self.assertRaises(ValueError):
                recover(digest, bytes(65))


def hmac(key, data):
    inner = hashlib.sha256(bytes([byte ^ 0x36 for byte in key]) + b"\x36" * 32 + data).digest()
    return hashlib.sha256(bytes([byte ^ 0x5C for byte in key]) + b"\x5c" * 32 + inner).digest()


class Nonces(unittest.TestCase):
    def test_a_refused_nonce_is_followed_by_the_next_of_rfc_6979(self):
        key, value = bytes(32), b"\x01" * 32
        for step in (b"\x00", b"\x01"):
            key = hmac(key, value + step + KEY + DIGEST)
            value = hmac(key, value)
        for refused in range(4):
            value = hmac(key, value)
            self.assertEqual(secp256k1._nonce(DIGEST, KEY, refused), value)
            key = hmac(key, value + b"\x00")
            value = hmac(key, value)

    def test_a_signature_that_is_refused_is_made_with_the_next_nonce(self):
        made, nonces = secp256k1._sign, []

        def refuse_two(digest, private_key, k):
            nonces.append(k)
            return made(digest, private_key, k) if len(nonces) == 3 else b""

        secp256k1._sign = refuse_two
        try:
            signature = sign(DIGEST, KEY)
        finally:
            secp256k1._sign = made
        expected = [int.from_bytes(secp256k1._nonce(DIGEST, KEY, refused), "big") for refused in range(3)]
        self.assertEqual(nonces, expected)
        self.assertEqual(recover(DIGEST, signature), public_key(KEY))


class Inverses(unittest.TestCase):
    def test_a_number_times_its_inverse_is_one(self):
        numbers = [1, 2, 3, 8191, 8192, 16384, (1 << 26) - 1, 1 << 128, N >> 1, N - 1, N - 2]
        for i in range(60):
            numbers.append(int.from_bytes(sign(bytes([i]) * 32, KEY)[:32], "big"))
        for modulus in (P, N):
            for number in numbers:
                self.assertEqual(inverse(number, modulus) * number % modulus, 1, number)


class PublicKeys(unittest.TestCase):
    def test_public_keys_are_libsecp256k1s(self):
        seen = set()
        for private_key, public, _, _ in rows():
            if private_key not in seen:
                self.assertEqual(public_key(private_key), public)
            seen.add(private_key)


class Recovering(unittest.TestCase):
    def test_recovers_the_key_that_signed(self):
        for _, public, digest, signature in rows():
            self.assertEqual(recover(digest, signature), public)

    def test_another_digest_recovers_another_key(self):
        signature = sign(DIGEST, KEY)
        self.assertNotEqual(recover(bytes(32), signature), public_key(KEY))

    def test_the_high_s_twin_is_refused(self):
        signature = sign(DIGEST, KEY)
        twin = (
            signature[:32] + word(N - int.from_bytes(signature[32:64], "big")) + bytes([55 - signature[64]])
        )
        with self.assertRaises(SignatureError):
            recover(DIGEST, twin)

    def test_values_out_of_range_are_refused(self):
        signature = sign(DIGEST, KEY)
        r, s, v = signature[:32], signature[32:64], signature[64:]
        wrong = (
            bytes(32) + s + v,
            word(N) + s + v,
            b"\xff" * 32 + s + v,
            r + bytes(32) + v,
            r + word(N) + v,
            r + s + b"\x00",
            r + s + b"\x01",
            r + s + b"\x1d",
            r + s + b"\x25",
            signature[:64],
            signature + b"\x00",
            b"",
        )
        for refused in wrong:
            with self.assertRaises(SignatureError):
                recover(DIGEST, refused)

    def test_an_r_on_no_point_is_refused(self):
        with self.assertRaises(SignatureError):
            recover(DIGEST, word(5) + word(1) + b"\x1b")  # 5³ + 7 is no square modulo p

    def test_a_signature_of_infinity_is_refused(self):
        # with R = G, s = 1 and z = 1 the key would be (s·R - z·G) / r = 0
        generator_x = public_key(word(1))[:32]
        v = 27 + (public_key(word(1))[63] & 1)
        with self.assertRaises(SignatureError):
            recover(word(1), generator_x + word(1) + bytes([v]))


class Compact(unittest.TestCase):
    def test_verify_answers_for_lengths_that_nothing_has(self):
        signature, public = sign(DIGEST, KEY), public_key(KEY)
        self.assertTrue(verify(DIGEST, signature, public))
        for digest in (b"", DIGEST[:31], DIGEST + b"\x00"):
            self.assertFalse(verify(digest, signature, public))
            with self.assertRaises(SignatureError):
                recover(digest, signature)
        self.assertFalse(verify(DIGEST, signature[:64], public))
        self.assertFalse(verify(DIGEST, signature, public[:63]))

    def test_the_vectors_of_eip_2098(self):
        # both examples of EIP-2098
        r1 = "68a020a209d3d56c46f38cc50a33f704f4a9a10a59377f8dd762ac66910e9b90"
        s1 = "7e865ad05c4035ab5792787d4a0297a43617ae897930a6fe4d822b8faea52064"
        r2 = "9328da16089fcba9bececa81663203989f2df5fe1faa6291a45381c81bd17f76"
        s2 = "139c6d6b623b42da56557e5e734a43dc83345ddfadec52cbe24d0cc64f550793"
        vs2 = "939c6d6b623b42da56557e5e734a43dc83345ddfadec52cbe24d0cc64f550793"
        cases = ((r1 + s1 + "1b", r1 + s1), (r2 + s2 + "1c", r2 + vs2))
        for long, short in cases:
            self.assertEqual(hexlify(compact(unhexlify(long))).decode(), short)

    def test_what_has_no_compact_form_is_refused(self):
        signature = sign(DIGEST, KEY)
        for wrong in (signature[:64], signature[:64] + b"\x00", signature[:32] + b"\x80" + signature[33:]):
            with self.assertRaises(SignatureError):
                compact(wrong)


if __name__ == "__main__":
    unittest.main()
