# SPDX-License-Identifier: Apache-2.0
"""A chain in memory with the contract, parties with key files, meters that sign, and the command as a user runs it."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from eth_account import Account
from web3.types import RPCEndpoint

from electro_contracts import calldata
from electro_contracts.deployment import Least
from electro_contracts.terms import Terms
from electro_protocol import address
from electro_protocol.eip712 import Domain
from electro_protocol.messages import DeviceEnrollment, EnergyReport, OutageReport
from electro_protocol.readings import pack
from electro_protocol.signed import SignedMessage
from electro_tools import cli, papers
from electro_tools.chain.ledger import Ledger
from electro_tools.chain.server import ChainServer
from electro_tools.contract.deploy import at, deploy
from electro_tools.device import enrolment
from electro_tools.transact import connect

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest
    from eth_account.signers.local import LocalAccount

CHAIN_ID = 1337
START = 1_800_000_000 - 1_800_000_000 % 86_400  # a midnight of 2027
HOUR_S = 3600
SETTLES_AT = START + 48 * HOUR_S + 2 * HOUR_S + 86_400 + 1  # of an agreement on TERMS
TERMS = """\
[term]
start = {start}
interval = "1 h"
length = "{hours} h"
unit = "100 Wh"
capacity = "120 kWh"
[penalties]
violation = 500
under_per_unit = 3
over_per_unit = 7
missing = 6300
outage = 1000
outage_minute = 10
outage_causes = ["consumer"]
[deadlines]
grace = "2 h"
dispute_window = "1 d"
notice = "2 h"
fault_lookback = "3 h"
[renomination]
raise = "0 Wh"
lead = "1 d"
[discount]
rate = "25 %"
expiry = "30 d"
[bands]
unit = "kWh"
day = [["00:00", 10.0, 60.0], ["06:00", 40.0, 120.0], ["22:00", 10, 60]]
"""


@dataclass(frozen=True)
class Done:
    """What a command left: its exit code, stdout and stderr."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert (self.code, self.err) == (0, ""), self
        return json.loads(self.out)


def electro(*line: object) -> Done:
    """Run one command line as `electro` does, in this process: a process of its own costs a second and a half."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.run([str(word) for word in line])
    return Done(code, out.getvalue(), err.getvalue())


def audit(*more: object) -> Any:
    """Return the audit of agreement 1."""
    return electro("agreement", "audit", 1, "--json", *more).json


def refused(*line: object) -> str:
    """Run a command that is to fail, and return its sentence."""
    done = electro(*line)
    assert (done.code, done.out) == (1, ""), done
    assert "Traceback" not in done.err
    return done.err


class Front:
    """The node before the chain: `meddle` may answer a request in the chain's place, by method and parameters."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.asked: list[tuple[str, Any]] = []
        self.meddle: Callable[[str, Any], dict[str, Any] | None] = lambda _method, _params: None

    def answer(self, untrusted: Any) -> Any:
        if isinstance(untrusted, list):
            return [self.answer(each) for each in untrusted]
        method, params = untrusted["method"], untrusted.get("params", [])
        self.asked.append((method, params))
        meddled = self.meddle(method, params)
        if meddled is None:
            return self._ledger.answer(untrusted)
        return {"jsonrpc": "2.0", "id": untrusted["id"], **meddled}

    def truth(self, method: str, params: Any) -> Any:
        """Return what the chain would have answered."""
        return self._ledger.answer({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})


