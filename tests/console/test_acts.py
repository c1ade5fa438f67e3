# SPDX-License-Identifier: Apache-2.0
"""Every act through a wallet in the browser, on anvil: told in words, rehearsed, signed or sent, and on chain then."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from eth_account import Account

from electro_contracts.invoices import word
from electro_contracts.terms import pack_bands
from electro_protocol import address
from electro_protocol.messages import Renomination
from electro_protocol.signed import SignedMessage
from electro_tools.agreement import consent
from electro_tools.agreement.consent import Consent
from tests.console import acting
from tests.console.browser import until
from tests.console.conftest import Visits, keep
from tests.console.english import SHOWN, english
from tests.console.life import DAY_S, GENESIS, START, Life, terms_of
from tests.console.running_console import RunningConsole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Page

    from tests.toolchain.running_anvil import Anvil

HOURLY = {"interval_s": 3600}
SUCCESSOR = "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a"  # anvil's third account


class Stage:
    """A chain of its own, a console on it, and pages with a wallet."""

    def __init__(self, life: Life, console: RunningConsole, visit: Callable[..., Page]) -> None:
        self.life = life
        self._console = console
        self._visit = visit
        self.wallet: Any = None

    def open(self, number: int, who: Any, **more: Any) -> Page:
        """Open an agreement's page with the wallet of somebody, connected."""
        self._console.has(self.life.web3.eth.block_number)
        page = self._visit(
            f"/agreements/{number}?lang=en", at=self._console, wallet=(self.life.web3, who), **more
        )
        self.wallet = page.context.wallet  # type: ignore[attr-defined]
        return acting.connect(page)

    def act(self, page: Page, name: str, fields: dict[str, str] | None = None, *, sign: bool = False) -> str:
        """Do an act up to its being mined or signed; return what was told before."""
        acting.begin(page, name, fields)
        page.wait_for_selector("dialog[open] [data-do=send]")
        told = acting.told(page)
        keep(page, f"act-{name}")
        acting.end(page, sign=sign)
        return told

    def record(self, number: int) -> dict[str, Any]:
        """What the contract has on record."""
        view = self.life.contract.get_function_by_name("agreement")
        names = [each["name"] for each in view.abi["outputs"][0]["components"]]
        return dict(zip(names, view(number).call(), strict=True))


@pytest.fixture
def stage(start_anvil: Callable[..., Anvil], visit: Visits, tmp_path: Path) -> Iterator[Stage]:
    life = Life(start_anvil(*GENESIS))
    with RunningConsole(life.url, life.domain.contract, tmp_path / "index.sqlite") as console:
        yield Stage(life, console, visit)
        visit.close()


