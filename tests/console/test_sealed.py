# SPDX-License-Identifier: Apache-2.0
"""A sealed agreement: a console without its key says so and shows what the chain has; one with it shows the figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from electro_console.viewing_keys import ViewingKeys
from electro_contracts import calldata, sealed
from electro_contracts.terms import pack_bands
from electro_protocol import address, judging, sealing
from electro_protocol.keccak import keccak256
from electro_protocol.messages import SealedReport, ViewingKeyReady
from electro_protocol.readings import pack
from electro_protocol.recovery import compact
from tests.console.conftest import keep
from tests.console.english import SHOWN, english
from tests.console.life import DAY_S, GENESIS, START, Life, terms_of
from tests.console.running_console import RunningConsole
from tests.console.test_enemies import got_json

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from eth_account.signers.local import LocalAccount

    from electro_contracts.terms import Bands
    from tests.console.conftest import Visits
    from tests.toolchain.running_anvil import Anvil

KEY = keccak256(b"viewing")
SILENCE = 20_000  # dearer than any truth in any band that the connection could take
LANES = [350] * 8 + [1400, 500] + [350] * 14


def hand_key(life: Life, meter: LocalAccount) -> None:
    """Put on record that a meter holds the key."""
    ready = ViewingKeyReady(sealing.key_hash(KEY))
    signature = compact(life._signed(ready, meter).signature)
    life.act(life.operator, "noteViewingKey", *ready.values(), signature[:32], signature[32:])


def report(life: Life, number: int, meter: LocalAccount, first: int, lanes: list[int], bands: Bands) -> None:
    """Carry what a meter seals of a day's readings, judged by the bands of its pass."""
    _, schedule = life.contract.functions.scheduleOf(number, 0, first).call()
    words = judging.deviations(pack(lanes), pack_bands(bands), first % len(bands))
    device = address.parse(meter.address)
    about = sealing.report(life.domain.separator, device, number, first, schedule[:16], len(lanes))
    hidden = sealing.seal_report(KEY, about, 1_000_000 + 1000 * first, pack(lanes), words)
    message = SealedReport(number, START, schedule[:16], first, hidden, words)
    life._carry(calldata.submit_sealed(life._signed(message, meter)))


@pytest.fixture(scope="module")
def life(start_anvil: Callable[..., Anvil]) -> Life:
    """A sealed agreement of which one day is reported, and a sealed offer."""
    life = Life(start_anvil(*GENESIS))
    meter, other = life.meter(), life.meter()
    plain = terms_of(14, interval_s=3600, missing_penalty=SILENCE)
    terms = sealed.seal(plain, KEY)
    for each in (meter, other):
        hand_key(life, each)
    number = life.agree(terms, [meter], 1_000_000)
    later = terms_of(14, interval_s=3600, missing_penalty=SILENCE, start=START + 7 * DAY_S)
    life.agree(sealed.seal(later, KEY), [other], accept=False)
    life.wait_until(START + DAY_S)
    report(life, number, meter, 0, LANES, plain.bands)
    return life


def test_without_the_key_it_says_so_and_shows_what_the_chain_has(
    life: Life, visit: Visits, tmp_path: Path
) -> None:
    with RunningConsole(life.url, life.domain.contract, tmp_path / "i.sqlite") as console:
        console.has(life.web3.eth.block_number)
        page = visit("/agreements/1?lang=en", at=console)
        told = page.locator("main").inner_text().replace("\u00a0", " ")
        assert "Readings are sealed" in told
        assert "over the sealed band: 500 + 400 × 7 = 3,300" in told
        assert page.locator("#chart").count() == 0
        keep(page, "sealed")
        for number in (1, 2):
            assert (
                english(visit(f"/agreements/{number}?lang=ru", at=console).evaluate(SHOWN), "--viewing-keys")
                == []
            )
        assert "Readings are sealed" in visit("/agreements/1/readings?lang=en", at=console).content()
        assert "Readings are sealed" in visit("/agreements/2?lang=en", at=console).content()
        assert set(got_json(f"{console.url}/agreements/1/readings.json")["units"]) == {-1}
        acts = got_json(f"{console.url}/agreements/2/acts.json?account={life.consumer.address}")["acts"]
        assert [each["act"] for each in acts] == ["cancel"], "nobody accepts here what nobody sees"
        visit.close()


def test_with_the_key_its_figures_are_those_that_the_meter_read(
    life: Life, visit: Visits, tmp_path: Path
) -> None:
    keys = ViewingKeys({sealing.key_hash(KEY): KEY})
    with RunningConsole(life.url, life.domain.contract, tmp_path / "i.sqlite", keys=keys) as console:
        console.has(life.web3.eth.block_number)
        shown = got_json(f"{console.url}/agreements/1/readings.json")
        assert shown["units"][: len(LANES)] == LANES
        bands = [list(each) for each in zip(shown["least"], shown["greatest"], strict=True)]
        plain = terms_of(14, interval_s=3600).bands
        assert bands[:168] == [list(each) for each in plain]
        page = visit("/agreements/1?lang=en", at=console)
        page.wait_for_selector("#chart[data-drawn]")
        told = page.locator("main").inner_text().replace("\u00a0", " ")
        assert "140 kWh used, 400 units or 40 kWh over 100 kWh: 500 + 400 × 7 = 3,300" in told
        assert "the console has the viewing key" in told
        keep(page, "sealed-opened")
        offer = visit("/agreements/2?lang=en", at=console)
        offer.wait_for_selector("#chart[data-drawn]")
        assert got_json(f"{console.url}/agreements/2/readings.json")["greatest"][8] == 1000
        assert got_json(f"{console.url}/agreements/1/audit.json")["equal"]
        acts = got_json(f"{console.url}/agreements/2/acts.json?account={life.consumer.address}")["acts"]
        assert [each["act"] for each in acts] == ["accept", "cancel"]
        assert "Sealed bands both parties together may replace" in told
        visit.close()
