# SPDX-License-Identifier: Apache-2.0
"""The demo on a chain that is there: who pays, when its day begins, and how a day is played in short."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from eth_account import Account
from tests.toolchain.running_anvil import FUNDED_PRIVATE_KEY
from tests.tools.agreements import electro

from electro_contracts.node.access import Endpoint
from electro_contracts.terms import MAX_SLOTS
from electro_tools import load
from electro_tools.accounts import KeyFile
from electro_tools.chain.ledger import Ledger
from electro_tools.chain.server import ChainServer
from electro_tools.demo import existing, scenario
from electro_tools.errors import ToolError
from electro_tools.transact import connect

if TYPE_CHECKING:
    from pathlib import Path

    from tests.toolchain.running_anvil import Anvil

NOW = 1_796_000_000


def test_a_day_begins_whole_weeks_later_and_a_day_after_now() -> None:
    day = load.built_in(1)
    moved = existing.after_now(day, NOW, None)
    assert moved.start >= NOW + load.DAY_SECONDS
    assert (moved.start - day.start) % (7 * load.DAY_SECONDS) == 0
    assert moved.start - NOW < 9 * load.DAY_SECONDS
    assert moved.energy_wh == day.energy_wh


def test_in_short_powers_stay_and_what_goes_wrong_still_happens_within_the_day() -> None:
    day = load.built_in(1)
    short = existing.after_now(day, NOW, 10)
    assert (short.interval_seconds, short.intervals_per_day, short.days) == (10, 96, 1)
    assert short.start % 10 == 0
    assert sum(short.energy_wh) == pytest.approx(sum(day.energy_wh) * 10 / 900)
    end = short.start + short.day_seconds
    plans = scenario.plan(short)
    for plan in plans:
        assert len(plan.terms.bands) == 96 <= MAX_SLOTS
        assert plan.terms.settles_at - end < 300
        for span in (plan.outage, plan.offline):
            assert span is None or short.start < span.start < span.end < end
    for plan, whole in zip(plans, scenario.plan(day), strict=True):
        assert max(plan.load_w) == pytest.approx(max(whole.load_w))


def test_a_chain_for_tests_gives_money_and_any_other_wants_a_key(anvil: Anvil, tmp_path: Path) -> None:
    node = existing.node(Endpoint(anvil.url), None)
    web3 = connect(anvil.url)
    assert all(web3.eth.get_balance(each.address) for each in (node.operator, node.payer))
    file = tmp_path / "key"
    file.touch(mode=0o600)
    funded = Account.from_key(FUNDED_PRIVATE_KEY)
    file.write_text(bytes(funded.key).hex())
    with ChainServer(Ledger(1337, NOW, [bytes.fromhex(funded.address[2:])])) as chain:
        with pytest.raises(ToolError, match="a new account owns nothing"):
            existing.node(Endpoint(chain.url), None)
        node = existing.node(Endpoint(chain.url), KeyFile(file))
        assert node.operator.address == funded.address
        assert connect(chain.url).eth.get_balance(node.payer.address) > 0
        assert connect(chain.url).eth.get_transaction_count(node.payer.address) == 0, (
            "the audit counts from none"
        )


def test_where_gas_is_free_nobody_needs_anything(start_anvil) -> None:  # type: ignore[no-untyped-def]
    chain = start_anvil("--base-fee", "0", "--gas-price", "0", "--disable-min-priority-fee")
    node = existing.node(Endpoint(chain.url), None)
    assert connect(chain.url).eth.get_balance(node.payer.address) == 0


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        (("--short", "10"), 2, "--short and --key-file go with --rpc"),
        (("--rpc", "node:8545"), 1, "must start with http:// or https://"),
        (("--rpc", "http://127.0.0.1:1"), 1, "does not answer: connection refused"),
    ],
)
def test_what_can_not_be_is_said_at_once(line: tuple[str, ...], code: int, said: str) -> None:
    done = electro("demo", *line)
    assert done.code == code
    assert said in done.err
