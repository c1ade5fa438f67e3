# SPDX-License-Identifier: Apache-2.0
"""Two replicas behind the HAProxy that `deploy/haproxy.cfg` sets up: either may be killed, and nothing is lost."""

import asyncio
import socket
import subprocess
from pathlib import Path

import aiohttp
import pytest

from electro_tools import lifeline
from tests.relayer.carrying import assert_all_there_once, assert_no_gas_was_burnt, carry

CONFIGURATION = Path(__file__).parents[2] / "relayer" / "deploy" / "haproxy.cfg"
COUNT = 120  # intervals of each meter: as many as keep it busy while both are killed


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.fixture
def proxy(tmp_path, haproxy):
    """A function that starts HAProxy before two addresses with nothing but addresses changed; returns its own."""
    running = []

    def start(urls):
        port = free_port()
        text = CONFIGURATION.read_text("utf-8").replace("bind :8645", f"bind 127.0.0.1:{port}")
        for number, url in enumerate(urls):
            text = text.replace(f"relayer-{number}:8645", url.removeprefix("http://"))
        file = tmp_path / "haproxy.cfg"
        file.write_text(text)
        subprocess.run([haproxy, "-c", "-q", "-f", file], check=True)
        command = lifeline.tied([haproxy, "-db", "-f", file])
        running.append(subprocess.Popen(command, stderr=subprocess.DEVNULL, pass_fds=lifeline.pass_fds()))
        return f"http://127.0.0.1:{port}"

    yield start
    for each in running:
        each.kill()
        each.wait()


async def test_each_replica_is_killed_once_and_nothing_is_lost(world, settings_for, spawn, proxy, eventually):
    world.agree(4)
    world.block_time(1)
    settings = [settings_for(world, key) for key in (1, 2)]
    replicas = [await asyncio.to_thread(spawn, each) for each in settings]
    url = await asyncio.to_thread(proxy, [replica.url for replica in replicas])
    async with aiohttp.ClientSession() as session:

        async def status(path):
            try:
                async with session.get(url + path) as response:
                    return response.status
            except aiohttp.ClientError:
                return None

        async def ready():
            return await status("/readyz") == 200

        await eventually(ready)
        assert await status("/metrics") == 404  # for those inside only
        carrying = [asyncio.create_task(carry([url], meter, COUNT)) for meter in world.meters]
        for replica in replicas:
            there = sum(len(world.reported(meter)) for meter in world.meters)
            await eventually(lambda there=there: sum(len(world.reported(m)) for m in world.meters) > there)
            await asyncio.to_thread(replica.end)
            await eventually(ready)  # the other one answers
            await asyncio.to_thread(replica.start)
        await asyncio.gather(*carrying)
    assert_all_there_once(world, COUNT)
    for each in settings:
        assert_no_gas_was_burnt(world, each)
