# SPDX-License-Identifier: Apache-2.0
"""The guides are what happens: each line is a command, and what a machine without Besu can play is played."""

from __future__ import annotations

import math
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
from eth_account import Account
from tests.toolchain.running_anvil import FUNDED_PRIVATE_KEY
from tests.tools.agreements import electro

from electro_contracts.deployment import Least
from electro_contracts.node.access import Endpoint
from electro_contracts.node.profiles import ANVIL
from electro_protocol import address
from electro_protocol.eip712 import Domain
from electro_protocol.readings import unpack
from electro_tools.cli import cli
from electro_tools.contract.deploy import at, deploy
from electro_tools.demo.relayer_process import RelayerProcess
from electro_tools.demo.scenario import feeder
from electro_tools.fleet.onboarding import agree, enrol
from electro_tools.fleet.pace import Pace
from electro_tools.fleet.simulated import FleetMeter
from electro_tools.load import LoadCurve
from electro_tools.transact import connect, send

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.toolchain.running_anvil import Anvil

ROOT = Path(__file__).parents[2]
BESU, MOVING = ROOT / "tools/BESU.md", ROOT / "contracts/MOVING.md"
MANUAL = ROOT / "firmware/README.md"
FREE = ("--base-fee", "0", "--gas-price", "0", "--disable-min-priority-fee")


def lines_of(guide: Path) -> list[str]:
    blocks = re.findall(r"^```console\n(.*?)^```", guide.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.replace("\\\n", "").splitlines()]


def command_of(line: str) -> tuple[Any, list[str]]:
    """Return the command of a line and the words behind it, of which each option must be one of its own."""
    words = shlex.split(line, comments=True)
    assert words[0] == "electro"
    command: Any = cli
    rest = words[1:]
    while isinstance(command, click.Group) and rest:
        found = command.get_command(click.Context(command), rest[0])
        if found is None:
            break
        command, rest = found, rest[1:]
    assert not (isinstance(command, click.Group) and rest), line
    options = {name for parameter in command.params for name in parameter.opts}
    assert {word for word in rest if word.startswith("--")} <= options, line
    return command, rest


def test_every_command_that_the_manual_names_in_passing_is_one() -> None:
    # `electro status` is a word for the meter itself, at its serial line
    named = set(re.findall(r"`(electro [^`]+)`", MANUAL.read_text("utf-8"))) - {"electro status"}
    assert len(named) > 10
    for line in named:
        command_of(line)


@pytest.mark.parametrize("line", [*lines_of(BESU), *lines_of(MOVING), *lines_of(MANUAL)])
def test_every_line_is_a_command_with_options_that_there_are(line: str) -> None:
    command, rest = command_of(line)
    named = [word for word in rest if word.startswith("--")]
    required = {p.opts[-1] for p in command.params if isinstance(p, click.Option) and p.required}
    assert required <= set(named) | {"--key-file"}, line


@pytest.mark.parametrize("guide", [BESU, MOVING])
def test_no_line_writes_over_what_an_earlier_one_wrote(guide: Path) -> None:
    written = re.findall(r" --out (\S+)", "\n".join(lines_of(guide)))
    assert len(set(written)) == len(written)


def test_the_way_to_a_network_leads_to_reports_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, start_anvil: Callable[..., Anvil]
) -> None:
    """From keys to a fleet; anvil, with the network's own first block, stands for its validators."""
    monkeypatch.chdir(tmp_path)
    named: dict[str, str] = {}
    for line in lines_of(BESU):
        words = shlex.split(re.sub(r"\$(\w+)", lambda found: named[found[1]], line))[1:]
        done = electro(*words)
        assert (done.code, done.err) == (0, ""), (line, done)
        shown = re.search(r"^(?:address|contract) +(0x\w{40})$", done.out, re.MULTILINE)
        if words[:2] == ["key", "address"]:
            assert shown is not None
            named["RELAYER" if "relayer.key" in words else "OPERATOR"] = shown[1]
        elif words[:2] == ["contract", "deploy"]:
            assert shown is not None
            named["CONTRACT"] = shown[1]
        elif words[:3] == ["chain", "check", "net"]:
            chain_id = re.search(r"# Chain (\d+)", (tmp_path / "net/README.md").read_text())
            assert chain_id is not None
            genesis = str(tmp_path / "net/genesis.json")
            named["URL"] = start_anvil("--init", genesis, *FREE, chain_id=int(chain_id[1])).url
    assert named["CONTRACT"]


class Side:
    """A chain with the contract and a relayer on it."""

    def __init__(self, url: str, operator: Any, payer: Any, folder: Path) -> None:
        self.web3 = connect(url)
        made = deploy(
            self.web3, operator, admin=operator.address, operator=operator.address, admin_delay_s=0,
            least=Least(0, 0, 0),
        )  # fmt: skip
        self.operator, self.contract = operator, at(self.web3, made.address)
        self.domain = Domain(self.web3.eth.chain_id, address.parse(made.address))
        self.pace = Pace(self.web3, ANVIL, real_time=False)
        folder.mkdir()
        key = folder / "key"
        key.touch(mode=0o600)
        key.write_text(bytes(payer.key).hex())
        latest = {"ELECTRO_RELAYER_FINALITY": "latest"}
        self.relayer = RelayerProcess(Endpoint(url), made.address, key, folder / "log", latest)

    def point(self, agreement_id: int, device: str) -> Any:
        return self.contract.functions.point(agreement_id, device).call()

    def reports(self) -> list[Any]:
        return [log["args"] for log in self.contract.events.EnergyReported().get_logs(from_block=0)]


