# SPDX-License-Identifier: Apache-2.0
"""Two replicas behind the HAProxy that `deploy/haproxy.cfg` sets up: either may be killed, and nothing is lost."""

import asyncio
import re
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
    """A function that starts HAProxy before two addresses with nothing but addresses changed; returns its own.

    quicker: what is limited to seconds there is over so much sooner; what is to minutes is not.
    """
    running = []

    def start(urls, quicker=1):
        port = free_port()
        text = CONFIGURATION.read_text("utf-8").replace("bind :8645", f"bind 127.0.0.1:{port}")
        text = re.sub(
            r"(timeout .+ )(\d+)s", lambda found: f"{found[1]}{int(found[2]) * 1000 // quicker}ms", text
        )
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


async def test_a_meters_connection_is_kept_until_its_next_report(
    world, settings_for, spawn, proxy, eventually
):
    replicas = [await asyncio.to_thread(spawn, settings_for(world, key)) for key in (1, 2)]
    url = await asyncio.to_thread(proxy, [replica.url for replica in replicas], 20)
    ends = []

    async def answers():
        try:
            ends[:] = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        except OSError:
            return False
        return await status_of_nothing(*ends) == 404  # the relayer's word; without one it is the proxy's 503

    await eventually(answers)
    await asyncio.sleep(3)  # longer than all but silence may take: a minute of the real times
    assert await status_of_nothing(*ends) == 404
    reader, writer = ends
    writer.write(b"GET /v1/nothing HTTP/1.1\r\nHost: x\r\n")  # and not the rest
    assert b" 404 " not in (await asyncio.wait_for(reader.read(), 20)).split(b"\r\n")[0]
    writer.close()


async def status_of_nothing(reader, writer):
    """Ask for what there is not, and read the answer."""
    writer.write(b"GET /v1/nothing HTTP/1.1\r\nHost: x\r\n\r\n")
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)
    await reader.readexactly(int(re.search(rb"(?i)content-length: (\d+)", head)[1]))
    return int(head.split(b" ")[1])
