# SPDX-License-Identifier: Apache-2.0
"""Nodes are compared by the same question, and only their answers: an honest one is not called a liar."""

import asyncio

import pytest

from electro_relayer.chain.comparison import Comparison
from electro_relayer.chain.rpc import NodeUnreachable, RpcError
from electro_relayer.metrics import Metrics

ONE, OTHER = b"\1" * 20, b"\2" * 20


class Said:
    """A node that answers from a table, after others have had their turn."""

    def __init__(self, name, digest="0xaa", state=lambda data: "0x" + data[-40:]):
        self.shown, self._digest, self._state = name, digest, state
        self.asked = []

    async def call(self, method, params):
        await asyncio.sleep(0)
        if method == "eth_blockNumber":
            return "0x64"
        if method == "eth_getBlockByNumber":
            return {"hash": self._digest}
        self.asked.append(params[0]["data"])
        answer = self._state(params[0]["data"])
        if isinstance(answer, Exception):
            raise answer
        return answer


class Set(list):
    """The configured nodes; remembers who is doubted."""

    def __init__(self, *nodes):
        super().__init__(nodes)
        self.doubted = []

    def doubt(self, node, why):
        self.doubted.append(node)

    async def settle_on_trusted(self):
        pass


class Chain:
    """A chain whose meters come and go while nodes are asked: another one with every look."""

    contract = bytes(20)

    def __init__(self):
        self._turn = 0

    @property
    def last_asked(self):
        self._turn += 1
        return ONE if self._turn % 2 else OTHER


@pytest.mark.parametrize(
    "failure", [NodeUnreachable("no answer in time"), RpcError(-32000, "rate limit"), RpcError(3, "reverted")]
)
async def test_a_call_that_failed_is_no_answer(failure):
    nodes = Set(Said("a"), Said("b", state=lambda data: failure), Said("c"))
    metrics = Metrics()
    await Comparison(Chain(), nodes, metrics).compare()
    assert nodes.doubted == []
    assert metrics.value("nodes_disagree_total") == 0


async def test_all_nodes_are_asked_the_same():
    nodes = Set(Said("a"), Said("b"), Said("c"))
    metrics = Metrics()
    await Comparison(Chain(), nodes, metrics).compare()
    assert len({asked for node in nodes for asked in node.asked}) == 1
    assert metrics.value("nodes_disagree_total") == 0


@pytest.mark.parametrize("lie", [{"digest": "0xbb"}, {"state": lambda data: "0x00"}])
async def test_one_that_tells_something_else_is_found_out(lie):
    nodes = Set(Said("a"), Said("b", **lie), Said("c"))
    metrics = Metrics()
    await Comparison(Chain(), nodes, metrics).compare()
    assert [node.shown for node in nodes.doubted] == ["b"]
    assert metrics.value("nodes_disagree_total") == 1


async def test_of_two_nobody_can_tell_which_is_right():
    nodes = Set(Said("a"), Said("b", digest="0xbb"))
    await Comparison(Chain(), nodes, Metrics()).compare()
    assert nodes.doubted == []
