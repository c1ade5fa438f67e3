# SPDX-License-Identifier: Apache-2.0
"""Where a command does its work: the contract it speaks to, who is asking, and how the answer is to look.

`@asks` gives a command a Desk that only asks; `@acts` one that can also send a transaction, after a rehearsal and,
where something can't be undone, a question.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from electro_protocol import address
from electro_protocol.eip712 import Domain
from electro_tools.accounts import KeyFile, optional_key_options
from electro_tools.contract.asking import confirm, say_sent
from electro_tools.contract.logs import Kind, only
from electro_tools.facts import Facts
from electro_tools.node import node_options
from electro_tools.parameters import ADDRESS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eth_account.signers.local import LocalAccount
    from web3 import Web3
    from web3.contract import Contract
    from web3.types import TxReceipt

    from electro_console.index.node import Nodes
    from electro_contracts.events import Event
    from electro_contracts.node.access import Endpoint

    Command = Callable[..., Any]
    Wallet = Callable[[Facts, dict[str, Any]], None]  # of what is to be printed, and the transaction


@dataclass(frozen=True)
class Sent:
    """A transaction that is mined, and what it made the contract say."""

    receipt: TxReceipt
    events: list[Event]

    def event(self, kind: type[Kind]) -> Kind:
        """Return the one event of a kind that the transaction must have made."""
        return only(self.events, kind)


@dataclass(frozen=True)
class Desk:
    """One command's contract and caller.

    Args:
        contract: web3's view of the contract.
        as_json: print one JSON object.
        account: whose key signs; None if nothing is to be sent.
        sender: whose call it is, EIP-55; None for a command that only asks.
        yes: ask nothing.
        rehearse_only: send nothing.
        node: how the contract's node is reached.
    """

    contract: Contract
    as_json: bool
    account: LocalAccount | None = None
    sender: str | None = None
    yes: bool = False
    rehearse_only: bool = False
    node: Endpoint | None = None

    @property
    def web3(self) -> Web3:
        return self.contract.w3

    @property
    def domain(self) -> Domain:
        """What signatures for this contract on this chain are bound to."""
        return Domain(self.web3.eth.chain_id, address.parse(self.contract.address))

    def nodes(self, others: Sequence[str] = ()) -> Nodes:
        """Return the way to nodes that reads logs by the thousand, which web3 does slowly.

        Args:
            others: addresses of nodes that stand in for the first one, reached as that is.
        """
        from electro_console.index.node import Nodes
        from electro_contracts.node.access import Endpoint

        assert self.node is not None  # every command has been given one
        more = [Endpoint(each, self.node.access) for each in others]
        return Nodes([self.node, *more], self.domain.chain_id)

    def now(self) -> int:
        """Return the chain's time: its newest block's."""
        return int(self.web3.eth.get_block("latest")["timestamp"])

    def ask(self, name: str, *arguments: Any, block: int | None = None) -> Any:
        """Return what a view answers.

        Raises:
            ToolError: the contract refuses, or the node does not answer.
        """
        from electro_tools.transact import ask

        return ask(self.contract.get_function_by_name(name)(*arguments), self.sender, block)

    def record(self, name: str, *arguments: Any, block: int | None = None) -> dict[str, Any]:
        """Return the struct that a view answers, by the names of the ABI."""
        view = self.contract.get_function_by_name(name)
        names = [each["name"] for each in view.abi["outputs"][0]["components"]]
        return dict(zip(names, self.ask(name, *arguments, block=block), strict=True))

    def send(
        self,
        name: str,
        *arguments: Any,
        lasting: str | None = None,
        about: Facts | None = None,
        to: Contract | None = None,
        wallet: Wallet | None = None,
    ) -> Sent:
        """Rehearse a call, and send it; with --dry-run say what would be sent, and end the command.

        Args:
            name: of the function.
            arguments: of the call.
            lasting: what can't be undone by it, as a sentence to be confirmed first; None: nothing to speak of.
            about: what to read before that.
            to: another contract than the agreements'.
            wallet: with --from, writes what another kind of wallet can sign or send, and adds to the facts what
                that is.

        Raises:
            ToolError: the contract or the node refuses, or nobody is there to confirm.
        """
        from electro_tools.contract.logs import happened
        from electro_tools.transact import ask, send

        contract = to or self.contract
        call = contract.get_function_by_name(name)(*arguments)
        ask(call, self.sender)
        if self.rehearse_only or self.account is None:
            facts = about or Facts()
            if lasting:
                facts.say("means", lasting)
            self._show(facts, call, contract.encode_abi(name, args=arguments), wallet)
            raise click.exceptions.Exit(0)
        if lasting and not self.yes:
            confirm(lasting, about)
        receipt = send(self.web3, self.account, call, on_sent=say_sent)
        return Sent(receipt, happened(receipt, self.contract.address))

    def report(self, facts: Facts, sent: Sent) -> None:
        """Print what was done, and by which transaction."""
        facts.add("transaction", "0x" + sent.receipt["transactionHash"].hex())
        facts.count("block", sent.receipt["blockNumber"]).add("gas", sent.receipt["gasUsed"])
        facts.print(as_json=self.as_json)

    def _show(self, facts: Facts, call: Any, data: str, wallet: Wallet | None) -> None:
        """Print a call that the contract would take, for a wallet of another kind to send."""
        facts.say("rehearsed", f"{call.fn_name}: the contract would take this; nothing was sent")
        facts.silent("sent", value=False).silent("function", call.fn_name)
        facts.add("from", self.sender).add("to", call.address).silent("value", 0)
        facts.add("gas", call.estimate_gas({"from": self.sender}))
        facts.add("data", data)
        if wallet and self.account is None:
            transaction = {"from": self.sender, "to": call.address, "data": data, "value": "0x0"}
            wallet(facts, {**transaction, "chainId": hex(self.web3.eth.chain_id)})
        facts.print(as_json=self.as_json)


def json_option(command: Command) -> Command:
    """Give a command --json."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(command)


