# SPDX-License-Identifier: Apache-2.0
"""When garbage is collected and what is let go: where memory is short, and where there is room for everything."""

import sys
import unittest

from electro_meter import heap


class Collector:
    """A heap of so many bytes, of which some are garbage."""

    def __init__(self, size):
        self.size = size
        self.free = self.size // 2
        self.collections = self.looks = 0
        self.limit = -1

    def mem_free(self):
        self.looks += 1
        return self.free

    def mem_alloc(self):
        return self.size - self.free

    def collect(self):
        self.collections += 1
        self.free = self.size // 2

    def threshold(self, limit=None):
        if limit is None:
            return self.limit
        self.limit = limit
        return None


class Flash:
    """Stand for os; nothing can be looked up, for this reason."""

    def __init__(self, errno):
        self._errno = errno

    def stat(self, path):
        raise OSError(self._errno, path)


class Heaps(unittest.TestCase):
    def setUp(self):
        self.before = heap.gc, heap.short, heap._half, heap._looks
        sys.modules["electro_meter.nothing"] = heap

    def tearDown(self):
        heap.gc, heap.short, heap._half, heap._looks = self.before
        sys.modules.pop("electro_meter.nothing", None)

    def use(self, size):
        heap.gc = collector = Collector(size)
        heap.short, heap._half, heap._looks = heap._is_short(), 0, 0
        return collector

    def test_only_code_that_no_file_has_is_frozen(self):
        """Else a flash that fails for a moment would have nothing let go of until the next start."""
        os, said = heap.os, []
        for errno in (2, 5):
            heap.os = Flash(errno)
            said.append(heap._is_frozen())
        heap.os = os
        self.assertEqual((said, heap._is_frozen()), ([True, False], False))

    def is_kept(self):
        heap.forget_modules(("electro_meter.nothing",))
        return "electro_meter.nothing" in sys.modules

    def test_where_memory_is_short_it_is_collected_often_and_code_is_let_go(self):
        collector = self.use(112_000)
        self.assertFalse(self.is_kept())
        heap.make_room()
        self.assertEqual(collector.collections, 1)
        before = heap.collect_every(4_096)
        self.assertEqual((before, collector.limit, collector.collections), (-1, 4_096, 2))
        heap.collect_as(before)
        self.assertEqual(collector.limit, -1)

    def test_with_psram_nothing_is_let_go_and_an_exchange_collects_nothing(self):
        collector = self.use(4_000_000)
        self.assertTrue(self.is_kept())
        heap.make_room()
        heap.collect_as(heap.collect_every(4_096))
        self.assertEqual((collector.collections, collector.limit), (0, -1))

    def test_between_two_stretches_it_is_collected_once_half_of_what_was_free_is_gone(self):
        for size, most in ((112_000, 1), (4_000_000, 8)):
            collector = self.use(size)
            for _ in range(16):
                heap.collect_when_due()
            self.assertEqual(collector.collections, 0)
            self.assertLessEqual(collector.looks, 16 // most + 2)  # with PSRAM a look takes long
            collector.free = size // 5
            for _ in range(most):
                heap.collect_when_due()
            self.assertEqual(collector.collections, 1)

    def test_a_python_that_counts_objects_is_left_alone(self):
        heap.gc = object()
        heap.short = heap._is_short()
        self.assertFalse(heap.short)
        self.assertTrue(self.is_kept())
        heap.make_room()
        heap.collect_when_due()


if __name__ == "__main__":
    unittest.main()