STEP_S, PERIOD = 900, 8  # intervals of each agreement


async def _live(
    meter: FleetMeter, sides: tuple[Side, ...], now_s: int, least_s: int, there: Callable[[], bool]
) -> int:
    """Move both chains and the meter on, at least up to an instant and until it is there; return when that is."""
    for _ in range(12 * PERIOD):
        now_s += STEP_S
        for side in sides:
            await side.pace.reach(now_s)
        await meter.live_until(now_s)
        if now_s >= least_s and there():
            return now_s
    raise AssertionError(f"it did not come to be: {meter.stands(1)}")


async def test_a_meter_moves_to_another_chain_and_its_register_goes_on(
    tmp_path: Path, start_anvil: Callable[..., Anvil]
) -> None:
    """The old period is whole on the public chain, the new one on the private chain, from its first interval on."""
    public_url = start_anvil("--timestamp", "1780000000").url
    private_url = start_anvil("--timestamp", "1780000000", *FREE, chain_id=2018).url
    accounts = [Account.from_key(FUNDED_PRIVATE_KEY), Account.from_key("0x" + "5a" * 32)]
    connect(public_url).provider.make_request("anvil_setBalance", [accounts[1].address, hex(10**20)])  # type: ignore[arg-type]
    public = Side(public_url, accounts[0], accounts[1], tmp_path / "public")
    private = Side(private_url, Account.from_key("0x" + "0e" * 32), accounts[1], tmp_path / "private")
    sides = (public, private)
    start = -(-(max(side.pace.now_s() for side in sides) + 2 * STEP_S) // STEP_S) * STEP_S
    turn = start + PERIOD * STEP_S
    power = tuple(60_000.0 * STEP_S / 3600 * (1 + index % 3) / 3 for index in range(2 * PERIOD))
    plans = [
        feeder("mill", LoadCurve(begin, STEP_S, some, "made", PERIOD * STEP_S), 1.0, 0.9)
        for begin, some in ((start, power[:PERIOD]), (turn, power[PERIOD:]))
    ]
    journal = tmp_path / "journal"
    journal.mkdir()

    def provisioned(side: Side, switched_on_s: int) -> FleetMeter:
        """The same chip, key and journal, with a contract's settings."""
        return FleetMeter({
            "chain_id": side.domain.chain_id, "contract": side.contract.address, "hardware_id": "0x" + "11" * 32,
            "relayers": [side.relayer.url], "load_w": [energy * 3600 / STEP_S for energy in power],
            "load_start": start, "start": switched_on_s, "interval_seconds": STEP_S, "directory": str(journal),
            "private_key": "0x" + "7a" * 32, "windows_per_interval": 3, "report_every": 2,
            "base_seconds": math.gcd(start, STEP_S),
        })  # fmt: skip

    for side in sides:
        await side.relayer.start()
    try:
        ids, device = [], ""
        for side, plan in zip(sides, plans, strict=True):
            ready = provisioned(side, start - STEP_S).ready()
            [device] = enrol(side.contract, side.operator, [ready], 1, lambda _: None)
            ids.append(agree(side.contract, side.domain, side.operator, plan.terms, plan.bonus, [device])[0])
        meter = provisioned(public, start - STEP_S)
        left_s = await _live(
            meter, sides, start, turn + 2 * STEP_S, lambda: public.point(ids[0], device)[1] == PERIOD
        )
        assert meter.stands(ids[0])["measured"] == PERIOD
        meter.switch_off()
        meter = provisioned(private, left_s)
        await _live(meter, sides, left_s, left_s, lambda: private.point(ids[1], device)[1] == PERIOD)
        meter.switch_off()
    finally:
        for side in sides:
            await side.relayer.stop()
    old, new = public.reports(), private.reports()
    for reports in (old, new):
        firsts = [each["firstInterval"] for each in reports]
        assert firsts == sorted(firsts)
        assert firsts[0] == 0
    unit_wh = plans[1].terms.unit_wh
    lanes = [lane for each in new for lane in unpack(each["readings"])]
    assert len(lanes) == PERIOD
    moved = (left_s - turn) // STEP_S  # the interval that began when the chip was given its new settings
    lost = [interval for interval, lane in enumerate(lanes) if lane == 0xFFFF]
    assert set(lost) <= {moved - 1, moved}, "only what the chip could not measure while it started anew"
    gone_wh = new[-1]["registerWh"] - old[-1]["registerWh"]
    measured_wh = sum(lane for lane in lanes if lane < 0x8000) * unit_wh
    at_most_wh = measured_wh + sum(power[PERIOD + interval] for interval in lost)
    assert measured_wh - unit_wh <= gone_wh <= at_most_wh + unit_wh
    terms = plans[0].terms
    await public.pace.reach(terms.settles_at + 1)
    send(public.web3, public.operator, public.contract.functions.settle(ids[0]))
