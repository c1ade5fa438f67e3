# SPDX-License-Identifier: Apache-2.0
"""The contract in pyrevm, called as cheaply as can be: calldata packed by hand, answers read as words, keys kept open.

Digests and packers are the relayer's and the package's own fast ones; tests elsewhere hold them to foreign ones.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

from coincurve import PrivateKey

from electro_contracts import errors
from electro_contracts.terms import padded
from electro_protocol.signed import SignedMessage
from electro_relayer.hashing import keccak256
from electro_relayer.incoming.digest import digest
from tests.contracts.world import World, _entry, _type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from electro_contracts.terms import Terms
    from electro_protocol.eip712 import Domain
    from electro_protocol.messages import Message
    from tests.contracts.world import Key

_REFUSAL = re.compile(r"output: 0x([0-9a-f]*)")
SKIPPED = {name: keccak256(f"{name}(uint256,bytes4)".encode()) for name in ("ReportSkipped", "OutageSkipped")}


@functools.lru_cache(maxsize=4096)
def text(address: bytes) -> str:
    """An address as pyrevm takes it."""
    return "0x" + address.hex()


@functools.cache
def selector(name: str) -> bytes:
    return keccak256(f"{name}({','.join(_type(each) for each in _entry(name)['inputs'])})".encode())[:4]


class Tail(bytes):
    """Bytes of any length among a call's arguments."""

    __slots__ = ()


def call(name: str, *arguments: int | bytes) -> bytes:
    """Calldata of integers, 20-byte addresses, 32-byte words and Tails."""
    return selector(name) + call_arguments(*arguments)


def call_arguments(*arguments: int | bytes) -> bytes:
    """The same without the selector: the ABI encoding of a tuple."""
    head, tail = list[bytes](), b""
    for each in arguments:
        if isinstance(each, int):
            head.append(each.to_bytes(32, "big"))
        elif isinstance(each, Tail):
            head.append((32 * len(arguments) + len(tail)).to_bytes(32, "big"))
            tail += len(each).to_bytes(32, "big") + padded(each)
        else:
            head.append(each.rjust(32, b"\0"))
    return b"".join([*head, tail])


def call_propose(consumer: bytes, terms: Terms, devices: Sequence[bytes], bonus: int) -> bytes:
    encoded = _encoded(terms)
    head = b"".join(each.to_bytes(32, "big") for each in (128, 128 + len(encoded), bonus))
    list_ = len(devices).to_bytes(32, "big") + _padded(devices)
    return selector("propose") + consumer.rjust(32, b"\0") + head + encoded + list_


@functools.lru_cache(maxsize=256)
def terms_hash(terms: Terms) -> bytes:
    return keccak256((32).to_bytes(32, "big") + _encoded(terms))


def devices_hash(devices: Sequence[bytes]) -> bytes:
    return keccak256(_padded(devices))


def _padded(devices: Sequence[bytes]) -> bytes:
    return b"".join(each.rjust(32, b"\0") for each in devices)


def _encoded(terms: Terms) -> bytes:
    return terms.encoded


def words(answer: bytes) -> list[int]:
    return [int.from_bytes(answer[i : i + 32], "big") for i in range(0, len(answer), 32)]


class Signer:
    """A key that is not made anew for each signature."""

    def __init__(self, key: Key) -> None:
        self.address = key.address
        self._key = PrivateKey(key.secret)

    def sign(self, message: Message, domain: Domain) -> SignedMessage:
        raw = self._key.sign_recoverable(digest(message, domain), hasher=None)
        return SignedMessage(message, raw[:64] + (b"\x1b" if raw[64] == 0 else b"\x1c"))


class Chain:
    """One deployed contract; callers and accounts are 20 bytes."""

    def __init__(self, least: tuple[int, int, int]) -> None:
        """`least`: grace, dispute window and expiry at the least, seconds."""
        self.world = World(least=least)
        self.domain = self.world.domain
        self.admin, self.operator, self.anyone = (
            bytes.fromhex(each[2:]) for each in (self.world.admin, self.world.operator, self.world.anyone)
        )
        self._evm = self.world.engine.evm
        self._to = self.world.address
        self.address = self.world.contract
        self.transactions = self.views = 0

    def set_time(self, now: int) -> None:
        self.world.set_time(now)

    def send(self, caller: bytes, data: bytes, gas: int | None = None) -> str:
        """Return "" or the name of the error with which it was refused; `gas` may bound it."""
        self.transactions += 1
        try:
            self._evm.message_call(text(caller), self._to, calldata=data, gas=gas)
        except RuntimeError as error:
            return _name(error)
        return ""

    def skipped(self, event: str) -> list[tuple[int, bytes]]:
        """What the last batch left out: places and selectors."""
        result = self._evm.result
        assert result is not None
        topic = "0x" + SKIPPED[event].hex()
        datas = [bytes(log.data[1]) for log in result.logs if log.topics[0] == topic]
        return [(int.from_bytes(data[:32], "big"), data[32:36]) for data in datas]

    def ask(self, data: bytes) -> bytes:
        """Return the answer of a view that answers."""
        self.views += 1
        return bytes(self._evm.message_call(text(self.anyone), self._to, calldata=data, is_static=True))

    def balance(self, token: str, account: bytes) -> int:
        """What an account has of the tests' Token, whose first slot is the mapping of balances."""
        return self._evm.storage(
            token, int.from_bytes(keccak256(account.rjust(32, b"\0") + bytes(32)), "big")
        )

    def code_hash(self, account: bytes) -> bytes:
        """Return keccak256 of the code at an address."""
        return bytes(self._evm.basic(text(account)).code_hash)

    def asked(self, name: str, *arguments: int | bytes) -> list[int]:
        return words(self.ask(call(name, *arguments)))


def _name(error: RuntimeError) -> str:
    found = _REFUSAL.search(str(error))
    data = bytes.fromhex(found[1][:8]) if found else b""
    return errors.REASONS.get(data) or f"{error}"
