# SPDX-License-Identifier: Apache-2.0
"""Do what a meter does, and see that all its intervals are on chain, each once, and that no gas was burnt.

A reading is lost for a meter only if it stops sending it, so `carry` sends what is not final yet, begins again
where the chain stands, and takes any answer or none.
"""

import itertools

import aiohttp

from electro_relayer.paying.key import read_key
from tests.waiting import until

GONE_S = 30  # a relayer that says nothing for so long has been stopped


async def carry(urls, meter, count, *, intervals=1):
    """Send a meter's reports to relayers in turn until all its intervals are final there."""
    turns = itertools.cycle(urls)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=GONE_S)) as session:

        async def through():
            url = next(turns)
            try:
                async with session.get(f"{url}/v1/meters/0x{meter.device.hex()}") as response:
                    stands = (await response.json())["agreements"][0]["next"]
                if stands["final"] >= count:
                    return True
                reports = [
                    meter.report(first, intervals) for first in range(stands["latest"], count, intervals)
                ][:8]
                if reports:
                    async with session.post(f"{url}/v1/messages", json={"messages": reports}):
                        pass
            except (aiohttp.ClientError, TimeoutError, KeyError):
                pass  # down, or an error answer: the next one, or the same again
            return False

        await until(through)


def assert_all_there_once(world, count):
    for meter in world.meters:
        assert world.reported(meter) == list(range(count))
        assert world.next_interval(meter) == count


def assert_no_gas_was_burnt(world, settings):
    """No transaction reverted: what can't land is not paid for."""
    sent = world.transactions_of(read_key(settings.key_file).address)
    assert sent
    assert all(receipt["status"] == 1 for receipt in sent)