def test_a_life_by_wallets_alone(stage: Stage) -> None:
    life = stage.life
    meter, other = life.meter(), life.meter()
    terms = terms_of(14, grace=DAY_S, dispute_window=DAY_S, **HOURLY)
    number = life.agree(terms, [meter], 1_000_000, accept=False)

    told = stage.act(stage.open(number, life.consumer), "accept")
    assert "This binds you to agreement 1" in told
    assert "1,000,000" in told
    assert stage.record(number)["state"] == 2

    told = stage.act(stage.open(number, life.operator), "grant", {"amount": "5000"})
    assert "1,005,000" in told
    assert stage.record(number)["grants"] == 5000

    life.wait_until(START + DAY_S)
    life.report(number, meter, 0, [500] * 8 + [1400, 500] + [500] * 14)
    page = stage.open(number, life.consumer)
    fields = {
        "place": "0",
        "since": "2027-01-20T08:00",
        "until": "2027-01-20T12:00",
        "least": "30",
        "greatest": "80",
    }
    told = stage.act(page, "renominate", fields)
    assert "20 Jan 2027, 08:00–12:00" in told
    assert "30–100 kWh → 30–80 kWh" in told
    _, sequence = life.contract.functions.overrideOf(number, 0, 0).call()
    assert sequence == 1

    stage.act(stage.open(number, life.operator), "rotate", {"old": meter.address, "new": other.address})
    stage.act(
        stage.open(number, life.consumer), "accept-rotation", {"meters": f"{meter.address} {other.address}"}
    )
    assert other.address in stage.record(number)["devices"]

    told = stage.act(stage.open(number, life.consumer), "fault", {"place": "0"})
    assert "for good" in told
    assert life.contract.functions.point(number, other.address).call()[11], "declared faulty"

    told = stage.act(stage.open(number, life.consumer), "terminate")
    assert "You leave" in told
    assert stage.record(number)["state"] == 5

    life.wait_until(stage.record(number)["settlesAt"] - terms.dispute_window + 3600)
    page = stage.open(number, life.operator)
    before = stage.record(number)["remaining"]
    told = stage.act(page, "waive", {"reason": "The breaker was tested on our order", "amount": "700"})
    assert "breaker" in told
    assert stage.record(number)["waived"] == 700
    assert stage.record(number)["remaining"] >= before
    page = stage.open(number, life.operator)
    assert "The breaker was tested on our order" in page.locator(".notes").inner_text()
    of_intervals = {"place": "0", "since": "2027-01-18T08:00", "until": "2027-01-18T10:00"}
    stage.act(page, "waive", {"reason": "It was our crane", **of_intervals})
    assert stage.record(number)["waived"] == 700 + 500 + 400 * terms.over_rate
    note = stage.open(number, life.operator).locator(".notes").inner_text().replace("\u00a0", " ")
    assert "place 0, 18 Jan 2027, 08:00–10:00" in note

    life.wait_until(stage.record(number)["settlesAt"] + 10)
    stage.act(stage.open(number, Account.from_key(SUCCESSOR)), "settle")
    settled = stage.record(number)
    assert settled["state"] == 3
    if settled["discount"]:
        stage.act(stage.open(number, life.consumer), "redeem", {"invoice": "INV-7", "amount": "1"})
        stage.act(stage.open(number, life.operator), "acknowledge", {"invoice": "INV-7"})
        assert life.contract.functions.redemption(number, word("INV-7")).call()[2]
    page = stage.open(number, life.operator)
    for part in ("", "/ledger", "/readings", "/audit"):
        page.goto(f"{page.url.split('/agreements')[0]}/agreements/{number}{part}?lang=ru")
        own = "INV", "The breaker was tested on our order", "It was our crane", "Test wallet"
        assert english(page.evaluate(SHOWN), *own) == [], part


def test_an_acceptance_can_be_signed_for_others_to_send(stage: Stage, tmp_path: Path) -> None:
    life = stage.life
    number = life.agree(terms_of(7, **HOURLY), [life.meter()], accept=False)
    page = stage.open(number, life.consumer)
    stage.act(page, "accept", sign=True)
    assert stage.record(number)["state"] == 1, "a signature alone changes nothing"
    assert stage.wallet.signed[0]["primaryType"] == "AgreementAcceptance"
    file = acting.download(page, tmp_path / "signed.json")
    signed = consent.from_content(file, json.loads(file.read_text())).signed
    assert signed.signer(life.domain) == address.parse(life.consumer.address)
    life.act(life.operator, "acceptBySignature", *signed.message.values(), signed.signature)
    assert stage.record(number)["state"] == 2


