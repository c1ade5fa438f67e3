# SPDX-License-Identifier: Apache-2.0
"""A meter as it is installed, in real MicroPython, asks a relayer for a receipt and checks it by itself."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.protocol.plant import Plant
from tests.protocol.receipts import address, made, seal, validators
from tests.tools.fake_relayer import FakeRelayer
from tests.tools.meters import electro, running
from tests.waiting import until

from electro_protocol.address import checksum

if TYPE_CHECKING:
    from pathlib import Path

KEYS = validators(4)
SET = tuple(address(one) for one in KEYS)


class Proving:
    """A relayer that knows no meter, and proves everything."""

    def __init__(self, plant: Plant, seals: int) -> None:
        self._plant = plant
        self._raw = made(
            plant.node.ask, plant.contract, plant.meter.address, lambda told: seal(told, SET, KEYS[:seals])
        ).raw

    def answer(self, method: str, path: str, _body: bytes) -> tuple[int, Any]:
        if path.endswith("/proof"):
            return 200, self._raw
        if path.startswith("/v1/terms/"):
            return 200, bytes.fromhex(self._plant.node.ask("eth_getCode", path[10:], "latest")[2:])
        return 404, {"method": method}


@pytest.fixture(scope="module")
def plant(start_anvil: Any) -> Plant:
    return Plant(start_anvil())


@pytest.mark.parametrize(("seals", "why"), [(3, ""), (2, "the receipt has not 3 to 4 seals")])
def test_an_installed_meter_checks_seals_and_proofs_itself(
    micropython_i386: list[str], tmp_path: Path, plant: Plant, seals: int, why: str
) -> None:
    flash = tmp_path / "chip" / "flash"
    flash.mkdir(parents=True)
    (flash.parent / "joined").touch()
    settings = {
        "contract": checksum(plant.contract),
        "validators": [checksum(one) for one in SET],
        "validators_version": 1,
    }
    with FakeRelayer(Proving(plant, seals)) as relayer:  # type: ignore[arg-type]  # which is asked for answers alone
        key = plant.meter.secret
        with running(micropython_i386, flash, key=key, relayers=[relayer.url], **settings) as chip:
            told: dict[str, Any] = {}

            def is_told() -> bool:
                done = electro("status", "--port", chip.port, "--json")
                told.update(json.loads(done.stdout)["proved"] if done.returncode == 0 else {})
                return bool(told.get("block") or told.get("why"))

            asyncio.run(until(is_told))
    assert told["why"].endswith(why)
    assert (told["sealed"], bool(told["block"])) == ((0, False) if why else (3, True)), told
