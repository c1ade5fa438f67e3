# SPDX-License-Identifier: Apache-2.0
"""A node may be slow, strange or down: the relayer takes nonsense for no answer, and tells no secrets."""

import contextlib

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from electro_relayer.chain.chain import Chain
from electro_relayer.chain.rpc import Node, NodeUnreachable, RpcError
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
    async with node_that(lambda request: web.Response(status=401), path="/v3/secret") as node:
        node._url = node._url.replace("http://", "http://user:secret@")
        with pytest.raises(NodeUnreachable) as caught:
            await node.call("eth_chainId", [])
    assert "127.0.0.1" in str(caught.value)
    assert "secret" not in str(caught.value)
