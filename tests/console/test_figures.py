# SPDX-License-Identifier: Apache-2.0
"""Figures on each page are the model's, to the unit: random lives, read through the pages' JSON."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from electro_contracts.bill import of_readings
from electro_protocol import address
from electro_protocol.readings import INTERRUPTED, NO_DATA
from tests.console.life import DAY_S, GENESIS, START, Life, terms_of
from tests.console.running_console import RunningConsole
from tests.console.test_enemies import got_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.toolchain.running_anvil import Anvil

HOUR_S = 3600


def random_life(life: Life, seed: int) -> int:
    """Live some days at random: two places, silence, late reports, a waiver now and then; return the number."""
    chance = random.Random(seed)
    meters = [life.meter(), life.meter()]
    fields = {"interval_s": HOUR_S, "grace": DAY_S, "dispute_window": DAY_S, "lead_seconds": HOUR_S}
    terms = terms_of(chance.randint(3, 9), **fields)
    number = life.agree(terms, meters, chance.randint(0, 3_000_000))
    if chance.random() < 0.5:
        life.act(life.operator, "grant", number, chance.randint(1, 99_999))
    days = chance.randint(1, terms.intervals // 24)
    for day in range(days):
        life.wait_until(START + (day + 1) * DAY_S + 30)
        for meter in meters:
            if chance.random() < 0.15 and day:
                continue
            point = life.contract.functions.point(number, meter.address).call()
            first = point[1]
            count = min((day + 1) * 24, terms.intervals) - first
            while count > 0:
                now = min(count, len(terms.bands) - first % len(terms.bands))
                life.report(number, meter, first, [_lane(chance) for _ in range(now)])
                first, count = first + now, count - now
    if chance.random() < 0.4:
        life.wait_until(terms.reports_until + HOUR_S)
        accrued = life.contract.functions.agreement(number).call()[7]
        if accrued:
            life.act(life.operator, "waive", number, chance.randint(1, accrued))
        if chance.random() < 0.6:
            life.wait_until(terms.settles_at + HOUR_S)
            life.act(life.operator, "settle", number)
    return number


def _lane(chance: random.Random) -> int:
    drawn = chance.random()
    if drawn < 0.03:
        return NO_DATA
    if drawn < 0.07:
        return INTERRUPTED | chance.randint(0, 900)
    return chance.randint(0, 1400) if drawn < 0.3 else chance.randint(320, 410)


@pytest.mark.parametrize("seed", range(4))
def test_every_figure_is_the_models(start_anvil: Callable[..., Anvil], tmp_path: Path, seed: int) -> None:
    life = Life(start_anvil(*GENESIS))
    number = random_life(life, seed)
    with RunningConsole(life.url, life.domain.contract, tmp_path / "i.sqlite") as console:
        console.has(life.web3.eth.block_number)
        now = console.index.status().block_time
        model = console.index.paper(number).model
        assert model is not None
        page = got_json(f"{console.url}/agreements/{number}.json")
        money = page["agreement"]["money"]
        assert (money["accrued"], money["remaining"]) == (model.accrued(now), model.remaining(now))
        assert (money["bonus"], money["grants"], money["waived"]) == (model.bonus, model.grants, model.waived)
        on_chain = life.contract.functions.agreement(number).call(
            block_identifier=console.index.status().block
        )
        assert (money["accrued"], money["remaining"]) == (on_chain[7], on_chain[8])

        ledger = _all(console.url, number)
        assert page["ledger"] == ledger[-12:], "the newest stand on the agreement's own page"
        taken = [each for each in ledger if each["charged"] and each["kind"] not in _GIVEN]
        assert sum(each["amount"] for each in taken) == model.accrued(now)
        assert sum(-each["amount"] for each in ledger if each["kind"] == "granted") == model.grants
        assert sum(-each["amount"] for each in ledger if each["kind"] == "waived") == model.waived

        for meter in page["agreement"]["meters"]:
            device = address.parse(meter["device"]["address"])
            point, bill = model.points[device], model.bill_of(device, closed=False)
            assert (meter["next"], meter["accrued"]) == (point.next, bill.accrued)
            assert (meter["over"], meter["under"], meter["no_data"]) == (bill.over, bill.under, bill.no_data)
            shown = got_json(f"{console.url}/agreements/{number}/readings.json?place={point.place}")
            readings = [point.lanes[i - point.first] for i in range(point.first, point.next)]
            cost = of_readings(point.first, readings, model.terms, model.places[point.place].band_of).accrued
            assert sum(shown["penalty"][: point.next]) == cost
            assert sum(each > 0 for each in shown["deviation"]) == bill.over
            assert sum(each < 0 for each in shown["deviation"]) == bill.under

        burnt = page["burn_down"]["remaining"]
        assert not burnt or burnt[-1] == model.remaining(now)
        audit = got_json(f"{console.url}/agreements/{number}/audit.json")
        assert audit["equal"], [each for each in audit["figures"] if not each["equal"]]


_GIVEN = ("granted", "waived", "settled", "redeemed", "acknowledged", "credited", "collected")


def _all(url: str, number: int) -> list[dict[str, Any]]:
    first = got_json(f"{url}/agreements/{number}/ledger.json")
    found = list(first["ledger"])
    for page in range(1, first["pages"]):
        found += got_json(f"{url}/agreements/{number}/ledger.json?page={page}")["ledger"]
    return found
