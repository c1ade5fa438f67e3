# SPDX-License-Identifier: Apache-2.0
"""Answers as peers send them, whole, in chunks, cut at any byte, and answers that are none."""

import asyncio
import unittest

from network_board import NetworkBoard

from electro_meter.uplink import http
from electro_meter.uplink.dns import Resolver
from electro_meter.uplink.errors import SourceError, UnreachableError
from electro_meter.uplink.http import USUAL_BYTES, Client, Peer, read_answer, split
from electro_meter.uplink.parsing import MOST_BYTES

LONG = b'{"kept": "' + b"x" * (USUAL_BYTES - 12) + b'"}'
OK = b"HTTP/1.1 200 OK\r\n"


class Reader:
    """The peer's bytes, at most so many at once."""

    def __init__(self, content, piece=1 << 20):
        self._content = content
        self._piece = piece

    async def read(self, count):
        count = min(count, self._piece)
        piece, self._content = self._content[:count], self._content[count:]
        return piece


def run(reading):
    try:
        reading.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waits")


def heard(raw, usual=None, piece=1 << 20):
    """Return what bytes read as."""
    return run(read_answer(Peer(Reader(raw, piece)), bytearray(USUAL_BYTES) if usual is None else usual))


def with_length(body, head=OK):
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


def in_chunks(body, size, head=OK, extension=b"", trailer=b""):
    raw = head + b"Transfer-Encoding: chunked\r\n\r\n"
    for at in range(0, len(body), size):
        piece = body[at : at + size]
        raw += b"%x" % len(piece) + extension + b"\r\n" + piece + b"\r\n"
    return raw + b"0\r\n" + trailer + b"\r\n"


class Answers(unittest.TestCase):
    def test_an_answer_is_read_whatever_pieces_it_comes_in(self):
        raw = with_length(b'{"chain_id": 5, "agreements": []}')
        for piece in (1, 2, 7, 1000):
            answer, keep = heard(raw, piece=piece)
            self.assertEqual((answer.status, keep), (200, True))
            self.assertEqual(answer.json(), {"chain_id": 5, "agreements": []})

    def test_an_answer_in_chunks_is_the_same_answer(self):
        for body in (b"[1]", LONG, b"[" + b"1, " * 5_000 + b"1]"):
            for size in (1, 3, 255, 256, 1000, 20_000):
                if len(body) // size < 3_000:
                    answer, keep = heard(in_chunks(body, size))
                    self.assertEqual((answer.octets(), keep), (body, True))

    def test_chunks_may_have_extensions_and_a_trailer(self):
        raw = in_chunks(b"[1, 2]", 2, extension=b" ; name=value", trailer=b"Expires: never\r\n")
        self.assertEqual(heard(raw)[0].json(), [1, 2])
        padded = OK + b"Transfer-Encoding: chunked\r\n\r\n00000006  \r\n[1, 2]\r\n0000\r\n\r\n"
        self.assertEqual(heard(padded)[0].json(), [1, 2])

    def test_nothing_of_the_answer_before_is_left(self):
        usual = bytearray(USUAL_BYTES)
        self.assertEqual(len(LONG), USUAL_BYTES)
        self.assertEqual(len(heard(with_length(LONG), usual=usual)[0].json()["kept"]), USUAL_BYTES - 12)
        self.assertEqual(heard(with_length(b"[1]"), usual=usual)[0].json(), [1])
        self.assertEqual(heard(in_chunks(b"[2]", 1), usual=usual)[0].json(), [2])

    def test_an_unusually_long_answer_is_read_too(self):
        content = b"[" + b"1, " * 5_000 + b"1]"
        self.assertEqual(sum(heard(with_length(content))[0].json()), 5_001)

    def test_an_answer_that_is_too_long_is_refused_before_it_is_read(self):
        for length in (MOST_BYTES + 1, 10**8, 10**9, 10**12):
            with self.assertRaises(SourceError):
                heard(OK + b"Content-Length: %d\r\n\r\n" % length)
        with self.assertRaises(SourceError):
            heard(in_chunks(b"x" * (MOST_BYTES + 1), 4096))
        with self.assertRaises(SourceError):
            heard(OK + b"Transfer-Encoding: chunked\r\n\r\nffffffff\r\n")

    def test_an_answer_cut_at_any_byte_is_none(self):
        for raw in (with_length(b'{"a": 1}'), in_chunks(b'{"a": 1}', 3, trailer=b"A: b\r\n")):
            for cut in range(len(raw)):
                with self.assertRaises(SourceError):
                    heard(raw[:cut])

    def test_a_line_without_end_is_not_read_on(self):
        for raw in (b"H" * 5_000, OK + b"A: " + b"x" * 5_000, OK + b"A: b\r\n" * 100 + b"\r\n"):
            with self.assertRaises(SourceError):
                heard(raw)

    def test_heads_that_contradict_themselves_are_refused(self):
        for lines in (
            b"Content-Length: 1\r\nContent-Length: 2\r\n", b"Content-Length: -1\r\n", b"Content-Length: 0x1\r\n",
            b"Content-Length: \xb2\r\n", b"Content-Length: 1,1\r\n", b"Content-Length:\r\n",
            b"Transfer-Encoding: gzip\r\n",
            b"Transfer-Encoding: gzip, chunked\r\n", b"Content-Encoding: gzip\r\nContent-Length: 2\r\n", b"",
        ):  # fmt: skip
            with self.assertRaises(SourceError):
                heard(OK + lines + b"\r\n{}")

    def test_chunks_that_are_none_are_refused(self):
        head = OK + b"Transfer-Encoding: chunked\r\n\r\n"
        for body in (
            b"\r\n",
            b"g\r\n",
            b"-1\r\n",
            b"2\r\n{}x\r\n0\r\n\r\n",
            b"00010000\r\n1\r\n0\r\n\r\n",
            b"0x1\r\n1\r\n",
        ):
            with self.assertRaises(SourceError):
                heard(head + body)

    def test_what_is_no_http_is_refused(self):
        for raw in (
            b"SSH-2.0\r\n", b"\r\n\r\n", b"HTTP/1.1\r\n\r\n", b"HTTP/1.1 20 OK\r\n\r\n", b"HTTP/1.1 2000 OK\r\n\r\n",
            b"HTTP/1.1 abc OK\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/2 200\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01",
        ):  # fmt: skip
            with self.assertRaises(SourceError):
                heard(raw)

    def test_the_head_says_how_it_goes_on(self):
        head = b"HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\nConnection: close\r\n"
        answer, keep = heard(with_length(b"{}", head))
        self.assertEqual((answer.status, answer.pause_s, keep), (429, 7, False))
        self.assertFalse(heard(with_length(b"{}", b"HTTP/1.0 200 OK\r\n"))[1])

    def test_nobody_is_left_alone_for_longer_than_an_hour(self):
        for value, pause_s in (
            (b"9999999999", 3600),
            (b"9" * 900, 60),
            (b"Sun, 06 Nov 1994 08:49:37 GMT", 60),
            (b"0", 0),
        ):
            head = b"HTTP/1.1 503 No\r\nRetry-After: " + value + b"\r\n"
            self.assertEqual(heard(with_length(b"{}", head))[0].pause_s, pause_s)

    def test_an_answer_has_its_date_unless_somebody_kept_it(self):
        date = OK + b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
        self.assertEqual(heard(with_length(b"{}", date))[0].date_s, 784_111_777)
        self.assertEqual(heard(with_length(b"{}", date + b"Age: 9\r\n"))[0].date_s, 0)


