# SPDX-License-Identifier: Apache-2.0
"""Turn untrusted bytes into verified messages: strict JSON, one signature encoding, the signer recovered.

Nothing here asks the chain, so a flood of garbage costs processor time and nothing else.
"""

from __future__ import annotations

import json
import math
from binascii import unhexlify
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import coincurve
import orjson

from electro_protocol.messages import MAX_INTERVALS, EnergyReport, MessageError, OutageReport, SealedReport
from electro_protocol.signed import SignedMessage
from electro_relayer.errors import BadSignature, Malformed, TooLarge
from electro_relayer.hashing import keccak256
from electro_relayer.incoming.digest import digest

if TYPE_CHECKING:
    from electro_protocol.eip712 import Domain

MAX_MESSAGES = 50  # of one request; what one transaction carries
# Fifty messages open 102 brackets. The JSON decoder recurses in C, and where a library has raised Python's
# recursion limit (eth-keyfile does) a body of "[[[[…" would end the process.
MAX_BRACKETS = 256
# Fifty messages have 450 commas, and nothing in them needs a backslash. What has far more is not decoded: a body of a
# hundred thousand numbers, or of escapes, would hold up everybody else for a tenth of a second.
MAX_COMMAS, MAX_BACKSLASHES = 1024, 4096
_COLONS = 9  # of a report: type, message, signature and six fields; no value has one
_USUAL_BYTES = 4096  # of one report, the longest with 672 readings and every space there may be
_MOST_DIGITS = 78  # of a number with a point or an exponent; 2^256 has as many
_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141  # SEC 2, secp256k1
_HIGHEST_S = _ORDER // 2  # EIP-2: above it the same signature has a second encoding


class Verified(NamedTuple):
    """A message whose signer is known; `first` and `end` delimit the intervals of a report.

    A tuple, not a dataclass: one is made for every message that comes in, and a frozen dataclass costs four times
    as much.
    """

    signed: SignedMessage
    message: EnergyReport | SealedReport | OutageReport
    digest: bytes
    device: bytes
    agreement_id: int
    first: int = 0
    end: int = 0

    @property
    def identity(self) -> tuple[bytes, bytes]:
        return self.device, self.digest

    @property
    def kind(self) -> type[EnergyReport | SealedReport | OutageReport]:
        return type(self.message)

    @property
    def is_report(self) -> bool:
        """Whether it is of intervals, sealed or not: of those each begins where the one before it ended."""
        return not isinstance(self.message, OutageReport)


def parse(body: bytes) -> tuple[bool, list[Any]]:
    """Read a request body as (is it the many form?, untrusted messages).

    Raises Malformed or TooLarge.
    """
    if (
        body.count(b"[") + body.count(b"{") > MAX_BRACKETS
        or body.count(b",") > MAX_COMMAS
        or body.count(b"\\") > MAX_BACKSLASHES
    ):
        raise Malformed("The body nests or lists more than any request of messages does.")
    try:
        untrusted = _DECODER.decode(body.decode())
    except (ValueError, RecursionError) as error:
        raise Malformed(f"The body is not JSON as Electro speaks it: {_short(error)}.") from error
    if not isinstance(untrusted, dict) or "messages" not in untrusted:
        return False, [untrusted]
    messages = untrusted["messages"]
    if len(untrusted) != 1 or not isinstance(messages, list) or not messages:
        raise Malformed('The body must be one signed message, or {"messages": […]} with at least one.')
    if len(messages) > MAX_MESSAGES:
        raise TooLarge(f"One request carries at most {MAX_MESSAGES} messages, not {len(messages)}.")
    return True, messages


def quick(body: bytes) -> SignedMessage | None:
    """Return the report of a body that is as meters write it; None if in any way it is not, for `parse` to judge.

    Nearly all are, and this takes a fifth of the time. A test holds it to what the slow way reads.
    """
    if len(body) > _USUAL_BYTES or body.count(b":") != _COLONS:  # one for each name: no name stands twice
        return None
    try:
        return _usual_report(orjson.loads(body))
    except ValueError:
        return None