def test_bands_beyond_the_consumers_own_right_need_both(stage: Stage, tmp_path: Path) -> None:
    life = stage.life
    number = life.agree(terms_of(7, **HOURLY), [life.meter()])
    page = stage.open(number, life.consumer)
    fields = {
        "place": "0",
        "since": "2027-01-20T08:00",
        "until": "2027-01-20T12:00",
        "least": "10",
        "greatest": "130",
    }
    acting.begin(page, "renominate", fields)
    page.wait_for_selector("dialog[open] [data-do=sign]")
    assert "Only together with the operator" in acting.told(page)
    assert page.locator("dialog[open] [data-do=send]").count() == 0, "the consumer alone can send nothing"
    acting.end(page, sign=True)
    file = acting.download(page, tmp_path / "signed.json")

    page = stage.open(number, life.operator)
    acting.begin(page, "agree")
    acting.show(page, file)
    page.wait_for_selector("dialog[open] [data-do=send]:not([disabled])")
    assert "30–100 kWh → 10–130 kWh" in acting.told(page)
    keep(page, "act-agree")
    acting.end(page)
    _, sequence = life.contract.functions.overrideOf(number, 0, 0).call()
    assert sequence == 1


def test_a_file_that_the_consumer_has_not_signed_is_refused(stage: Stage, tmp_path: Path) -> None:
    life = stage.life
    number = life.agree(terms_of(7, **HOURLY), [life.meter()])
    page = stage.open(number, life.operator, refused=frozenset({400}))
    acting.begin(page, "agree")
    file = tmp_path / "signed.json"
    message = Renomination(number, 0, 24, 1, pack_bands(((100, 1300),)), START + DAY_S)
    for key, why in ((life.operator.key, "not the consumer"), (None, "no signed renomination")):
        signed = key and SignedMessage.make(message, life.domain, bytes(key))
        file.write_text(json.dumps(Consent(life.domain, signed).to_json()) if signed else "{}")
        acting.show(page, file)
        until(page, f"document.querySelector('dialog[open] [role=alert]').textContent.includes('{why}')")


def test_a_place_is_handed_over_and_taken(stage: Stage) -> None:
    life = stage.life
    number = life.agree(terms_of(7, **HOURLY), [life.meter()])
    successor = Account.from_key(SUCCESSOR)
    stage.act(stage.open(number, life.consumer), "hand-over", {"to": successor.address})
    stage.act(stage.open(number, life.consumer), "withdraw")
    stage.act(stage.open(number, life.consumer), "hand-over", {"to": successor.address})
    assert "you the consumer" in stage.act(stage.open(number, successor), "succeed")
    assert stage.record(number)["consumer"] == successor.address


def test_what_is_declined_is_said_and_can_be_done_again(stage: Stage) -> None:
    life = stage.life
    number = life.agree(terms_of(7, **HOURLY), [life.meter()], accept=False)
    page = stage.open(number, life.consumer)
    stage.wallet.declines = True
    acting.begin(page, "accept")
    page.locator("dialog[open] [data-do=send]").click()
    until(page, "document.querySelector('dialog[open] [role=status]').className === 'bad'")
    assert "declined" in acting.told(page)
    assert page.locator("dialog[open] [data-do=send]").is_enabled()


def test_a_wallet_on_another_chain_is_asked_to_switch(stage: Stage) -> None:
    life = stage.life
    number = life.agree(terms_of(7, **HOURLY), [life.meter()], accept=False)
    page = stage.open(number, life.consumer)
    stage.wallet.chain_id = 1
    tell(page, "chainChanged", "0x1")
    page.wait_for_selector("dialog[open] [data-do=switch]")
    assert page.locator("[data-act]").count() == 0, "what was offered on the other chain is gone"
    assert "switch it to chain 31337" in acting.told(page)
    page.locator("dialog[open] [data-do=switch]").click()
    page.wait_for_selector("[data-act=accept]")
    assert page.locator("dialog[open]").count() == 0
    stage.wallet.chain_id = 1  # and says nothing of it
    acting.begin(page, "accept")
    page.locator("dialog[open] [data-do=send]").click()
    until(page, "document.querySelector('dialog[open] [role=status]').className === 'bad'")
    assert "another chain" in acting.told(page)
    assert "eth_sendTransaction" not in stage.wallet.asked
    assert stage.record(number)["state"] == 1


