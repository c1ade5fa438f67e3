# SPDX-License-Identifier: Apache-2.0
"""Two in-process chains behind one interface: pyrevm for speed, py-evm for what a transaction costs.

pyrevm keeps storage warm from one call to the next, as if all were one transaction, so it can't tell gas.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import pyrevm
import pytest
from eth_abi import encode
from eth_tester import EthereumTester, PyEVMBackend
from eth_tester.backends.pyevm.main import get_default_genesis_params
from eth_tester.exceptions import TransactionFailed

from electro_contracts import errors

if TYPE_CHECKING:
    from eth.abc import VirtualMachineAPI


class Reverted(Exception):  # noqa: N818 - a fact about a call
    """A call was refused; `error` says why."""

    def __init__(self, data: bytes) -> None:
        self.error = errors.decode(data)
        super().__init__(str(self.error))


def refused(name: str) -> pytest.RaisesExc[Reverted]:
    """Expect a call to be refused with the contract's error of this name."""
    return pytest.raises(Reverted, match=rf"^{name}: ")


class Outcome(NamedTuple):
    answer: bytes
    gas: int
    logs: list[tuple[list[bytes], bytes]]


class Engine(Protocol):
    chain_id: int
    accounts: list[str]  # admin, operator, anyone

    def set_time(self, now: int) -> None: ...
    def deploy(self, code: bytes) -> str: ...
    def call(self, caller: str, to: str, data: bytes) -> bytes: ...
    def send(self, caller: str, to: str, data: bytes) -> Outcome: ...


class Revm:
    """Thousands of calls a second. Its gas is not a transaction's."""

    def __init__(self, chain_id: int = 31337, spec: str = "PRAGUE") -> None:
        self.chain_id = chain_id
        self.accounts = ["0x" + byte * 20 for byte in ("a1", "0b", "ee")]
        self.evm = pyrevm.EVM(
            env=pyrevm.Env(cfg=pyrevm.CfgEnv(chain_id=chain_id)), gas_limit=2**40, spec_id=spec
        )

    def set_time(self, now: int) -> None:
        self.evm.set_block_env(pyrevm.BlockEnv(timestamp=now, number=1, gas_limit=2**40))

    def deploy(self, code: bytes) -> str:
        try:
            return self.evm.deploy(self.accounts[2], code)
        except RuntimeError as error:
            raise self._reverted(error) from error

    def call(self, caller: str, to: str, data: bytes) -> bytes:
        return self._run(caller, to, data, is_static=True)

    def send(self, caller: str, to: str, data: bytes, gas: int | None = None) -> Outcome:
        answer = self._run(caller, to, data, gas=gas)
        result = self.evm.result
        assert result is not None
        logs = [
            ([bytes.fromhex(topic[2:]) for topic in log.topics], bytes(log.data[1])) for log in result.logs
        ]
        return Outcome(answer, result.gas_used, logs)

    def _run(self, caller: str, to: str, data: bytes, **options: Any) -> bytes:
        try:
            return bytes(self.evm.message_call(caller, to, calldata=data, **options))
        except RuntimeError as error:
            raise self._reverted(error) from error

    def _reverted(self, error: RuntimeError) -> Reverted:
        return Reverted(revert_data(error))


class PyEvm:
    """Whole transactions in blocks of their own, by the rules of Prague (EIP-7623 included) or of another fork."""

    def __init__(self, fork: type[VirtualMachineAPI] | None = None) -> None:
        parameters = {**get_default_genesis_params(), "gas_limit": 10**9}
        forks = [(0, fork)] if fork else None
        self.chain = EthereumTester(PyEVMBackend(genesis_parameters=parameters, vm_configuration=forks))
        self.chain_id = self.chain.backend.chain.chain_id
        self.accounts = list(self.chain.get_accounts()[:3])

    def set_time(self, now: int) -> None:
        if now > self.chain.get_block_by_number("latest")["timestamp"]:
            self.chain.time_travel(now)

    def deploy(self, code: bytes) -> str:
        receipt = self._transact({"from": self.accounts[2], "data": code})
        assert receipt["status"] == 1, receipt
        address: str = receipt["contract_address"]
        return address

    def call(self, caller: str, to: str, data: bytes) -> bytes:
        try:
            answer: str = self.chain.call({"from": caller, "to": to, "data": "0x" + data.hex(), "gas": 10**8})
        except TransactionFailed as error:
            raise Reverted(revert_data(error)) from error
        return bytes.fromhex(answer[2:])

    def send(self, caller: str, to: str, data: bytes) -> Outcome:
        before = self.chain.take_snapshot()
        receipt = self._transact({"from": caller, "to": to, "data": data})
        if not receipt["status"]:
            self.chain.revert_to_snapshot(before)
            self.call(caller, to, data)  # a transaction that fails tells no reason
            raise AssertionError(receipt)
        logs = [
            ([bytes.fromhex(topic[2:]) for topic in log["topics"]], bytes.fromhex(log["data"][2:]))
            for log in receipt["logs"]
        ]
        return Outcome(b"", receipt["gas_used"], logs)

    def _transact(self, fields: dict[str, object]) -> dict[str, Any]:
        data = fields.pop("data")
        assert isinstance(data, bytes)
        sent = self.chain.send_transaction({**fields, "data": "0x" + data.hex(), "gas": 10**8})
        receipt: dict[str, Any] = self.chain.get_transaction_receipt(sent)
        return receipt


def revert_data(error: Exception) -> bytes:
    """Return the revert data of an exception: both engines' have it in their text.

    eth-tester's is what Python prints for bytes; of an Error(string) it is the bare text.
    """
    said = str(error.args[0]) if error.args else ""
    if isinstance(error, TransactionFailed):
        return _literal(said) if re.match(r"b['\"]", said) else errors.TEXT + encode(["string"], [said])
    found = re.search(r"output: 0x([0-9a-f]*)", said)
    return bytes.fromhex(found[1]) if found else b""


def _literal(said: str) -> bytes:
    data = ast.literal_eval(said)
    assert isinstance(data, bytes)
    return data