def _usual_report(untrusted: Any) -> SignedMessage | None:
    try:
        message, signature = untrusted["message"], untrusted["signature"]
        agreement_id, start = message["agreementId"], message["start"]
        first, register = message["firstInterval"], message["registerWh"]
        terms, readings = message["terms"], message["readings"]
        if (
            untrusted["type"] != "EnergyReport"
            or len(untrusted) != 3
            or len(message) != 6
            or type(agreement_id) is not int
            or type(start) is not int
            or type(first) is not int
            or type(register) is not int
            or not 0 <= agreement_id < 1 << 64
            or not 0 <= start < 1 << 40
            or not 0 <= first < 1 << 32
            or not 0 <= register < 1 << 64
            or len(terms) != 34
            or not 6 <= len(readings) <= 2 + 4 * MAX_INTERVALS
            or len(readings) % 4 != 2
            or len(signature) != 132
            or terms[:2] != "0x"
            or readings[:2] != "0x"
            or signature[:2] != "0x"
        ):
            return None
        report = EnergyReport.__new__(EnergyReport)
        report.agreement_id, report.start = agreement_id, start
        report.first_interval, report.register_wh = first, register
        report.terms, report.readings = unhexlify(terms[2:]), unhexlify(readings[2:])
        return SignedMessage(report, unhexlify(signature[2:]))
    except (KeyError, TypeError, ValueError):
        return None


def verify(untrusted: Any, domain: Domain) -> Verified:
    """Return the message with the device that signed it for this chain and contract.

    Raises Malformed or BadSignature.
    """
    signed = _usual_report(untrusted)
    if signed is None:
        try:
            signed = SignedMessage.from_json(untrusted)
        except MessageError as error:
            raise Malformed(f"The message does not fit its type: {_short(error)}.") from error
    return verify_signed(signed, domain)


def verify_signed(signed: SignedMessage, domain: Domain) -> Verified:
    """Return a message that is in shape with the device that signed it; raises Malformed or BadSignature."""
    message = signed.message
    if not isinstance(message, EnergyReport | SealedReport | OutageReport):
        carried = "EnergyReport, SealedReport and OutageReport"
        raise Malformed(f"The relayer carries {carried}, not {type(message).__name__}.")
    digest_ = digest(message, domain)
    device = recover(digest_, signed.signature)
    if isinstance(message, OutageReport):
        return Verified(signed, message, digest_, device, message.agreement_id)
    first = message.first_interval
    end = first + message.intervals
    if end > 0xFFFFFFFF:
        raise Malformed(
            "The message does not fit its type: firstInterval and its readings exceed 2^32 intervals."
        )
    return Verified(signed, message, digest_, device, message.agreement_id, first, end)


def recover(digest_: bytes, signature: bytes) -> bytes:
    """Return the address of the key that signed; only r|s|v with low s and v of 27 or 28 is a signature.

    libsecp256k1 alone would take a high s and the recovery ids 2 and 3 too.
    """
    v = signature[64]
    if v not in (27, 28):
        raise BadSignature("The signature's last byte, v, must be 27 or 28.")
    if int.from_bytes(signature[32:64], "big") > _HIGHEST_S:
        raise BadSignature("The signature's s is above half the curve's order; sign with low s.")
    try:
        key = coincurve.PublicKey.from_signature_and_message(
            signature[:64] + bytes((v - 27,)), digest_, hasher=None
        )
    except (ValueError, Exception) as error:
        raise BadSignature("No key can have made this signature.") from error
    return keccak256(key.format(compressed=False)[1:])[12:]


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")


def _number(text: str) -> int | float:
    """Read 1.0 and 1e2 as the integers that they are in JSON Schema; the message they stand in is judged alone."""
    if len(text) <= _MOST_DIGITS:
        try:
            number = Decimal(text)
            if abs(number.adjusted()) < _MOST_DIGITS and number == int(number):
                return int(number)
        except ArithmeticError:  # an exponent beyond what Decimal knows
            pass
    return math.nan  # a fraction, or absurd: nothing that anybody takes


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse, parse_float=_number)


def _short(error: BaseException) -> str:
    """A sentence of bounded length, without the full stop that the caller writes."""
    return str(error)[:200].rstrip(".")
