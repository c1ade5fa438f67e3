# SPDX-License-Identifier: Apache-2.0
"""Who connects keeps nobody else out; what is for operators is on a listener of its own; breaking off is no fault."""

import asyncio
import contextlib
import json
import logging
import resource
import signal
from collections import Counter

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from electro_relayer import errors, serve
from electro_relayer.http import listening, places
from electro_relayer.logs import TextLines
from electro_relayer.settings import Settings


@pytest.fixture
async def connect():
    """A function that opens a plain connection to a client's relayer."""
    async with contextlib.AsyncExitStack() as stack:

        async def open_one(client, end="127.0.0.1"):
            port = int(client.url.rsplit(":", 1)[1])
            reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(end, 0))
            stack.callback(writer.close)
            return reader, writer

        yield open_one


async def test_a_silent_connection_makes_place_for_one_more(
    shared_world, settings_for, relay, connect, monkeypatch
):
    monkeypatch.setattr(places, "SILENT_S", 0.2)
    client = await relay(settings_for(shared_world, connections=2))
    first, second = await connect(client), await connect(client)
    second[1].write(b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{")  # and no more
    for _ in range(8):  # byte by byte
        second[1].write(b" ")
        await asyncio.sleep(0.06)
    for _ in range(2):
        async with client.session.get(client.url + "/healthz", headers={"Connection": "close"}) as response:
            assert response.status == 200
    assert await first[0].read() == b""
    assert (await client.metrics())["connections_limit",] == 2


async def test_a_connection_that_waits_for_its_answer_keeps_its_place(
    world, faulty, settings_for, relay, connect, monkeypatch
):
    monkeypatch.setattr(places, "SILENT_S", 0.2)
    world.agree(1)
    client = await relay(settings_for(world, rpc_url=faulty.url, connections=1))
    go_on = asyncio.Event()

    async def stand_still(calls):
        if any(call["method"] == "eth_call" for call in calls):
            await go_on.wait()

    faulty.instead = stand_still
    reader, writer = await connect(client)
    writer.write(f"GET /v1/meters/0x{world.meters[0].device.hex()} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    await asyncio.sleep(0.5)
    late, _ = await connect(client)
    assert b"TOO_MANY_CONNECTIONS" in await asyncio.wait_for(late.read(), 20)
    go_on.set()
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")


async def test_who_reads_no_answers_makes_place_for_one_more(
    shared_world, settings_for, relay, connect, monkeypatch
):
    monkeypatch.setattr(places, "SILENT_S", 0.2)
    client = await relay(settings_for(shared_world, connections=1))
    _, writer = await connect(client)
    writer.transport.pause_reading()
    with contextlib.suppress(TimeoutError):  # until the relayer reads no more of them either
        async with asyncio.timeout(60):
            while writer.transport.get_write_buffer_size() < 1 << 20:
                writer.write(1000 * b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n")
                await asyncio.sleep(0.05)
    await asyncio.sleep(0.5)
    async with client.session.get(client.url + "/healthz") as response:
        assert response.status == 200
    writer.transport.abort()


class Wire(asyncio.Transport):
    """Notes how it is ended."""

    def __init__(self):
        super().__init__()
        self.ended = []

    def abort(self):
        self.ended.append("abort")

    def close(self):
        self.ended.append("close")

    def is_closing(self):
        return bool(self.ended)


async def test_who_makes_place_keeps_no_file_open_with_what_he_does_not_read():
    held, wire = places.Places(1, lambda: 0.0), Wire()
    conversation = listening.Conversation(
        web.Server(None), held, "here", 1000.0, loop=asyncio.get_running_loop(), access_log=None
    )
    conversation.connection_made(wire)
    conversation.end()
    assert wire.ended[0] == "abort"  # to close it would wait until what was written is read
    conversation.hear()  # of what had come before
    conversation.connection_lost(None)
    conversation.hear()
    assert len(held) == 0


async def test_who_keeps_all_connections_busy_keeps_nobody_else_out(
    shared_world, settings_for, relay, connect, monkeypatch
):
    monkeypatch.setattr(places, "SILENT_S", 1000.0)  # all are busy
    client = await relay(settings_for(shared_world, connections=3))
    greedy = [await connect(client, "127.0.0.2") for _ in range(3)]
    for reader, writer in greedy:
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await reader.readline() == b"HTTP/1.1 200 OK\r\n"
    more, _ = await connect(client, "127.0.0.2")
    assert b"TOO_MANY_CONNECTIONS" in await asyncio.wait_for(more.read(), 20)
    reader, writer = await connect(client)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    assert await asyncio.wait_for(reader.readline(), 20) == b"HTTP/1.1 200 OK\r\n"
    await asyncio.wait_for(greedy[0][0].read(), 20)  # has ended


async def asked(reader, writer):
    """Ask for what needs no chain, and read the answer."""
    writer.write(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n")
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    length = next(
        int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")
    )
    await reader.readexactly(length)


async def is_open_after(reader, seconds):
    with contextlib.suppress(TimeoutError):
        return await asyncio.wait_for(reader.read(1), seconds) != b""
    return True


async def test_an_answered_connection_may_be_silent_for_longer_than_a_head_may_take(
    shared_world, settings_for, relay, connect
):
    client = await relay(settings_for(shared_world, head_timeout_s=0.3))
    reader, writer = await connect(client)
    for _ in range(2):
        await asked(reader, writer)
        assert await is_open_after(reader, 0.9)
    await asked(reader, writer)  # after that, too


async def test_a_silent_connection_ends_in_its_time(shared_world, settings_for, relay, connect):
    client = await relay(settings_for(shared_world, idle_timeout_s=0.3))
    reader, writer = await connect(client)
    await asked(reader, writer)
    assert not await is_open_after(reader, 20)


@pytest.mark.parametrize("answered", [0, 1, 3])
async def test_a_head_that_drips_is_cut_off_however_it_began(
    shared_world, settings_for, relay, connect, answered
):
    client = await relay(settings_for(shared_world, head_timeout_s=0.4))
    reader, writer = await connect(client)
    for _ in range(answered):
        await asked(reader, writer)
    began = asyncio.get_running_loop().time()
    dripped = 0
    with contextlib.suppress(ConnectionError):
        while not reader.at_eof() and dripped < 400:
            writer.write(b"x" if dripped else b"GET /")
            dripped += 1
            if not await is_open_after(reader, 0.05):
                break
    assert dripped < 400
    assert asyncio.get_running_loop().time() - began > 0.3


async def test_a_head_in_pieces_within_its_time_is_answered(shared_world, settings_for, relay, connect):
    client = await relay(settings_for(shared_world, head_timeout_s=5.0))
    reader, writer = await connect(client)
    for piece in (b"GET /openapi.json HT", b"TP/1.1\r\nHo", b"st: x\r\n\r\n"):
        writer.write(piece)
        await asyncio.sleep(0.05)
    assert await asyncio.wait_for(reader.readline(), 20) == b"HTTP/1.1 200 OK\r\n"


async def test_a_body_that_takes_longer_than_a_head_may_is_answered(
    shared_world, settings_for, relay, connect
):
    client = await relay(settings_for(shared_world, head_timeout_s=0.3, body_timeout_s=20.0))
    reader, writer = await connect(client)
    await asked(reader, writer)
    writer.write(b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 12\r\n\r\n")
    for _ in range(12):
        await asyncio.sleep(0.06)
        writer.write(b" ")
    assert (await asyncio.wait_for(reader.readline(), 20)).startswith(b"HTTP/1.1 400 ")


async def test_idle_connections_of_a_stranger_keep_no_meter_out(
    shared_world, settings_for, relay, connect, monkeypatch
):
    monkeypatch.setattr(places, "SILENT_S", 0.2)
    client = await relay(settings_for(shared_world, connections=4))
    strangers = [await connect(client, f"127.0.0.{2 + k}") for k in range(4)]  # from where he likes
    for each in strangers:
        await asked(*each)
    await asyncio.sleep(0.3)
    for k in range(3):
        meter = await connect(client, f"127.0.1.{1 + k}")
        await asked(*meter)
    await asked(*meter)  # and is kept
    assert not await is_open_after(strangers[0][0], 20)  # the longest silent gave way
    assert await is_open_after(strangers[3][0], 0.1)


class Standing:
    """A connection as the places see it."""

    def __init__(self, address, *, waits=False):
        self.address, self.waits_for_an_answer = address, waits
        self.heard_at, self.ended = 0.0, False

    def end(self):
        self.ended = True


def test_places_are_shared_among_those_who_come():
    now = [0.0]
    held = places.Places(6, lambda: now[0])
    greedy = [Standing("greedy", waits=i == 0) for i in range(4)]
    proxy, one = Standing(None), Standing("one")
    for each in (proxy, *greedy, one):
        assert held.make_room(each.address)
        held.hear(each)
        now[0] += 0.01

    def gave_way():
        return [each for each in (proxy, *greedy, one) if each.ended]

    assert not held.make_room("greedy")  # has most, and all of its are busy
    assert gave_way() == []
    assert held.make_room("two")
    assert gave_way() == [greedy[1]]  # the first waits for its answer
    held.hear(Standing("two"))
    assert held.make_room(None)  # a proxy comes for somebody else
    assert gave_way() == [greedy[1], greedy[2]]
    held.hear(Standing(None))
    assert held.make_room("three")  # has none, and somebody two
    assert gave_way() == [greedy[1], greedy[2], greedy[3]]
    held.hear(Standing("three"))
    assert not held.make_room("four")  # each has one
    now[0] += 2 * places.SILENT_S
    assert held.make_room("four")
    assert proxy.ended  # the longest silent
    for each in (proxy, *greedy, one):
        held.forget(each)  # as when the connection is lost, even twice
        held.forget(each)
    assert (len(held), held.most) == (3, 1)


def test_who_has_most_gives_way_himself():
    now = [0.0]
    held = places.Places(4, lambda: now[0])
    patient, first, busy, waiting = (
        Standing("patient"),
        Standing("greedy"),
        Standing("greedy"),
        Standing("greedy"),
    )
    for each in (patient, waiting, first, busy):
        held.hear(each)
    waiting.waits_for_an_answer = True
    now[0] += 2 * places.SILENT_S
    held.hear(busy)
    assert held.make_room("greedy")
    assert [each.ended for each in (patient, waiting, first, busy)] == [False, False, True, False]


@given(steps=st.lists(st.tuples(st.sampled_from("abc-"), st.sampled_from(["open", "hear", "close"]))))
def test_places_count_what_each_has(steps):
    now = [0.0]
    held, opened = places.Places(5, lambda: now[0]), []
    for name, step in steps:
        now[0] += 0.3
        address = None if name == "-" else name
        its = [each for each in opened if each.address == address and not each.ended]
        if step == "open" and held.make_room(address):
            opened.append(Standing(address))
            held.hear(opened[-1])
        elif step == "hear" and its:
            held.hear(its[0])
        elif step == "close" and its:
            its[0].end()
            held.forget(its[0])
        left = [each for each in opened if not each.ended]
        assert len(held) == len(left) <= 5
        counts = Counter(each.address for each in left if each.address is not None)
        assert held.most == max(counts.values(), default=0)


async def test_health_answers_while_meters_connections_are_all_taken(
    shared_world, settings_for, relay, connect
):
    client = await relay(settings_for(shared_world, connections=1))
    await connect(client)
    for path in ("healthz", "readyz", "metrics"):
        async with client.session.get(client.metrics_url.replace("metrics", path)) as response:
            assert response.status == 200


@pytest.mark.parametrize(
    "path", ["/metrics", "/%6Detrics", "//metrics", "/v1/../metrics", "/metrics/", "/./metrics"]
)
async def test_strangers_find_no_metrics_however_they_spell_it(
    shared_world, settings_for, relay, connect, path
):
    client = await relay(settings_for(shared_world))
    reader, writer = await connect(client)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 404")
    assert b"electro_relayer_" not in answer


async def test_messages_are_not_taken_where_metrics_are(shared_world, settings_for, relay):
    client = await relay(settings_for(shared_world))
    async with client.session.post(client.metrics_url.replace("metrics", "v1/messages"), json={}) as response:
        assert (response.status, (await response.json())["error"]["code"]) == (404, "NO_SUCH_PATH")


@pytest.mark.parametrize(
    "beginning",
    [
        b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{",
        b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
        b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{",
        b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n",
        b"GET /v1/meters/0x" + b"77" * 20 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /heal",
    ],
    ids=[
        "a body",
        "a chunk",
        "a body for nobody",
        "a body that was asked for",
        "before the answer",
        "a head",
    ],
)
@pytest.mark.parametrize("abort", [True, False], ids=["aborted", "closed"])
async def test_who_breaks_off_leaves_no_traceback(
    shared_world, settings_for, relay, connect, caplog, beginning, abort
):
    client = await relay(settings_for(shared_world))
    for _ in range(3):
        _, writer = await connect(client)
        writer.write(beginning)
        await writer.drain()
        await asyncio.sleep(0.05)
        if abort:
            writer.transport.abort()
        else:
            writer.close()
    await asyncio.sleep(0.2)
    assert (await client.get("/healthz"))[0] == 200
    assert [r for r in caplog.records if r.exc_info or r.levelno >= logging.ERROR] == []


@pytest.mark.parametrize(
    ("soft", "hard", "wanted", "possible", "raised_to"),
    [
        (1024, 1024, 2000, 896, None),
        (1024, 4096, 2000, 2000, 2128),
        (1024, resource.RLIM_INFINITY, 2000, 2000, 2128),
        (1024, 1500, 2000, 1372, 1500),
        (8192, 8192, 2000, 2000, None),
    ],
)
def test_no_more_connections_are_taken_than_there_are_files(
    monkeypatch, caplog, soft, hard, wanted, possible, raised_to
):
    taken = []
    monkeypatch.setattr(listening.resource, "getrlimit", lambda _: (soft, hard))
    monkeypatch.setattr(listening.resource, "setrlimit", lambda _, limits: taken.append(limits[0]))
    assert listening.connections_possible(wanted) == possible
    assert taken == ([] if raised_to is None else [raised_to])
    assert bool(caplog.records) == (possible < wanted)


@pytest.fixture
def many_files():
    """As many files for this process as 1,100 connections take; most machines begin with 1,024 and allow far more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2500), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


async def test_health_answers_with_more_silent_connections_than_the_process_has_files(
    world, settings_for, spawn, many_files
):
    settings = settings_for(world)
    limited = await asyncio.to_thread(spawn, settings, files=1024)
    port = int(limited.url.rsplit(":", 1)[1])
    writers = []
    for _ in range(1100):
        try:
            writers.append((await asyncio.open_connection("127.0.0.1", port))[1])
        except OSError:
            break
    try:
        async with aiohttp.ClientSession() as session:
            for path in ("healthz", "readyz", "metrics"):
                async with session.get(limited.metrics_url.replace("metrics", path)) as response:
                    assert response.status == 200
    finally:
        for writer in writers:
            writer.close()
    assert len(writers) > 1000


async def test_two_relayers_on_one_port_of_metrics_are_told_in_one_sentence(
    shared_world, settings_for, relay
):
    client = await relay(settings_for(shared_world))
    port = int(client.metrics_url.rsplit(":", 1)[1].removesuffix("/metrics"))
    with pytest.raises(errors.PortInUse, match=f"127.0.0.1:{port}"):
        await serve(settings_for(shared_world, key=2, metrics_port=port))


def test_metrics_are_a_thousand_ports_above(settings_for, shared_world):
    def port_of(**more):
        return Settings(
            rpc_url="http://node", contract=bytes(20), key_file="key", **more
        ).listens_for_metrics_on

    assert (port_of(), port_of(port=0), port_of(metrics_port=7)) == (9645, 0, 7)
    with pytest.raises(errors.SettingError, match="metrics_port"):
        port_of(port=65_000)


async def test_a_second_signal_ends_the_draining(world, settings_for, spawn, eventually):
    world.agree(1)
    world.block_time(1000)
    relayer = await asyncio.to_thread(spawn, settings_for(world))  # it would drain for half a minute
    async with (
        aiohttp.ClientSession() as session,
        session.post(relayer.url + "/v1/messages", json=world.meters[0].report(0)) as response,
    ):
        assert response.status == 202
    process = relayer._process
    process.send_signal(signal.SIGINT)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await asyncio.to_thread(process.wait, 1.5)
    began = asyncio.get_running_loop().time()
    process.send_signal(signal.SIGINT)
    assert await asyncio.to_thread(process.wait, 20) == 0
    assert asyncio.get_running_loop().time() - began < 20  # of the thirty that draining may take


def test_the_words_of_a_node_stay_in_their_line_of_the_text_log():
    record = logging.LogRecord(
        "electro_relayer", logging.WARNING, "", 0, "nonce 1 was not taken: %s",
        ("no\n2026-01-01 ERROR electro_relayer all is lost\x1b[2J\u202e\r\x00",), None,
    )  # fmt: skip
    line = TextLines().format(record)
    assert "\n" not in line
    assert line.isprintable()
    assert "no\\n2026-01-01 ERROR" in line
    record.exc_info = (ValueError, ValueError("fault"), None)
    assert "ValueError: fault" in TextLines().format(record)
    assert json.dumps(line)