def test_what_was_prepared_for_one_account_is_not_sent_by_another(stage: Stage) -> None:
    life = stage.life
    number = life.agree(terms_of(7, **HOURLY), [life.meter()], accept=False)
    page = stage.open(number, life.consumer)
    acting.begin(page, "accept")
    page.wait_for_selector("dialog[open] [data-do=send]")
    tell(page, "accountsChanged", [life.operator.address.lower()])
    page.wait_for_selector("[data-act=cancel]")
    assert page.locator("dialog[open]").count() == 0
    assert page.locator("[data-act=accept]").count() == 0
    with page.expect_navigation():
        tell(page, "accountsChanged", [])
    assert page.locator("[data-act]").count() == 0
    assert stage.wallet.asked.count("eth_sendTransaction") == 0


def test_a_wallet_that_names_no_account_is_said(stage: Stage, visit: Visits) -> None:
    number = stage.life.agree(terms_of(7, **HOURLY), [stage.life.meter()], accept=False)
    stage._console.has(stage.life.web3.eth.block_number)
    page = visit(
        f"/agreements/{number}?lang=en", at=stage._console, wallet=(stage.life.web3, stage.life.consumer)
    )
    page.context.wallet.declines = True  # type: ignore[attr-defined]
    page.locator("#wallet").click()
    page.wait_for_selector("dialog[open] [role=alert]")
    assert "declined" in acting.told(page)
    assert page.locator("[data-act]").count() == 0


def test_what_was_sent_once_is_not_sent_again(stage: Stage) -> None:
    life = stage.life
    number = life.agree(terms_of(7, **HOURLY), [life.meter()], accept=False)
    page = stage.open(number, life.consumer)
    acting.begin(page, "accept")
    page.wait_for_selector("dialog[open] [data-do=send]")
    life.act(life.operator, "cancel", number)  # so that it comes too late
    page.locator("dialog[open] [data-do=send]").click()
    until(page, "document.querySelector('dialog[open] [role=status]').className === 'bad'")
    assert "refused the transaction" in acting.told(page)
    assert page.locator("dialog[open] [data-do=send]").is_disabled()
    assert stage.wallet.asked.count("eth_sendTransaction") == 1


def tell(page: Page, name: str, detail: Any) -> None:
    """Let the wallet say that something has changed."""
    page.evaluate(
        "([name, detail]) => dispatchEvent(new CustomEvent(`wallet:${name}`, { detail }))", [name, detail]
    )


def test_a_console_that_is_gone_is_said(stage: Stage) -> None:
    life = stage.life
    number = life.agree(terms_of(7, **HOURLY), [life.meter()], accept=False)
    page = stage.open(number, life.consumer, refused=frozenset({502}))
    page.route("**/acts/accept", lambda route: route.fulfill(status=502, body="<html>Bad gateway</html>"))
    acting.begin(page, "accept")
    page.wait_for_selector("dialog[open] [role=alert]")
    assert "The console does not answer." in acting.told(page)
    page.unroute("**/acts/accept")
    page.keyboard.press("Escape")
    acting.begin(page, "accept")
    page.wait_for_selector("dialog[open] [data-do=send]")


def test_what_the_contract_would_refuse_is_never_sent(stage: Stage) -> None:
    life = stage.life
    number = life.agree(terms_of(7, **HOURLY), [life.meter()])
    page = stage.open(number, life.operator)
    acting.begin(page, "rotate")
    page.locator("dialog[open] [name=new]").fill("0x" + "11" * 20)
    page.locator("dialog[open] button.first").click()
    page.wait_for_selector("dialog[open] [data-do=send]")
    assert "would refuse" in acting.told(page)
    assert page.locator("dialog[open] [data-do=send]").is_disabled()


def test_a_stranger_can_do_nothing(stage: Stage) -> None:
    life = stage.life
    number = life.agree(terms_of(7, **HOURLY), [life.meter()])
    page = stage.open(number, Account.from_key(SUCCESSOR))
    assert page.locator("[data-act]").count() == 0
    assert "nothing for this account" in page.locator("#acts").inner_text()
