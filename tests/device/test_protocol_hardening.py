# SPDX-License-Identifier: Apache-2.0
"""Blinding that changes nothing but the way, faults that release nothing, a workspace left clean."""

import unittest

from electro_protocol import comb
from electro_protocol.comb import FaultError
from electro_protocol.secp256k1 import N, sign

KEY = bytes(range(1, 33))
DIGEST = bytes(range(32))


class Faulty:
    """An engine whose sum goes wrong in one step."""

    def __init__(self, engine, fault):
        self.engine = engine
        self.fault = fault
        self.STEPS = engine.STEPS

    def inverse(self, number, modulus):
        return self.engine.inverse(number, modulus) + (self.fault == "inverse" and modulus == N)

    def start(self, x, y):
        return self.engine.start(x, y)

    def Sum(self):  # noqa: N802 - it stands for a class
        return FaultySum(self.engine.Sum(), self.fault)


class FaultySum:
    def __init__(self, total, fault):
        self.total = total
        self.fault = fault
        self.added = 0

    def __getattr__(self, name):
        return getattr(self.total, name)

    def add(self, digits, turned, column):
        self.added += 1
        if self.fault == "skip" and self.added == 3:
            return
        if self.fault == "digit" and self.added == 5:
            digits = bytes([digit ^ 255 for digit in digits])
        if self.fault == "repeat" and column == 2:
            self.total.add(digits, turned, column)
        self.total.add(digits, turned, column)

    def end(self):
        x, y, seven = self.total.end()
        self.steps = self.total.steps - (self.fault == "count")
        return (x ^ 4, y, seven ^ 4) if self.fault == "end" else (x, y, seven)


class Blinding(unittest.TestCase):
    def test_the_signature_does_not_depend_on_the_blinding(self):
        expected = sign(DIGEST, KEY)
        starts = set()
        for _ in range(6):
            starts.add(comb._start[0])
            self.assertEqual(sign(DIGEST, KEY), expected)
        self.assertEqual(len(starts), 6)

    def test_without_entropy_the_signature_is_the_same(self):
        expected = sign(DIGEST, KEY)
        urandom = comb.urandom
        comb.urandom = None
        comb._start = ()
        try:
            self.assertEqual(sign(DIGEST, KEY), expected)
        finally:
            comb.urandom = urandom
            comb._start = ()

    def test_the_start_is_b_times_g(self):
        sign(DIGEST, KEY)
        b, opposite, point = comb._start
        self.assertEqual(b + opposite, comb.N)
        total = comb.engine.Sum()
        total.begin(point, 1)
        x, y, seven = total.end()
        comb._start = ()
        self.assertEqual(((x, y), seven), (comb.times_base(b), 7))


class Faults(unittest.TestCase):
    def setUp(self):
        sign(DIGEST, KEY)
        self.engine = comb.engine

    def tearDown(self):
        comb.engine = self.engine
        comb._start = ()

    def test_a_fault_releases_no_signature(self):
        for fault in ("end", "inverse", "skip", "repeat", "digit", "count"):
            comb.engine = Faulty(self.engine, fault)
            with self.assertRaises(FaultError):
                sign(DIGEST, KEY)

    def test_a_start_that_changed_releases_no_signature(self):
        b, opposite, point = comb._start
        for changed in ((b ^ 4, opposite, point), (b, opposite ^ 4, point)):
            comb._start = changed
            with self.assertRaises(FaultError):
                sign(DIGEST, KEY)
            sign(DIGEST, KEY)
            b, opposite, point = comb._start

    def test_the_next_signature_is_right_again(self):
        expected = sign(DIGEST, KEY)
        comb.engine = Faulty(self.engine, "skip")
        with self.assertRaises(FaultError):
            sign(DIGEST, KEY)
        comb.engine = self.engine
        self.assertEqual(sign(DIGEST, KEY), expected)

    def test_a_fault_names_no_secret(self):
        comb.engine = Faulty(self.engine, "end")
        try:
            sign(DIGEST, KEY)
        except FaultError as error:
            self.assertTrue(all(not "0" <= c <= "9" for c in str(error)))


class Wiping(unittest.TestCase):
    def test_the_workspace_is_clear_after_a_signature(self):
        if not comb.engine.__name__.endswith("_fast"):
            return
        sign(DIGEST, KEY)
        workspace = comb.engine.workspace
        self.assertEqual(set(workspace[: 20 * comb.engine.BETA]), {0})


if __name__ == "__main__":
    unittest.main()