class World:
    """A chain whose clock stands a day before START; use it as a context manager.

    The environment names its node and contract, so that command lines need not.
    """

    def __init__(self, folder: Path, environment: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.operator = self.account("operator")
        self.consumer = self.account("consumer")
        self.anyone = self.account("anyone")
        parties = (self.operator, self.consumer, self.anyone)
        ledger = Ledger(CHAIN_ID, START - 86_400, [address.parse(party.address) for party in parties])
        self.front = Front(ledger)
        self._server = ChainServer(self.front)
        self._environment = environment

    def __enter__(self) -> Self:
        url = self._server.__enter__().url
        self.web3 = connect(url)
        self.contract = deploy(
            self.web3,
            self.operator,
            admin=self.operator.address,
            operator=self.operator.address,
            admin_delay_s=0,
            least=Least(0, 0, 0),
        ).address
        self.domain = Domain(CHAIN_ID, address.parse(self.contract))
        for name, value in (("RPC", url), ("CONTRACT", self.contract), ("CHAIN_ID", CHAIN_ID)):
            self._environment.setenv(f"ELECTRO_{name}", str(value))
        return self

    def __exit__(self, *_: object) -> None:
        self._server.__exit__()

    def account(self, name: str) -> LocalAccount:
        """Return the account of a name; its key is in the file of that name."""
        account: LocalAccount = Account.from_key(name.encode().rjust(32, b"\1"))
        file = self.key(name)
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(bytes(account.key).hex())
        return account

    def key(self, name: str) -> Path:
        return self.folder / f"{name}.key"

    def as_(self, name: str) -> tuple[str, Path, str]:
        """The words on a command line by which someone acts without being asked."""
        return "--key-file", self.key(name), "--yes"

    def terms(self, name: str = "terms", *, start: int = START, hours: int = 48, **changes: str) -> Path:
        """Write a terms file; a change replaces the line of that key."""
        at = f"{start // 86_400 * 86_400}"
        assert at == str(start), "bands by the time of day are easiest to follow from a midnight"
        text = TERMS.format(start=f"{datetime.fromtimestamp(start, UTC):%Y-%m-%dT%H:%M:%SZ}", hours=hours)
        for key, value in changes.items():
            lines = [
                f"{key} = {value}" if line.startswith(f"{key} = ") else line for line in text.splitlines()
            ]
            text = "\n".join(lines) + "\n"
        file = self.folder / f"{name}.toml"
        file.write_text(text)
        return file

    def enrol(self, meter: LocalAccount) -> None:
        message = DeviceEnrollment(b"hall 3".ljust(32, b"\0"), 300, START + 10**8)
        signed = SignedMessage.make(message, self.domain, bytes(meter.key))
        made = enrolment.Enrolment(address.parse(meter.address), CHAIN_ID, self.domain.contract, signed)
        file = self.folder / f"{meter.address}.json"
        papers.write(file, made)
        done = electro("agreement", "enrol", file, "--key-file", self.key("operator"), "--json")
        assert done.json["device"] == meter.address

    def propose(self, device: str, *more: object) -> int:
        """Propose TERMS with a bonus of 100,000; return the id."""
        line = ("--consumer", self.consumer.address, "--device", device, "--bonus", 100_000, *more)
        done = electro("agreement", "propose", self.terms(), *line, *self.as_("operator"), "--json")
        agreement_id: int = done.json["agreement"]
        return agreement_id

    def agree(self, meter: LocalAccount) -> int:
        """Enrol, propose, accept."""
        self.enrol(meter)
        agreement_id = self.propose(meter.address)
        assert electro("agreement", "accept", agreement_id, *self.as_("consumer"), "--json").json
        return agreement_id

    def report(
        self, meter: LocalAccount, agreement_id: int, first: int, lanes: list[int], register_wh: int
    ) -> None:
        message = self.energy(agreement_id, first, register_wh, lanes)
        self._submit(calldata.submit(SignedMessage.make(message, self.domain, bytes(meter.key))))

    def energy(self, agreement_id: int, first: int, register_wh: int, lanes: list[int]) -> EnergyReport:
        """Return a report that believes in the agreement as it is."""
        contract = at(self.web3, self.contract)
        terms = Terms.from_tuple(contract.functions.termsOf(agreement_id).call())
        device = contract.functions.agreement(agreement_id).call()[10][0]
        question = calldata.meter_state(address.parse(device), 0)
        answer = self.web3.eth.call({"to": self.contract, "data": question})
        states = calldata.decode_meter_state(bytes(answer))
        (state,) = [each for each in states if each.agreement_id == agreement_id]
        half = state.code_hash[:16]
        return EnergyReport(agreement_id, terms.start, half, first, register_wh, pack(lanes))

    def outage(
        self, meter: LocalAccount, agreement_id: int, started: int, ended: int, cause: int, number: int = 0
    ) -> None:
        message = OutageReport(agreement_id, number, started, ended, cause)
        self._submit(calldata.submit_outage(SignedMessage.make(message, self.domain, bytes(meter.key))))

    def _submit(self, data: bytes) -> None:
        transaction = {
            "to": self.contract,
            "data": data,
            "gas": 1_000_000,
            "gasPrice": self.web3.eth.gas_price,
            "nonce": self.web3.eth.get_transaction_count(self.anyone.address),
            "chainId": CHAIN_ID,
        }
        signed = self.anyone.sign_transaction(transaction)
        sent = self.web3.eth.send_raw_transaction(signed.raw_transaction)
        assert self.web3.eth.wait_for_transaction_receipt(sent)["status"] == 1

    def wait_until(self, unix_s: int) -> None:
        answer = self.web3.provider.make_request(RPCEndpoint("evm_mine"), [unix_s])
        assert "error" not in answer, answer


def inside(first: int, count: int) -> list[int]:
    """Readings that break no band of TERMS."""
    return [900 if 6 <= (first + i) % 24 < 22 else 350 for i in range(count)]
