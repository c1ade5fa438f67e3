# SPDX-License-Identifier: Apache-2.0
"""Make the meter's key on the chip and hold it; nothing here returns it to anybody but the signer.

Stock ESP32 firmware has no flash encryption: whoever holds the chip can read the key. The firmware's README says so.
"""

from ..heap import ARITHMETIC, forget_modules
from ..world import Board, SetupError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from typing import TypeVar

    from electro_protocol.eip712 import Domain
    from electro_protocol.reports import Message
    from electro_protocol.signed import SignedMessage

    Made = TypeVar("Made")

TRIES = 4  # of a computation that its own check refutes: each is blinded otherwise


class MissingKeyError(SetupError):
    """The device has no key yet; it has to be provisioned."""


class Signer:
    """The meter's identity: its address, and signatures for one chain and contract."""

    def __init__(self, private_key: bytes, domain: "Domain", log: "Callable[[str], None]") -> None:
        from electro_protocol.address import address_of  # what is only needed to sign is there when it is

        self._private_key = private_key
        self._chain_id, self._contract = domain.chain_id, domain.contract
        self.separator = domain.separator
        self._log = log
        self.address = address_of(self._insist(lambda: _public_key(private_key)))
        self.rest()

    def sign(self, message: "Message") -> "SignedMessage":
        """Return the message signed.

        Raises FaultError if the chip errs again and again.
        """
        from electro_protocol.signed import SignedMessage

        domain = self._domain()
        return self._insist(lambda: SignedMessage.make(message, domain, self._private_key))

    def digest(self, message: "Message") -> bytes:
        return message.digest(self._domain())

    def _domain(self) -> "Domain":
        from electro_protocol.eip712 import Domain

        return Domain(self._chain_id, self._contract)

    def unwrapping(self, wrapped: bytes) -> "Generator[None, None, bytes]":
        """Return what unwraps a viewing key, in slices; it raises ValueError for what was wrapped for none."""
        from electro_protocol.delivery import unwrapping  # for those whom a relayer brings one

        return unwrapping(wrapped, self._private_key)

    def rest(self) -> None:
        """Let go of the curve's arithmetic, 13 KB: the next signature imports it anew, which takes a chip 0.2 s."""
        forget_modules(ARITHMETIC)

    def _insist(self, make: "Callable[[], Made]") -> "Made":
        """Return what make returns, and try again at once when the chip erred."""
        tries = TRIES
        while True:
            tries -= 1
            try:
                return make()
            except ArithmeticError as error:  # FaultError, whose module is forgotten between signatures
                if not tries:
                    raise
                self._log(f"{error}: trying again")


def _public_key(private_key: bytes) -> bytes:
    from electro_protocol.secp256k1 import public_key

    return public_key(private_key)


def load_signer(board: Board, domain: "Domain") -> Signer:
    """Return the signer of the stored key.

    Raises MissingKeyError, and FaultError if the chip errs again and again.
    """
    private_key = board.load_key()
    if private_key is None:
        raise MissingKeyError("no key in this device: run `electro device provision`")
    return Signer(private_key, domain, board.log)
