# SPDX-License-Identifier: Apache-2.0
"""What can go wrong between meters and chain, each begun by a method of its name and ended by `calm`."""

import asyncio
import random
import time

from aiohttp import web

from electro_relayer.paying.key import read_key
from tests.relayer import faults
from tests.relayer.test_chaos import lie_about_next

FORK = 5  # blocks: deeper than what the relayers take for final
TROUBLED_S = 0.9  # how long each lasts

TROUBLES = (
    "flapping", "lost_answers", "slowness", "lies", "refused_offers", "eviction", "kill", "fork", "shared_key",
)  # fmt: skip


class Scene:
    """A chain, two relayers each behind a faulty node of its own, and real meters."""

    def __init__(self, world, nodes, settings, spawn, meters):
        self.world, self._nodes, self._settings, self._spawn, self.meters = (
            world,
            nodes,
            settings,
            spawn,
            meters,
        )
        self.relayers = [spawn(each) for each in settings]

    async def go_through(self, *names):
        """Begin these troubles, let the meters measure meanwhile, and end what ends."""
        for name in names:
            await getattr(self, name)()
        for _ in range(2):
            for meter in self.meters:
                meter.measure()
            await asyncio.sleep(TROUBLED_S / 2)
        self.calm()

    async def come_to_rest(self, eventually):
        for meter in self.meters:
            await eventually(lambda meter=meter: asyncio.to_thread(meter.agrees))
        keys = [read_key(each.key_file).address for each in self._settings]
        sent = [receipt for key in keys for receipt in self.world.transactions_of(key)]
        assert sent
        assert all(receipt["status"] == 1 for receipt in sent)

    def calm(self):
        for node in self._nodes:
            node.instead = node.afterwards = lambda calls: None
            node.refuse = lambda call: None
            node.change = lambda call, answer: answer

    async def flapping(self):
        for node in self._nodes:
            node.instead = lambda calls: web.Response(status=502) if time.monotonic() % 0.4 < 0.2 else None

    async def lost_answers(self):
        """Transactions are taken, and nobody hears of it."""
        for node in self._nodes:
            node.afterwards = lambda calls: web.Response(status=504) if faults.sends(calls) else None

    async def slowness(self):
        async def dawdle(calls):
            await asyncio.sleep(random.choice((0, 0.1, 0.3, 1.1)))  # the last one is too slow

        self._nodes[0].instead = dawdle

    async def lies(self):
        self._nodes[0].change = lie_about_next

    async def refused_offers(self):
        """Every fee is too low, for a new transaction and for a dearer one on the same nonce."""
        for node in self._nodes:
            node.refuse = lambda call: "replacement transaction underpriced" if faults.sends([call]) else None

    async def eviction(self):
        for _ in range(3):
            content = await asyncio.to_thread(self.world.rpc, "txpool_content")
            for each in content["pending"].values():
                for transaction in each.values():
                    await asyncio.to_thread(self.world.rpc, "anvil_dropTransaction", transaction["hash"])
            await asyncio.sleep(0.3)

    async def kill(self):
        relayer = random.choice(self.relayers)
        await asyncio.to_thread(relayer.end)
        await asyncio.sleep(0.5)
        await _supervised(relayer.start)

    async def fork(self):
        await asyncio.to_thread(self.world.rpc, "anvil_reorg", FORK, [])

    async def shared_key(self):
        """A third relayer takes the first one's nonces, with what the last meter sends to it alone."""
        third = await _supervised(lambda: self._spawn(self._settings[0]))
        meter = self.meters[-1]
        ours, meter.relayers[:] = meter.relayers[:], [third.url] * len(meter.relayers)
        try:
            for each in self.meters:
                each.measure()
            await asyncio.sleep(TROUBLED_S)
        finally:
            meter.relayers[:] = ours
            await asyncio.to_thread(third.end)


async def _supervised(start):
    """Start a relayer again and again: while its node is in trouble it does not, and says why."""
    while True:
        try:
            return await asyncio.to_thread(start)
        except ValueError:  # it told no address
            await asyncio.sleep(0.2)
