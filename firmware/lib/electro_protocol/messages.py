# SPDX-License-Identifier: Apache-2.0
"""What meters and consumers sign. The type strings stand here as plain text and nowhere else in Python.

| message | signed by | says |
|---|---|---|
| EnergyReport | meter | energy of consecutive intervals; the first interval's index is the nonce |
| OutageReport | meter | supply was lost, when, why, and until when (0: still out) |
| DeviceEnrollment | meter | this key exists and wants this operator's contract |
| AgreementAcceptance | consumer | exactly these terms, devices and bonus |
| DiscountRedemption | consumer | so much of the discount against this invoice |

`MessageError` is the one failure: a field is missing, unknown, of the wrong kind or out of range.
"""

from binascii import hexlify, unhexlify

from .eip712 import Domain, check, fields_of, hash_struct

MAX_INTERVALS = 672  # a week of quarter hours: the longest schedule, and a report stays within one pass of it
CAUSE_UNKNOWN = 0
CAUSE_GRID = 1
CAUSE_CONSUMER = 2
_JSON_SAFE = 1 << 53  # from here on JavaScript would round a JSON number


class MessageError(ValueError):
    """A message that does not fit its type; the sentence names the field."""


def _attribute(field: str) -> str:
    """Return the Python name of an EIP-712 field: firstInterval → first_interval."""
    return "".join(["_" + c.lower() if "A" <= c <= "Z" else c for c in field])


_attributes: "dict[str, tuple[str, ...]]" = {}


def _integer(name: str, untrusted: object) -> int:
    if isinstance(untrusted, int) and not isinstance(untrusted, bool):
        return untrusted
    # isdigit alone would also take digits of other scripts
    if isinstance(untrusted, str) and 0 < len(untrusted) <= 78 and all("0" <= c <= "9" for c in untrusted):
        return int(untrusted)
    raise MessageError(f"{name} must be a whole number, or its decimal digits as a string")


def hex_bytes(name: str, untrusted: object) -> bytes:
    """Return the bytes of "0x…"; raise MessageError, naming the field, for anything else."""
    if isinstance(untrusted, str) and untrusted[:2] == "0x":
        try:
            return unhexlify(untrusted[2:])
        except ValueError:
            pass
    raise MessageError(f"{name} must be hex bytes that begin with 0x")


class Message:
    """One signed struct; a subclass gives its EIP-712 type string and its fields."""

    TYPE = ""

    @classmethod
    def fields(cls) -> "tuple[tuple[str, str], ...]":
        """Return ((EIP-712 type, EIP-712 name), …) in the order of the type string."""
        return fields_of(cls.TYPE)

    def values(self) -> "tuple[int | bytes, ...]":
        """Return the fields' values in the order of the type string."""
        names = _attributes.get(self.TYPE)
        if names is None:
            names = _attributes[self.TYPE] = tuple([_attribute(name) for _, name in self.fields()])
        return tuple([getattr(self, name) for name in names])

    def _check(self) -> None:
        for (field_type, name), value in zip(self.fields(), self.values()):  # noqa: B905 - no strict= on MicroPython
            try:
                check(field_type, name, value)
            except ValueError as error:
                raise MessageError(str(error))

    def digest(self, domain: Domain) -> bytes:
        """Return the 32 bytes that the signer signs."""
        return domain.digest(hash_struct(self.TYPE, self.values()))

    def to_json(self) -> "dict[str, int | str]":
        """Return the fields by their EIP-712 names: bytes as 0x-hex, integers from 2^53 up as strings."""
        out: "dict[str, int | str]" = {}
        for (_, name), value in zip(self.fields(), self.values()):  # noqa: B905 - no strict= on MicroPython
            if isinstance(value, bytes):
                out[name] = "0x" + hexlify(value).decode()
            else:
                out[name] = value if value < _JSON_SAFE else str(value)
        return out

    @classmethod
    def from_json(cls, untrusted: object) -> "Message":
        """Return the message of a JSON object with exactly this struct's fields.

        Raises MessageError, naming the first field that does not fit.
        """
        if not isinstance(untrusted, dict):
            raise MessageError("message must be an object")
        fields = cls.fields()
        arguments: "list[int | bytes]" = []
        for field_type, name in fields:
            if name not in untrusted:
                raise MessageError(f"{name} is missing")
            read = _integer if field_type[:4] == "uint" else hex_bytes
            arguments.append(read(name, untrusted[name]))
        if len(untrusted) != len(fields):
            known = [name for _, name in fields]
            unknown = sorted([str(name) for name in untrusted if name not in known])
            raise MessageError(f"{unknown[0][:40]} is no field of {cls.__name__}")
        return cls(*arguments)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and self.TYPE == other.TYPE and self.values() == other.values()

    def __hash__(self) -> int:
        return hash((self.TYPE, self.values()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.to_json()})"


