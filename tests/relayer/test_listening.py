# SPDX-License-Identifier: Apache-2.0
"""Who connects keeps nobody else out; what is for operators is on a listener of its own; breaking off is no fault."""

import asyncio
import contextlib
import json
import logging
import resource
import signal

import aiohttp
import pytest

from electro_relayer import errors, serve
from electro_relayer.http import listening
from electro_relayer.logs import TextLines
from electro_relayer.settings import Settings


@pytest.fixture
async def connect():
    """A function that opens a plain connection to a client's relayer."""
    async with contextlib.AsyncExitStack() as stack:

        async def open_one(client):
            port = int(client.url.rsplit(":", 1)[1])
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            stack.callback(writer.close)
            return reader, writer

        yield open_one


async def test_a_silent_connection_makes_place_for_one_more(
    shared_world, settings_for, relay, connect, monkeypatch
):
    monkeypatch.setattr(listening, "SILENT_S", 0.2)
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
    monkeypatch.setattr(listening, "SILENT_S", 0.2)
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


async def test_health_answers_with_more_silent_connections_than_the_process_has_files(
    world, settings_for, spawn
):
    settings = settings_for(world)
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 2500:
        pytest.skip("this process can't open so many connections itself")
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
