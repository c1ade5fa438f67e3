# SPDX-License-Identifier: Apache-2.0
"""Run the demo: a chain, the contract, a relayer and three meters, and move time on for all of them.

The world's clock is the chain's: moved where it can be, waited for where it can't. Each step it goes on by one
interval, first on the chain, then in every meter, so that no meter is ever ahead of the chain.
"""

from __future__ import annotations

import asyncio
import math
import secrets
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eth_account import Account

from electro_contracts.deployment import LEAST, Least
from electro_contracts.node.access import Endpoint
from electro_protocol import address
from electro_protocol.eip712 import Domain
from electro_tools.chain.asking import Asking
from electro_tools.chain.ledger import Ledger
from electro_tools.chain.server import ChainServer
from electro_tools.contract.deploy import at, deploy
from electro_tools.contract.logs import decode
from electro_tools.errors import ToolError
from electro_tools.fleet.pace import Pace
from electro_tools.transact import connect, send

from .meter_process import MeterProcess
from .narration import narrate
from .onboarding import onboard
from .relayer_process import RelayerProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eth_account.signers.local import LocalAccount
    from web3 import Web3
    from web3.contract import Contract

    from electro_protocol.signed import SignedMessage

    from .scenario import MeterPlan, Span

CHAIN_ID = 1337
REPORT_EVERY = 4  # intervals: each hour of quarter hours
_HOUR_S = 3600
BEFORE_START_S = 86_400  # deployment, enrolment and acceptance happen on the day before
_DRAIN_STEPS = 96  # what is still under way at the end has the grace to arrive
_MAINS_HZ = 50


@dataclass(frozen=True)
class Node:
    """A chain to live on: its JSON-RPC, and two accounts that can pay, of the operator and of the relayer."""

    endpoint: Endpoint
    operator: LocalAccount
    payer: LocalAccount


