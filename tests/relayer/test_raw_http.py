# SPDX-License-Identifier: Apache-2.0
"""Whatever bytes come over a connection, in whatever pieces: answers below 500, in JSON, and no traceback in the log.

ELECTRO_SLOW=1 tries sixty times as many.
"""

import asyncio
import itertools
import json
import logging
import os
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

_seeds = itertools.count(401)
EXAMPLES = 15_000 if os.environ.get("ELECTRO_SLOW") else 250

VALID = "VALID"  # stands for a signed report in what is drawn
DEEP = b'{"messages":' * 3 + b"[" * 300 + b"]" * 300 + b"}" * 3
BODIES = st.one_of(
    st.just(VALID),
    st.binary(max_size=60),
    st.sampled_from([
        b"", b" ", b"{}\0", b"null", b"1", b"-0", b"tru", b'"\\ud800"', b'{"\\ud800":1}', b"\xff\xfe{}",
        b"\xef\xbb\xbf{}",
        DEEP, b"[" * 100_000, b'{"a":' * 250, b'{"a":' + b"9" * 5_000 + b"}", b'{"a":1e999999999}', b'{"a":-1e-9}',
        b'{"type":"EnergyReport","type":"OutageReport"}', b'{"messages":[' + b"{}," * 60 + b"{}]}",
        b'{"type":["EnergyReport"],"message":{},"signature":{}}', b'{"messages":[{"type":"\\u0000"}]}',
        b'{"messages":[NaN]}',
    ]),
)  # fmt: skip
POST = b"POST /v1/messages HTTP/1.1"
LAST = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
LINES = st.sampled_from([
    POST, POST, POST, POST, b"POST /v1/messages HTTP/1.0", b"PUT /v1/messages HTTP/1.1",
    b"GET /v1/meters/0x12 HTTP/1.1", b"GET /v1/meters/%00%ff%2e%2e HTTP/1.1",
    b"GET /v1/meters/0x12?ahead=%E2%82 HTTP/1.1",
    b"GET /v1/meters/0x" + b"7" * 40 + b"?ahead=-1&ahead=1 HTTP/1.1", b"GET /readyz?\xff HTTP/1.1",
    b"HEAD /healthz HTTP/1.1", b"OPTIONS * HTTP/1.1", b"GET http://[ HTTP/1.1", b"GET * HTTP/1.1",
    b"CONNECT a:1 HTTP/1.1", b"GET /healthz HTTP/9.9", b"GET  /healthz",
    b"GET /" + b"a" * 9_000 + b" HTTP/1.1", b"BREW /healthz HTTP/1.1",
    b"PRI * HTTP/2.0", b"\x16\x03\x01\x02\x00\x01\x00",
]) | st.binary(max_size=30)  # fmt: skip
HEADERS = st.lists(
    st.sampled_from([
        b"Host:", b"Expect: 100-continue", b"Expect: the unexpected", b"Upgrade: websocket",
        b"Connection: Upgrade", b"Connection: close", b"Content-Encoding: gzip", b"Transfer-Encoding: gzip",
        b"Content-Type: text/plain; charset=\xff", b"Content-Type: multipart/form-data", b"Accept: text/html",
        b"Content-Length: -1", b"Content-Length: 1, 2", b"Content-Length: 99999999999999999999", b"X: \0",
        b"X\x01: y", b"X: " + b"a" * 9_000, b": y", b" folded",
    ]) | st.binary(max_size=20),
    max_size=3,
)  # fmt: skip


def chunked(body, size, end=b"0\r\n\r\n"):
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + end


