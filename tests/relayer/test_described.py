# SPDX-License-Identifier: Apache-2.0
"""The relayer does what its OpenAPI document says: schemathesis makes requests of it, valid and not, and compares.

ELECTRO_SLOW=1 makes eighty times as many, other ones each time.
"""

import asyncio
import os
import sys
from pathlib import Path

from electro_tools import lifeline
from tests.relayer import fuzzing_meters

SLOW = bool(os.environ.get("ELECTRO_SLOW"))
HERE = Path(__file__).parent


async def test_schemathesis_finds_nothing_with_its_default_checks(
    shared_world, settings_for, relay, tmp_path
):
    shared_world.agree(2, seed=400)
    client = await relay(settings_for(shared_world, device_rate=0, drain_s=0))
    extent = ["--max-examples", "2000"] if SLOW else ["--max-examples", "25", "--seed", "1"]
    judge = await asyncio.create_subprocess_exec(
        *lifeline.tied(
            [
                sys.executable,
                "-m",
                "schemathesis.cli",
                "--config-file",
                str(HERE / "schemathesis.toml"),
                "run",
                client.url + "/openapi.json",
                *extent,
            ]
        ),
        pass_fds=lifeline.pass_fds(),
        cwd=tmp_path,
        env={
            **os.environ,
            **fuzzing_meters.environ(shared_world),
            "PYTHONPATH": str(HERE.parents[1]),
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await judge.communicate()
    assert judge.returncode == 0, told.decode()[-6000:]
    assert b"Tested: 10" in told, told.decode()