def contract_option(command: Command) -> Command:
    """Give a command --contract."""
    return click.option(
        "--contract",
        "contract_address",
        type=ADDRESS,
        required=True,
        envvar="ELECTRO_CONTRACT",
        help="The agreements contract's address.",
    )(command)


def agreement_argument(command: Command) -> Command:
    """Give a command the argument ID."""
    return click.argument("agreement_id", metavar="ID", type=click.IntRange(1, 2**64 - 1))(command)


def asks(command: Command) -> Command:
    """Give a command `desk`, which only asks, and the options for it."""

    @functools.wraps(command)
    def with_desk(
        *args: Any, node: Endpoint, chain_id: int | None, contract_address: str, as_json: bool, **kwargs: Any
    ) -> Any:
        desk = Desk(_reach(node, chain_id, contract_address), as_json, node=node)
        return command(*args, desk=desk, **kwargs)

    return node_options(contract_option(json_option(with_desk)))


def acts(command: Command) -> Command:
    """Give a command `desk`, which can send a transaction, and the options for it."""

    @functools.wraps(command)
    def with_desk(
        *args: Any,
        node: Endpoint,
        chain_id: int | None,
        contract_address: str,
        key: KeyFile | None,
        sender: str | None,
        dry_run: bool,
        yes: bool,
        as_json: bool,
        **kwargs: Any,
    ) -> Any:
        if key is None and sender is None:
            raise click.UsageError("Missing option '--key-file' (or '--from' to rehearse without a key).")
        account = key.open() if key and sender is None else None
        desk = Desk(
            _reach(node, chain_id, contract_address),
            as_json,
            account,
            account.address if account else sender,
            yes,
            dry_run,
            node,
        )
        return command(*args, desk=desk, **kwargs)

    decorated: Command = with_desk
    for option in (
        json_option,
        click.option("--yes", is_flag=True, help="Do what can't be undone without asking."),
        click.option(
            "--from",
            "sender",
            type=ADDRESS,
            help="Rehearse for this account, a multisig's say, and print the call for it to send.",
        ),
        click.option("--dry-run", is_flag=True, help="Rehearse with your key, print the call, send nothing."),
        optional_key_options,
        contract_option,
        node_options,
    ):
        decorated = option(decorated)
    return decorated


def _reach(node: Endpoint, chain_id: int | None, contract_address: str) -> Contract:
    from electro_tools.contract.deploy import reach
    from electro_tools.transact import connect

    return reach(connect(node, chain_id), contract_address)
