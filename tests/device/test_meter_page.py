# SPDX-License-Identifier: Apache-2.0
"""The page against those who are slow on purpose, gone at once, or come in crowds: nobody is waited for long."""

import asyncio
import unittest

from electro_meter.life import page
from electro_meter.world import Board


class _Board(Board):
    def __init__(self):
        self.logged = []

    def log(self, sentence):
        self.logged.append(sentence)


class _Reader:
    """Gives pieces of a request; None: it never comes."""

    def __init__(self, *pieces):
        self._pieces = list(pieces)

    async def read(self, count):
        piece = self._pieces.pop(0) if self._pieces else b""
        if piece is None:
            await asyncio.sleep(1_000)
        if isinstance(piece, Exception):
            raise piece
        assert len(piece) <= count
        return piece


class _Writer:
    """Takes what is written; drains: False of somebody who never reads it."""

    def __init__(self, drains=True):
        self.said = b""
        self.closed = False
        self._drains = drains

    def write(self, octets):
        self.said += octets

    async def drain(self):
        if not self._drains:
            await asyncio.sleep(1_000)

    def close(self):
        pass

    async def wait_closed(self):
        self.closed = True


class _Server:
    def close(self):
        pass


GET = b"GET /status.json HTTP/1.1\r\nHost: 192.0.2.7\r\n\r\n"


class Page(unittest.TestCase):
    def setUp(self):
        if not hasattr(asyncio, "run"):
            raise unittest.SkipTest("the WebAssembly build has no event loop of its own")
        self.board = _Board()
        self.told = {
            "device": "0x12",
            "urms_mv": 230_149,
            "irms_ma": 12_345,
            "power_mw": 2_840_000,
            "register_wh": 12_007,
        }
        self.kept = page._told, page._REQUEST_S, asyncio.start_server
        page._told = lambda board, meter: self.told
        page._REQUEST_S = 0.05
        self.addCleanup(self.restore)

    def restore(self):
        page._told, page._REQUEST_S, asyncio.start_server = self.kept

    def meet(self, *visitors):
        """Let visitors come, each before the one before has gone; return their writers once all have."""

        async def run():
            takes = []

            async def start_server(take, host, port, backlog):
                takes.append(take)
                return _Server()

            asyncio.start_server = start_server
            serving = asyncio.create_task(page.serve(self.board, None, 80))
            while not takes:
                await asyncio.sleep(0)
            tasks = []
            for reader, writer in visitors:
                tasks.append(asyncio.create_task(takes[0](reader, writer)))
                await asyncio.sleep(0)
            for task in tasks:
                await asyncio.wait_for(task, 60)
            serving.cancel()

        asyncio.run(run())
        return [writer for _, writer in visitors]

    def ask(self, *pieces, drains=True):
        (writer,) = self.meet((_Reader(*pieces), _Writer(drains)))
        self.assertTrue(writer.closed)
        return writer.said

    def test_it_is_told_once_the_request_is_whole(self):
        self.assertIn(b'"device": "0x12"', self.ask(GET))
        self.assertIn(b'"device": "0x12"', self.ask(GET[:9], GET[9:30], GET[30:]))

    def test_whoever_sends_nothing_or_reads_nothing_is_left(self):
        self.assertEqual(self.ask(None), b"")
        self.assertEqual(self.ask(GET[:20], None), b"")
        self.ask(GET, drains=False)
        self.ask(GET.replace(b"status.json", b""), drains=False)
        self.assertEqual(self.board.logged, [])

    def test_who_comes_meanwhile_is_told_so_and_not_waited_for(self):
        slow = (_Reader(None), _Writer())
        crowd = [(_Reader(GET), _Writer(drains=False)) for _ in range(40)]
        writers = self.meet(slow, *crowd)
        self.assertEqual([writer.said[:12] for writer in writers[1:]], [b"HTTP/1.1 503"] * 40)
        self.assertTrue(all(writer.closed for writer in writers))
        self.assertIn(b"200 OK", self.ask(GET))  # and it answers again

    def test_whatever_fails_the_next_one_is_answered(self):
        for failing in (OSError("reset"), MemoryError(), ValueError()):
            self.assertEqual(self.ask(failing), b"")
            self.assertIn(b"200 OK", self.ask(GET))
        self.assertEqual(len(self.board.logged), 2)  # not of those who are gone

    def test_a_request_that_is_too_long_or_none_is_left(self):
        self.assertEqual(self.ask(*[b"GET / HTTP/1.1\r\nX: " + b"x" * 200] * 40), b"")
        for raw in (b"\r\n\r\n", b"\xff" * 200 + b"\r\n\r\n", b"GET\r\n\r\n", b"GET  \r\n\r\n"):
            self.assertEqual(self.ask(raw)[:12], b"HTTP/1.1 405")
        self.assertEqual(self.ask(b"GET / HTTP/1.1\r\n\r\n")[:12], b"HTTP/1.1 421")
        elsewhere = GET.replace(b"/status.json", b"/" + b"\xff" * 99)
        self.assertEqual(self.ask(elsewhere)[:12], b"HTTP/1.1 404")

    def test_what_others_said_stays_text(self):
        self.told.update({"why": '<script src="//evil.example">&', "sources": ["<b>"]})
        said = self.ask(GET.replace(b"status.json", b""))
        self.assertIn(b"<td>&lt;script", said)
        self.assertFalse(b"<script" in said or b"<b>" in said)

    def test_a_person_is_told_first_what_flows(self):
        said = self.ask(GET.replace(b"status.json", b""))
        self.assertIn(b"<p>230.1 V, 12.3", said)
        self.assertIn(b" A, 2.840 kW; register 12.007 kWh<table>", said)


if __name__ == "__main__":
    unittest.main()
