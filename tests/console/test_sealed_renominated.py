# SPDX-License-Identifier: Apache-2.0
"""Other bands for a pass of a sealed agreement: made, read, agreed to on a console with the key, and told in words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import requests

from electro_console.viewing_keys import ViewingKeys
from electro_console.web import newer
from electro_console.web.words import Words
from electro_contracts import events, sealed
from electro_protocol import sealing
from electro_protocol.messages import Renomination
from electro_protocol.signed import SignedMessage
from electro_tools.agreement.consent import Consent
from tests.console import acting
from tests.console.conftest import keep
from tests.console.english import SHOWN, english
from tests.console.life import DAY_S, GENESIS, START, WEEK_S, Life, terms_of
from tests.console.running_console import RunningConsole
from tests.console.test_enemies import got_json
from tests.console.test_sealed import KEY, SILENCE, hand_key, report
from tests.waiting import LIMIT_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from eth_account.signers.local import LocalAccount

    from electro_contracts.terms import Bands
    from tests.console.conftest import Visits
    from tests.toolchain.running_anvil import Anvil

KEYS = {sealing.key_hash(KEY): KEY}
PLAIN = terms_of(14, interval_s=3600, missing_penalty=SILENCE)
AGREED = PLAIN.bands
SLOTS = len(AGREED)  # of a week
LOW = (
    *AGREED[:8],
    *[(0, 200)] * 4,
    *AGREED[12:],
)  # of a week in which the mill stands still on Monday morning
STILL = {
    "place": "0",
    "since": "2027-01-25T08:00",
    "until": "2027-01-25T12:00",
    "least": "0",
    "greatest": "20",
}
LANES = [350] * 8 + [150, 150, 300, 150] + [350] * 12  # of that Monday: over by 100 units once


@pytest.fixture
def chain(start_anvil: Callable[..., Anvil]) -> Life:
    return Life(start_anvil(*GENESIS))


@pytest.fixture
def meter(chain: Life) -> LocalAccount:
    return chain.meter()


@pytest.fixture
def life(chain: Life, meter: LocalAccount) -> Life:
    """A sealed agreement that runs."""
    life = chain
    hand_key(life, meter)
    life.agree(sealed.seal(PLAIN, KEY), [meter], 1_000_000)
    life.wait_until(START + DAY_S)
    return life


@pytest.fixture
def console(life: Life, tmp_path: Path) -> Iterator[RunningConsole]:
    """A console with the key."""
    with RunningConsole(
        life.url, life.domain.contract, tmp_path / "i.sqlite", keys=ViewingKeys(KEYS)
    ) as console:
        console.has(life.web3.eth.block_number)
        yield console


def acts(console: RunningConsole, who: LocalAccount) -> set[str]:
    found = got_json(f"{console.url}/agreements/1/acts.json?account={who.address}")
    return {each["act"] for each in found["acts"]}


def prepared(
    console: RunningConsole, act: str, who: LocalAccount, given: dict[str, str], *, language: str = "en"
) -> tuple[int, Any]:
    body = {**given, "sender": who.address}
    path = f"{console.url}/agreements/1/acts/{act}?lang={language}"
    answer = requests.post(path, json=body, timeout=LIMIT_S)
    return answer.status_code, answer.json()


def lines(of: Any) -> str:
    return "\n".join(": ".join(each) for each in of["lines"]).replace("\u00a0", " ")


def signed(life: Life, packed: bytes, *, first: int = SLOTS, place: int = 0, sequence: int = 1) -> str:
    """Return the file of what the consumer signs, with whatever software."""
    message = Renomination(1, place, first, sequence, packed, START + WEEK_S)
    made = SignedMessage.make(message, life.domain, bytes(life.consumer.key))
    return json.dumps(Consent(life.domain, made).to_json())


def sealed_week(bands: Bands, *, pass_: int = 1, place: int = 0) -> bytes:
    return sealed.seal_pass(bands, KEY, 1, place, pass_)


def overridden(console: RunningConsole) -> list[int]:
    """Return the intervals whose bands are not the agreed ones, as far as the console sees."""
    index = console.index
    found: list[int] = index.readings(1, 0, index.status().block_time).overridden.nonzero()[0].tolist()
    return found


def replace(life: Life, packed: bytes, sequence: int = 1) -> None:
    """Let both parties replace the bands of the second week, unseen."""
    message = Renomination(1, 0, SLOTS, sequence, packed, START + WEEK_S)
    signature = SignedMessage.make(message, life.domain, bytes(life.consumer.key)).signature
    life.act(life.operator, "renominateTogether", message.values(), signature)


def test_the_consumer_signs_ciphertext_and_reads_what_it_means(life: Life, console: RunningConsole) -> None:
    assert "renominate" in acts(console, life.consumer)
    assert "renominate" not in acts(console, life.operator), "alone it may not"
    status, made = prepared(console, "renominate", life.consumer, STILL)
    assert status == 200, made
    told = lines(made)
    assert "Only together with the operator: sealed bands are replaced by both parties together alone" in told
    assert "30–100 kWh → 0–20 kWh" in told
    assert told.count("→") == 1
    assert "On chain: sealed: without the viewing key nobody reads these bands" in told
    assert made["transaction"] is None
    message = made["typed_data"]["message"]
    assert (int(message["firstInterval"]), int(message["sequence"])) == (SLOTS, 1)
    assert message["bands"] == "0x" + sealed_week(LOW).hex()
    status, made = prepared(console, "renominate", life.consumer, STILL, language="ru")
    assert english(f"{made['means']} {lines(made)}") == []


def test_without_the_key_nobody_changes_or_agrees_to_bands(life: Life, tmp_path: Path) -> None:
    with RunningConsole(life.url, life.domain.contract, tmp_path / "i.sqlite") as blind:
        blind.has(life.web3.eth.block_number)
        for who in (life.consumer, life.operator):
            assert not {"renominate", "agree"} & acts(blind, who)
        for act, who, given in (
            ("renominate", life.consumer, STILL),
            ("agree", life.operator, {"file": signed(life, sealed_week(LOW))}),
        ):
            status, made = prepared(blind, act, who, given)
            assert (status, made["sentence"]) == (400, "this account can't do that now")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"since": "2027-01-19T08:00", "until": "2027-01-19T12:00"}, "it would begin at"),
        ({"since": "2027-01-24T22:00", "until": "2027-01-25T02:00"}, "are left in this pass of the schedule"),
        ({"greatest": "151"}, "would have a band from 0 to 1510"),
        ({"greatest": "1e9"}, "would have a band from 0 to"),
        ({"least": "21"}, "would have a band from 210 to 200"),
        ({"place": "7"}, "agreement 1 has no place 7"),
        ({"since": "2027-02-02T08:00", "until": "2027-02-02T12:00"}, "336"),
    ],
)
def test_what_the_contract_would_refuse_is_said_before(
    life: Life, console: RunningConsole, changes: dict[str, str], sentence: str
) -> None:
    status, made = prepared(console, "renominate", life.consumer, STILL | changes)
    assert status == 409, made
    assert sentence in made["sentence"]


def test_the_operator_reads_what_was_signed_and_agrees_to_nothing_else(
    life: Life, console: RunningConsole
) -> None:
    status, made = prepared(console, "agree", life.operator, {"file": signed(life, sealed_week(LOW))})
    assert status == 200, made
    assert "30–100 kWh → 0–20 kWh" in lines(made)
    assert (made["function"], made["refused"]) == ("renominateTogether", None)
    unsound = (*AGREED[:8], (0, 1501), *AGREED[9:])
    for wrong in (
        bytes(4 * SLOTS + 16),
        sealed_week(LOW, pass_=0),
        sealed_week(LOW, place=1),
        sealed_week(LOW[:24]),
        sealed_week(unsound),
        sealed.seal_pass(LOW, bytes(32), 1, 0, 1),
    ):
        status, made = prepared(console, "agree", life.operator, {"file": signed(life, wrong)})
        assert status == 400, made
        assert "file: its bands are none of this agreement's" in made["sentence"]
    for first, place in ((SLOTS + 1, 0), (SLOTS, 9)):
        file = signed(life, sealed_week(LOW, place=place), first=first, place=place)
        assert prepared(console, "agree", life.operator, {"file": file})[0] == 409


def test_of_many_changes_it_says_how_many_are_not_shown(life: Life, console: RunningConsole) -> None:
    ragged = tuple((0, greatest - slot % 2) for slot, (_, greatest) in enumerate(AGREED))
    status, made = prepared(console, "agree", life.operator, {"file": signed(life, sealed_week(ragged))})
    assert status == 200, made
    assert lines(made).count("→") == 12
    assert f"Not shown here: {SLOTS - 12} stretches more change" in lines(made)


def test_bands_that_were_replaced_are_shown_judged_and_counted(
    life: Life, meter: LocalAccount, console: RunningConsole, visit: Visits, tmp_path: Path
) -> None:
    replace(life, sealed_week(LOW))
    life.wait_until(START + WEEK_S + DAY_S)
    for day in range(7):
        report(life, 1, meter, 24 * day, [350] * 24, AGREED)
    report(life, 1, meter, SLOTS, LANES, LOW)
    console.has(life.web3.eth.block_number)
    shown = got_json(f"{console.url}/agreements/1/readings.json")
    bands = list(zip(shown["least"], shown["greatest"], strict=True))
    assert bands == [*AGREED, *LOW]
    assert shown["units"][SLOTS : SLOTS + 24] == LANES
    assert overridden(console) == list(range(SLOTS + 8, SLOTS + 12))
    assert got_json(f"{console.url}/agreements/1/audit.json")["equal"]
    page = visit("/agreements/1/ledger?lang=en&page=0", at=console)
    told = page.locator("main").inner_text().replace("\u00a0", " ")
    assert "30 kWh used, 100 units or 10 kWh over 20 kWh: 500 + 100 × 7 = 1,200" in told
    with RunningConsole(life.url, life.domain.contract, tmp_path / "blind.sqlite") as blind:
        blind.has(life.web3.eth.block_number)
        hidden = got_json(f"{blind.url}/agreements/1/readings.json")
        assert set(zip(hidden["least"], hidden["greatest"], strict=True)) == {(0, 1500)}
        assert overridden(blind) == list(range(SLOTS, 2 * SLOTS)), "in which of them nobody sees"
        assert got_json(f"{blind.url}/agreements/1/audit.json")["equal"]
    visit.close()


def test_a_meter_that_judged_by_the_bands_before_is_named_on_the_audit_page(
    life: Life, meter: LocalAccount, console: RunningConsole, visit: Visits
) -> None:
    replace(life, sealed_week(LOW))
    life.wait_until(START + WEEK_S + DAY_S)
    for day in range(7):
        report(life, 1, meter, 24 * day, [350] * 24, AGREED)
    report(life, 1, meter, SLOTS, LANES, AGREED)
    console.has(life.web3.eth.block_number)
    found = got_json(f"{console.url}/agreements/1/audit.json")
    assert not found["equal"]
    (finding,) = found["findings"]
    assert f"report from interval {SLOTS} on: it judged otherwise" in finding
    page = visit("/agreements/1/audit?lang=ru", at=console)
    assert english(page.evaluate(SHOWN)) == []
    visit.close()


def test_bands_that_do_not_open_are_named_and_no_page_fails(
    life: Life, console: RunningConsole, visit: Visits
) -> None:
    replace(life, bytes(4 * SLOTS + 16))
    console.has(life.web3.eth.block_number)
    (finding,) = got_json(f"{console.url}/agreements/1/audit.json")["findings"]
    assert "the bands of pass 1 at place 0 do not open, and no meter can judge by them" in finding
    shown = got_json(f"{console.url}/agreements/1/readings.json")
    assert set(zip(shown["least"][SLOTS:], shown["greatest"][SLOTS:], strict=True)) == {(0, 1500)}
    status, made = prepared(console, "renominate", life.consumer, STILL)
    assert status == 409
    assert "the bands that hold in pass 1 at place 0 do not open" in made["sentence"]
    again = {"file": signed(life, sealed_week(LOW), sequence=2)}
    assert prepared(console, "agree", life.operator, again)[0] == 200, "both can put others in their place"
    for path in ("", "/ledger", "/readings", "/audit"):
        page = visit(f"/agreements/1{path}?lang=ru", at=console)
        assert english(page.evaluate(SHOWN)) == []
    visit.close()


def test_what_is_not_final_says_whose_pass_has_other_bands() -> None:
    event = events.Renominated(1, 0, SLOTS, 1, 2, bytes(4 * SLOTS + 16))
    terms = sealed.seal(PLAIN, KEY)
    told = newer.told(event, terms, Words()).replace("\u00a0", " ")
    assert "Bands of pass 1 at place 0 replaced by both parties, 25 Jan 2027" in told
    assert told.endswith("; they are sealed")
    assert english(newer.told(event, terms, Words("ru"))) == []
    plain = newer.told(events.Renominated(1, 0, 8, 1, 0, bytes(16)), PLAIN, Words())
    assert "4 intervals renominated at place 0" in plain


def test_both_parties_replace_sealed_bands_by_their_wallets_alone(
    life: Life, console: RunningConsole, visit: Visits, tmp_path: Path
) -> None:
    page = visit("/agreements/1?lang=en", at=console, wallet=(life.web3, life.consumer))
    acting.connect(page)
    acting.begin(page, "renominate", STILL)
    page.wait_for_selector("dialog[open] [data-do=sign]")
    assert page.locator("dialog[open] [data-do=send]").count() == 0
    keep(page, "act-renominate-sealed")
    acting.end(page, sign=True)
    file = acting.download(page, tmp_path / "signed.json")

    page = visit("/agreements/1?lang=en", at=console, wallet=(life.web3, life.operator))
    acting.connect(page)
    acting.begin(page, "agree")
    acting.show(page, file)
    page.wait_for_selector("dialog[open] [data-do=send]:not([disabled])")
    assert "30–100 kWh → 0–20 kWh" in acting.told(page)
    acting.end(page)
    account, sequence = life.contract.functions.overrideOf(1, 0, 1).call()
    assert sequence == 1
    assert bytes(life.web3.eth.get_code(account)).endswith(sealed_week(LOW))
    visit.close()