@st.composite
def requests(draw, report):
    """A POST of a report or of something else, with at most two things about it that are odd."""
    odd = draw(st.sets(st.sampled_from(["line", "headers", "framing", "body"]), max_size=2))
    body = draw(BODIES) if "body" in odd else VALID
    body = json.dumps(report).encode() if body is VALID else body
    line = draw(LINES) if "line" in odd else POST
    headers = [b"Host: x", *(draw(HEADERS) if "headers" in odd else [])]
    framing = (
        draw(st.sampled_from(["short", "long", "broken", "both", "none"])) if "framing" in odd else "right"
    )
    if framing in ("broken", "both") or (framing == "right" and draw(st.booleans())):
        headers = [*headers, b"Transfer-Encoding: chunked"]
        sent = chunked(
            body, draw(st.sampled_from([7, 4_096])), b"zz\r\n" if framing == "broken" else b"0\r\n\r\n"
        )
    else:
        sent = body
        length = len(body) + {"short": -2, "long": 5}.get(framing, 0)
        headers = [*headers, *([] if framing == "none" else [b"Content-Length: %d" % length])]
    if framing == "both":
        headers = [*headers, b"Content-Length: %d" % len(body)]
    return b"\r\n".join([line, *headers, b"", b""]) + sent


async def told_to(url, sent, cuts):
    """Send bytes in pieces; return everything that comes back until the relayer closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rsplit(":", 1)[1]))
    try:
        places = [0, *sorted(cut % (len(sent) + 1) for cut in cuts), len(sent)]
        for start, end in itertools.pairwise(places):
            writer.write(sent[start:end])
            await asyncio.sleep(0)
        return await reader.read()
    except ConnectionError:
        return b""  # it was closed while there was still something to send
    finally:
        writer.close()


def statuses(answer):
    """The statuses of what stands in an answer, each error of which must be the JSON that the document describes."""
    found = []
    while answer:
        head, mark, rest = answer.partition(b"\r\n\r\n")
        assert mark, answer
        status = int(re.match(rb"HTTP/\d\.\d (\d{3}) ", head)[1])
        if status == 100:
            answer = rest
            continue
        length = int(re.search(rb"(?i)\r\ncontent-length: (\d+)", head)[1])
        if rest and not rest.startswith(b"HTTP/"):  # else the answer to a HEAD
            content, rest = rest[:length], rest[length:]
            if status >= 400 and status != 417:  # aiohttp's own words about an unknown `Expect`
                assert json.loads(content)["error"]["status"] == status
        found.append(status)
        answer = rest
    return found


@pytest.fixture
async def told(shared_world, settings_for, relay):
    """A relayer that waits for nobody, and the lines of its log that tell of a fault."""
    shared_world.agree(1, seed=next(_seeds))
    hasty = {
        "body_timeout_s": 0.05,
        "head_timeout_s": 0.05,
        "idle_timeout_s": 0.05,
        "device_rate": 0,
        "drain_s": 0,
    }
    client = await relay(settings_for(shared_world, **hasty))
    faults = []

    class Faults(logging.Handler):
        def emit(self, record):
            faults.append(self.format(record))

    handler = Faults(logging.ERROR)
    logging.getLogger().addHandler(handler)
    yield client, faults
    logging.getLogger().removeHandler(handler)


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_no_bytes_get_a_5xx_or_a_traceback(shared_world, told, data):
    client, faults = told
    [meter] = shared_world.meters
    report = meter.report(data.draw(st.integers(0, 3)))
    sent = b"".join([*data.draw(st.lists(requests(report), min_size=1, max_size=4)), LAST])
    answer = await told_to(client.url, sent, data.draw(st.lists(st.integers(0, 1 << 20), max_size=6)))
    assert all(status < 500 for status in statuses(answer)), answer
    assert faults == []


async def test_requests_in_a_row_are_answered_in_that_order(shared_world, told):
    client, faults = told
    body = json.dumps(shared_world.meters[0].report(0)).encode()
    post = b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
    slow = b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(body, 1)
    answer = await told_to(
        client.url, b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n" + post + slow + LAST, [5, 70]
    )
    assert statuses(answer) == [404, 202, 202, 200]
    assert faults == []


async def test_who_asks_before_the_body_is_told_to_go_on_and_answered_like_anyone(shared_world, told):
    client, _ = told
    body = json.dumps(shared_world.meters[0].report(0)).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", int(client.url.rsplit(":", 1)[1]))
    head = (
        POST
        + b"\r\nHost: x\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
        % len(body)
    )
    writer.write(head)
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(body)
    assert statuses(await reader.read()) == [202]
    writer.close()
    await writer.wait_closed()
