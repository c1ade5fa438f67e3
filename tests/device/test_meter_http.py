# SPDX-License-Identifier: Apache-2.0
"""Answers as a relayer sends them, long and short, and answers that are none."""

import unittest

from electro_meter.http import (
    MOST_BYTES,
    USUAL_BYTES,
    BadAnswerError,
    UnreachableError,
    _answer,
    split,
)

LONG = b'{"kept": "' + b"x" * (USUAL_BYTES - 12) + b'"}'


class Reader:
    """The peer's bytes."""

    def __init__(self, content):
        self._content = content

    async def readline(self):
        line, end, self._content = self._content.partition(b"\n")
        return line + end

    async def readexactly(self, count):
        piece, self._content = self._content[:count], self._content[count:]
        if len(piece) < count:
            raise EOFError
        return piece


def heard(body, head=b"HTTP/1.1 200 OK\r\n", length=None, usual=None):
    """Return what an answer reads as."""
    head += b"Content-Length: " + str(len(body) if length is None else length).encode() + b"\r\n\r\n"
    reading = _answer(Reader(head + body), bytearray(USUAL_BYTES) if usual is None else usual)
    try:
        reading.send(None)
    except StopIteration as done:
        return done.value
    raise AssertionError("it waits")


class Answers(unittest.TestCase):
    def test_an_answer_is_read(self):
        answer, keep = heard(b'{"chain_id": 5, "agreements": []}')
        self.assertEqual((answer.status, keep), (200, True))
        self.assertEqual(answer.untrusted, {"chain_id": 5, "agreements": []})

    def test_nothing_of_the_answer_before_is_left(self):
        usual = bytearray(USUAL_BYTES)
        self.assertEqual(len(LONG), USUAL_BYTES)
        self.assertEqual(len(heard(LONG, usual=usual)[0].untrusted["kept"]), USUAL_BYTES - 12)
        self.assertEqual(heard(b"[1]", usual=usual)[0].untrusted, [1])

    def test_an_unusually_long_answer_is_read_too(self):
        content = b"[" + b"1, " * 5_000 + b"1]"
        self.assertEqual(sum(heard(content)[0].untrusted), 5_001)

    def test_an_answer_that_is_too_long_is_refused(self):
        with self.assertRaises(BadAnswerError):
            heard(b"", length=MOST_BYTES + 1)

    def test_an_answer_that_is_cut_off_is_none(self):
        with self.assertRaises(EOFError):
            heard(b'{"chain_id"', length=40)

    def test_what_is_no_json_is_refused(self):
        for wrong in (b"", b"<html>", b'{"a": 1} {}'):
            with self.assertRaises(BadAnswerError):
                heard(wrong)

    def test_what_is_no_http_is_refused(self):
        with self.assertRaises(UnreachableError):
            heard(b"{}", head=b"SSH-2.0\r\n")

    def test_the_head_says_how_it_goes_on(self):
        head = b"HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\nConnection: close\r\n"
        answer, keep = heard(b"{}", head=head)
        self.assertEqual((answer.status, answer.retry_after_s, keep), (429, 7, False))


class Urls(unittest.TestCase):
    def test_a_url_is_taken_apart(self):
        self.assertEqual(split("http://relayer:8080/v1"), (False, "relayer", 8080, "/v1"))
        self.assertEqual(split("https://relayer"), (True, "relayer", 443, "/"))

    def test_what_is_no_url_is_refused(self):
        for wrong in ("relayer", "ftp://relayer", "http://", "http://relayer:port"):
            with self.assertRaises(BadAnswerError):
                split(wrong)