@unittest.skipUnless(hasattr(asyncio, "run"), "the WebAssembly build has no event loop of its own")
class Connections(unittest.TestCase):
    def client(self):
        board = NetworkBoard(".", 1_800_000_000)
        client = Client(board, Resolver(board, []))
        return board, client

    def test_a_connection_is_kept_for_the_same_peer(self):
        board, client = self.client()
        board.hosts["one"] = board.hosts["two"] = lambda method, path, body: (200, {"path": path})

        async def go():
            for url in ("http://one/a", "http://one/b", "http://two/a", "https://two/a", "https://two/b"):
                answer = await client.request("GET", url)
                self.assertEqual(answer.json(), {"path": url[-2:]})

        asyncio.run(go())
        self.assertEqual(client.connections, 3)
        self.assertEqual(
            board.names, [None, None, "two"]
        )  # a certificate must be the name's, not the address's

    def test_what_was_kept_and_closed_is_opened_again(self):
        board, client = self.client()
        board.hosts["one"] = lambda method, path, body: (200, {})

        async def go():
            await client.request("GET", "http://one/")
            writer = client._writer

            async def broken():
                raise OSError("reset by peer")

            writer.drain = broken
            await client.request("GET", "http://one/")

        asyncio.run(go())
        self.assertEqual(client.connections, 2)

    def silent_for(self, seconds):
        """Let a kept connection be silent for so long, and then for ever; return how many were made for an answer."""
        board, client = self.client()
        board.hosts["one"] = lambda method, path, body: (200, {})

        async def stall(count):
            await asyncio.sleep(60)

        async def go():
            await client.request("GET", "http://one/")
            board.renew_time(seconds)
            client._peer._reader.read = stall
            await client.request("GET", "http://one/")

        before = http.SILENT_TIMEOUT_S, http.TIMEOUT_S
        http.SILENT_TIMEOUT_S, http.TIMEOUT_S = 0.05, 2
        try:
            asyncio.run(go())
        finally:
            http.SILENT_TIMEOUT_S, http.TIMEOUT_S = before
        return client.connections

    def test_what_was_silent_for_long_and_leads_nowhere_is_made_anew(self):
        self.assertEqual(self.silent_for(61), 2)

    def test_what_was_used_just_now_has_all_the_time(self):
        with self.assertRaises(UnreachableError):
            self.silent_for(59)

    def test_a_peer_that_stalls_is_left(self):
        board, client = self.client()

        class Stalling:
            async def read(self, count):
                await asyncio.sleep(60)

        async def connect(address, port, name):
            reader, writer = Stalling(), Silent()
            return reader, writer

        class Silent:
            def write(self, raw):
                pass  # it goes nowhere

            async def drain(self):
                pass  # nor does this

            close = drain_sync = lambda self: None

            async def wait_closed(self):
                pass  # at once

        board.connect = connect
        before = http.TIMEOUT_S
        http.TIMEOUT_S = 0.05

        async def go():
            with self.assertRaises(UnreachableError):
                await client.request("GET", "http://one/")

        try:
            asyncio.run(go())
        finally:
            http.TIMEOUT_S = before


class Urls(unittest.TestCase):
    def test_a_url_is_taken_apart(self):
        self.assertEqual(split("http://relayer:8080/v1"), (False, "relayer", 8080, "/v1"))
        self.assertEqual(split("https://relayer"), (True, "relayer", 443, "/"))

    def test_what_is_no_url_is_refused(self):
        for wrong in (
            "relayer",
            "ftp://relayer",
            "http://",
            "http://relayer:port",
            "http://relayer:0",
            "http://r:99999",
        ):
            with self.assertRaises(SourceError):
                split(wrong)


if __name__ == "__main__":
    unittest.main()
