# SPDX-License-Identifier: Apache-2.0
"""A contract on anvil with all that a receipt tells: an agreement that runs, reports, outages, other bands.

`python -m tests.protocol.plant` writes what its state proves to tests/device/vectors/receipt.json, for interpreters
that have no anvil; test_receipt.py makes it anew with today's contract.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import rlp

from electro_contracts import calldata
from electro_contracts.receipts import numbers
from electro_protocol import receipt
from electro_protocol.messages import Renomination
from electro_protocol.readings import pack
from tests.contracts.node import Node
from tests.contracts.world import CONSUMER, START, World, inside, key
from tests.protocol import receipts
from tests.toolchain.running_anvil import Anvil

VECTOR = Path(__file__).parents[1] / "device" / "vectors" / "receipt.json"

PASS = 5  # of the agreement's schedule, with other bands
BANDS = [(300, 1100)] * 96


class Plant:
    """One meter, five days into an agreement: a day of readings told, one outage over, another one open."""

    def __init__(self, anvil: Anvil) -> None:
        self.node = Node(anvil)
        self.world = world = World(self.node)
        self.meter = key("meter")
        self.agreement_id = world.agree([self.meter])
        world.set_time(START + 3 * 86_400)
        world.submit(world.report(self.meter, self.agreement_id, 0, inside(0, 96)))
        world.submit(world.outage(self.meter, self.agreement_id, 0, START + 900, START + 1_000, 1))
        world.submit(world.outage(self.meter, self.agreement_id, 1, START + 86_500, 0, 1))
        packed = pack([least for least, _ in BANDS] + [greatest for _, greatest in BANDS])
        wish = Renomination(self.agreement_id, 0, 96 * PASS, 1, packed, 2**40 - 1)
        world.call("renominate", wish.values(), CONSUMER.sign(wish, world.domain).signature)
        world.set_time(START + PASS * 86_400 + 3_600)

    @property
    def contract(self) -> bytes:
        return self.world.contract

    def told(self) -> calldata.MeterState:
        """What the contract itself answers to the meter's question."""
        (state,) = calldata.decode_meter_state(self.world.ask(calldata.meter_state(self.meter.address, 8)))
        return state


def vector(plant: Plant) -> dict[str, Any]:
    """The block's header in JSON, the nodes that prove what the meter asks for, and what the contract says of it."""
    meter = receipts.made(plant.node.ask, plant.contract, plant.meter.address)
    nobody = receipts.made(plant.node.ask, plant.contract, key("nobody").address)
    told = plant.told()
    steps = receipt.check(
        meter.raw,
        (),
        plant.contract,
        plant.meter.address,
        0,
        lambda _, code_hash: numbers(meter.terms[code_hash]),
    )
    (standing,) = receipts.driven(steps).standings
    return {
        "header": [field.hex() for field in rlp.decode(receipts.parts(meter.raw)[0])],
        "contract": plant.contract.hex(),
        "meter": plant.meter.address.hex(),
        "nobody": key("nobody").address.hex(),
        "terms": {hash_.hex(): numbers(code) for hash_, code in meter.terms.items()},
        "codes": {
            account.hex(): plant.node.ask("eth_getCode", "0x" + account.hex(), "latest")[2:]
            for account in (told.terms_account, *(account for _, account, _ in standing.overrides))
        },
        "nodes": [node.hex() for node in receipts.parts(meter.raw)[2]],
        "nodes of nobody": [node.hex() for node in receipts.parts(nobody.raw)[2]],
        "told": {
            "id": told.agreement_id,
            "start_s": told.start,
            "account": told.terms_account.hex(),
            "code_hash": told.code_hash.hex(),
            "place": told.place,
            "stop": told.stop,
            "end": told.end,
            "next": told.next_interval,
            "next_outage": told.next_outage,
            "outage_open": told.outage_open,
        },
    }


if __name__ == "__main__":
    with Anvil() as anvil:
        VECTOR.write_text(json.dumps(vector(Plant(anvil)), indent=1) + "\n")