class EnergyReport(Message):
    """The readings of consecutive intervals from first_interval on, and the import register at their end."""

    TYPE = "EnergyReport(uint64 agreementId,uint32 firstInterval,uint64 registerWh,bytes readings)"

    def __init__(self, agreement_id: int, first_interval: int, register_wh: int, readings: bytes) -> None:
        self.agreement_id = agreement_id
        self.first_interval = first_interval
        self.register_wh = register_wh
        self.readings = readings
        self._check()
        if not 2 <= len(readings) <= 2 * MAX_INTERVALS or len(readings) % 2:
            raise MessageError(f"readings must hold 1 to {MAX_INTERVALS} intervals of two bytes")

    @property
    def intervals(self) -> int:
        """How many intervals the report covers."""
        return len(self.readings) // 2


class OutageReport(Message):
    """Supply was lost at started_at and came back at ended_at, unix seconds; ended_at 0: still out."""

    TYPE = "OutageReport(uint64 agreementId,uint40 startedAt,uint40 endedAt,uint8 cause)"

    def __init__(self, agreement_id: int, started_at: int, ended_at: int, cause: int) -> None:
        self.agreement_id = agreement_id
        self.started_at = started_at
        self.ended_at = ended_at
        self.cause = cause
        self._check()
        if ended_at and ended_at <= started_at:
            raise MessageError("endedAt must be 0 or later than startedAt")
        if cause > CAUSE_CONSUMER:
            raise MessageError("cause must be 0 (unknown), 1 (grid side) or 2 (consumer side)")


class DeviceEnrollment(Message):
    """Proof that the key exists and wants this operator's contract, good until the deadline, unix seconds."""

    TYPE = "DeviceEnrollment(bytes32 hardwareId,uint40 deadline)"

    def __init__(self, hardware_id: bytes, deadline: int) -> None:
        self.hardware_id = hardware_id
        self.deadline = deadline
        self._check()


class AgreementAcceptance(Message):
    """The consumer's consent to exactly these terms, devices and bonus."""

    TYPE = (
        "AgreementAcceptance(uint64 agreementId,bytes32 termsHash,bytes32 devicesHash,"
        "uint128 bonus,uint40 deadline)"
    )

    def __init__(
        self, agreement_id: int, terms_hash: bytes, devices_hash: bytes, bonus: int, deadline: int
    ) -> None:
        self.agreement_id = agreement_id
        self.terms_hash = terms_hash
        self.devices_hash = devices_hash
        self.bonus = bonus
        self.deadline = deadline
        self._check()


class DiscountRedemption(Message):
    """The consumer's wish to set so much of the discount against an invoice."""

    TYPE = "DiscountRedemption(uint64 agreementId,bytes32 invoice,uint128 amount,uint40 deadline)"

    def __init__(self, agreement_id: int, invoice: bytes, amount: int, deadline: int) -> None:
        self.agreement_id = agreement_id
        self.invoice = invoice
        self.amount = amount
        self.deadline = deadline
        self._check()


BY_NAME: "dict[str, type[Message]]" = {
    "EnergyReport": EnergyReport,
    "OutageReport": OutageReport,
    "DeviceEnrollment": DeviceEnrollment,
    "AgreementAcceptance": AgreementAcceptance,
    "DiscountRedemption": DiscountRedemption,
}