@dataclass
class Metered:
    """One metering point and what became of it."""

    plan: MeterPlan
    device: str = ""
    agreement_id: int = 0
    consumer: bytes = b""
    signed: list[SignedMessage] = field(default_factory=list)
    status: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What the demo ends with; `web3` and `contract` answer further questions while the chain lives."""

    meters: list[Metered]
    web3: Web3
    contract: Contract
    domain: Domain
    relayer_address: str
    first_block: int
    endpoint: Endpoint


class World:
    """One run of the demo.

    Args:
        plans: the meters.
        windows_per_interval: how finely they sample: windows of ten cycles in each interval.
        interpreter: a MicroPython to run them in; None for this Python.
        stop_relayer: kill the relayer at a third of the way and start it again an eighth later.
        tell: called with (stage, done, total) as things go on.
        note: called with (unix seconds, who, what) when something worth a line happens.
    """

    def __init__(
        self,
        plans: Sequence[MeterPlan],
        windows_per_interval: int,
        interpreter: Path | None,
        *,
        stop_relayer: bool,
        tell: Callable[[str, int, int], None],
        note: Callable[[int, str, str], None],
    ) -> None:
        self._meters = [Metered(plan) for plan in plans]
        self._windows_per_interval = windows_per_interval
        self._interpreter = interpreter
        self._stop_relayer = stop_relayer
        self._tell = tell
        self._note = note
        self._noted_block = 0
        self._processes: list[MeterProcess] = []
        terms = plans[0].terms
        self._start, self._step = terms.start, terms.interval_seconds
        self._steps = terms.intervals
        self._grace_s, self._dispute_s = terms.grace, terms.dispute_window
        self._end = self._start + self._step * self._steps

    def run(self, then: Callable[[Outcome], None]) -> None:
        """Live through the whole agreement on a chain in memory; `then` sees the outcome while the chain is up.

        Raises:
            ToolError: something did not start, or a message was lost.
        """
        operator, payer = (Account.from_key(secrets.token_bytes(32)) for _ in range(2))
        funded = [address.parse(account.address) for account in (operator, payer)]
        with ChainServer(Ledger(CHAIN_ID, self._start - BEFORE_START_S, funded)) as server:
            then(self.live(Node(Endpoint(server.url), operator, payer)))

    def live(self, node: Node, *, real_time: bool = False) -> Outcome:
        """Live through the whole agreement on this chain, whose clock is moved where it can be.

        Raises:
            ToolError: something did not start, or a message was lost.
        """
        with tempfile.TemporaryDirectory(prefix="electro-demo-") as folder:
            web3 = connect(node.endpoint, timeout_s=None)
            pace = Pace(web3, Asking(node.endpoint).know().profile, real_time=real_time)
            return asyncio.run(self._live(web3, pace, node, Path(folder)))

    async def _live(self, web3: Web3, pace: Pace, node: Node, folder: Path) -> Outcome:
        operator, payer = node.operator, node.payer
        self._tell("deploy the contract", 0, 1)
        deployed = deploy(
            web3,
            operator,
            admin=operator.address,
            operator=operator.address,
            admin_delay_s=0,
            # a day that is played in short is settled within minutes
            least=Least(
                min(LEAST.grace, self._grace_s),
                min(LEAST.dispute_window, self._dispute_s),
                LEAST.discount_expiry,
            ),
        )
        self._tell("deploy the contract", 1, 1)
        contract = at(web3, deployed.address)
        domain = Domain(web3.eth.chain_id, address.parse(deployed.address))
        key_file = folder / "relayer.key"
        key_file.touch(mode=0o600)
        key_file.write_text(bytes(payer.key).hex())
        self._noted_block = deployed.block
        finality = {"ELECTRO_RELAYER_FINALITY": "latest" if pace.moves else "auto"}
        relayer = RelayerProcess(
            node.endpoint, deployed.address, key_file, folder / "relayer.log", settings=finality
        )
        try:
            await relayer.start()
            self._tell("enrol, propose, accept", 0, len(self._meters))
            for index in range(len(self._meters)):
                await self._open(index, folder / f"meter{index}", relayer.url, contract, domain, operator)
                self._tell("enrol, propose, accept", index + 1, len(self._meters))
            await self._pass_time(contract, pace, relayer)
            await self._settle(pace, contract, operator)
        finally:
            for process in self._processes:
                await process.stop()
            await relayer.stop()
        return Outcome(self._meters, web3, contract, domain, payer.address, deployed.block, node.endpoint)

    async def _open(
        self,
        index: int,
        folder: Path,
        relayer_url: str,
        contract: Contract,
        domain: Domain,
        operator: LocalAccount,
    ) -> None:
        """Start a meter and bring it under its agreement."""
        metered = self._meters[index]
        process = MeterProcess(metered.plan.name, self._interpreter, metered.signed.append)
        self._processes.append(process)
        folder.mkdir()
        metered.device, enrolment = await process.start(
            self._configuration(index, folder, relayer_url, domain)
        )
        metered.agreement_id, metered.consumer = onboard(
            contract, domain, operator, metered.plan, metered.device, enrolment
        )

    def _configuration(self, index: int, folder: Path, relayer_url: str, domain: Domain) -> dict[str, Any]:
        """Return the first line of a meter's process; see electro_tools.grid.process."""
        plan = self._meters[index].plan
        return {
            "chain_id": domain.chain_id,
            "contract": address.checksum(domain.contract),
            "hardware_id": "0x" + (index + 1).to_bytes(32, "big").hex(),
            "relayers": [relayer_url],
            "load_w": list(plan.load_w),
            "load_start": self._start,
            "interval_seconds": self._step,
            "directory": str(folder),
            "seed": index + 1,
            "private_key": "0x" + secrets.token_hex(32),
            "mains_hz": _MAINS_HZ,
            "power_factor": plan.power_factor,
            "interruptions": [{**_span(plan.outage), "side": "consumer"}] if plan.outage else [],
            "network_down": [_span(plan.offline)] if plan.offline else [],
            "windows_per_interval": self._windows_per_interval,
            "report_every": REPORT_EVERY,
            "base_seconds": math.gcd(self._start, self._step, _HOUR_S),  # a record is of an hour at most
        }

    async def _pass_time(self, contract: Contract, pace: Pace, relayer: RelayerProcess) -> None:
        kill_at = self._steps // 3 if self._stop_relayer else None
        restart_at = kill_at + max(1, self._steps // 8) if kill_at is not None else None
        for step in range(1, self._steps + 1):
            if step == kill_at:
                self._note(self._start + step * self._step, "relayer", "killed (SIGKILL)")
                await relayer.kill()
            if step == restart_at:
                self._note(self._start + step * self._step, "relayer", "started again, knowing nothing")
                await relayer.start()
            await self._advance(contract, pace, self._start + step * self._step)
            self._tell("metering", step, self._steps)
        for step in range(1, _DRAIN_STEPS + 1):
            waiting = [metered for metered in self._meters if not _all_final(metered)]
            self._tell("the last reports arrive", len(self._meters) - len(waiting), len(self._meters))
            if not waiting:
                return
            await self._advance(contract, pace, self._end + step * self._step)
        names = ", ".join(metered.plan.name for metered in self._meters if not _all_final(metered))
        raise ToolError(f"not every reading arrived from: {names}", "this is a defect; please report it")

    async def _advance(self, contract: Contract, pace: Pace, unix_s: int) -> None:
        """Move the chain, or wait for it, then every meter to this instant."""
        await pace.reach(unix_s)
        await asyncio.gather(*(process.advance_to(unix_s) for process in self._processes))
        for metered, process in zip(self._meters, self._processes, strict=True):
            metered.status = process.status
        self._note_events(contract, unix_s)

    def _note_events(self, contract: Contract, now: int) -> None:
        """Tell what the contract has judged since the last time."""
        newest = contract.w3.eth.block_number
        if newest == self._noted_block:
            return
        logs = contract.w3.eth.get_logs(
            {"fromBlock": self._noted_block + 1, "toBlock": newest, "address": contract.address}
        )
        self._noted_block = newest
        names = {address.parse(metered.device): metered.plan.name for metered in self._meters}
        for log in logs:
            words = narrate(decode(log), REPORT_EVERY)
            if words is not None:
                device, what = words
                self._note(now, names[device], what)

    async def _settle(self, pace: Pace, contract: Contract, operator: LocalAccount) -> None:
        self._tell("settle", 0, len(self._meters))
        await pace.reach(self._end + self._grace_s + self._dispute_s + 1)
        for index, metered in enumerate(self._meters):
            send(contract.w3, operator, contract.functions.settle(metered.agreement_id))
            self._tell("settle", index + 1, len(self._meters))


def _span(span: Span) -> dict[str, int]:
    return {"start": span.start, "end": span.end}


def _all_final(metered: Metered) -> bool:
    """Return whether everything the meter measured in its agreement is final on the chain."""
    place = metered.status["agreements"].get(str(metered.agreement_id), {})
    told = place.get("outages_to_tell") == 0
    return bool(told and place.get("next_final") == metered.plan.terms.intervals)
