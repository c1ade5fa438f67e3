# SPDX-License-Identifier: Apache-2.0
"""A node may be slow, strange or down: the relayer takes nonsense for no answer, and tells no secrets."""

import asyncio
import contextlib

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from electro_relayer.chain import rpc
from electro_relayer.chain.chain import Chain
from electro_relayer.chain.rpc import Node, NodeUnreachable, RpcError, TooMuchAtOnce
from electro_relayer.paying.key import Key
from electro_relayer.settings import Settings

SETTINGS = Settings(rpc_url="http://x", contract=bytes(20), key_file="key")


@contextlib.asynccontextmanager
async def node_that(answer, path="/"):
    """A node whose answers a function of the decoded request makes."""

    async def handle(request):
        answered = answer(await request.json())
        return answered if isinstance(answered, web.Response) else web.json_response(answered)

    app = web.Application()
    app.router.add_post("/{anything:.*}", handle)
    async with TestServer(app) as server, Node(str(server.make_url(path)), timeout_s=1) as node:
        yield node


async def test_a_server_without_batches_is_asked_one_by_one():
    def one_only(request):
        if isinstance(request, list):
            return {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "no batches"}}
        if request["method"] == "b":
            return {"id": 0, "error": {"code": 3, "message": "reverted", "data": "0x12"}}
        return {"id": 0, "result": request["method"]}

    async with node_that(one_only) as node:
        a, b, c = await node.batch([("a", []), ("b", []), ("c", [])])
    assert (a, c) == ("a", "c")
    assert isinstance(b, RpcError)
    assert (b.code, b.data) == (3, "0x12")


async def test_a_batch_may_be_answered_in_any_order_but_not_in_part():
    async with node_that(
        lambda request: [{"id": r["id"], "result": r["method"]} for r in request[::-1]]
    ) as node:
        assert await node.batch([("a", []), ("b", [])]) == ["a", "b"]
    async with node_that(lambda request: [{"id": 0, "result": "a"}]) as node:
        with pytest.raises(NodeUnreachable, match="left out"):
            await node.batch([("a", []), ("b", [])])


@pytest.mark.parametrize("text", ["", "<html>", "5", "null", '"yes"'])
async def test_what_is_not_json_rpc_is_no_answer(text):
    async with node_that(lambda request: web.Response(status=502, text=text)) as node:
        with pytest.raises(NodeUnreachable, match="HTTP 502"):
            await node.call("eth_chainId", [])


@pytest.mark.parametrize(
    "result", [None, 5, "0x", "later", [], {}, {"number": "0x1", "timestamp": "soon"}, True]
)
async def test_nonsense_is_taken_for_no_answer_and_never_for_a_fault_of_ours(result):
    def nonsense(request):
        return (
            [{"id": r["id"], "result": result} for r in request]
            if isinstance(request, list)
            else {"result": result}
        )

    async with node_that(nonsense) as node:
        chain = Chain(node, SETTINGS, Key(b"\1" * 32).address)
        for asked in (
            chain.ready(),
            chain.states([(bytes(20), 0)]),
            chain.check(b"", 1),
            chain.quote(),
            chain.estimate_gas(b""),
        ):
            with pytest.raises(NodeUnreachable):
                await asked


async def test_the_nodes_address_is_told_without_its_secrets():
    app = web.Application()
    async with TestServer(app) as server:
        url = str(server.make_url("/v3/secret")).replace("http://", "http://user:secret@")
        async with Node(url, timeout_s=1) as node:
            with pytest.raises(NodeUnreachable) as caught:
                await node.call("eth_chainId", [])
    assert "127.0.0.1" in str(caught.value)
    assert "secret" not in str(caught.value)


async def test_a_node_that_asks_for_a_pause_gets_it_and_no_longer_than_a_minute():
    asked = []

    def busy(request):
        asked.append(request)
        if len(asked) == 1:
            return web.Response(status=429, headers={"Retry-After": "1"})
        return {"id": 0, "result": "0x1"}

    async with node_that(busy) as node:
        with pytest.raises(NodeUnreachable, match="HTTP 429"):
            await node.call("eth_chainId", [])
        with pytest.raises(NodeUnreachable, match="left alone"):
            await node.call("eth_chainId", [])
        assert len(asked) == 1  # it was not asked
        await asyncio.sleep(1.1)
        assert await node.call("eth_chainId", []) == "0x1"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        ("86400", 60.0),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 1.0),
        ("-3", 1.0),
        ("1e9", 1.0),
        ("", 1.0),
    ],
)
def test_a_pause_is_bounded(text, seconds):
    assert rpc._retry_after_s(text) == seconds


async def test_a_redirect_is_not_followed():
    def moved(request):
        return web.Response(status=307, headers={"Location": "http://127.0.0.1:1/secret"})

    async with node_that(moved) as node:
        with pytest.raises(NodeUnreachable, match="redirects") as caught:
            await node.call("eth_sendRawTransaction", ["0x00"])
    assert "secret" not in str(caught.value)


async def test_an_answer_without_bound_is_not_taken_into_memory(monkeypatch):
    monkeypatch.setattr(rpc, "MAX_ANSWER_BYTES", 100_000)

    async def endless(request):
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(1000):
            await response.write(b" " * 10_000)
            sent.append(1)
        return response

    sent = []
    app = web.Application()
    app.router.add_post("/", endless)
    async with TestServer(app) as server, Node(str(server.make_url("/")), timeout_s=5) as node:
        with pytest.raises(TooMuchAtOnce, match="more than 100000 bytes"):
            await node.call("eth_chainId", [])
        assert len(sent) < 1000


async def test_a_compressed_answer_is_refused_unfolded():
    import gzip

    def packed(request):
        body = gzip.compress(b'{"id":0,"result":"0x1"}')
        return web.Response(body=body, headers={"Content-Encoding": "gzip"})

    async with node_that(packed) as node:
        with pytest.raises(NodeUnreachable, match="compressed"):
            await node.call("eth_chainId", [])
