# SPDX-License-Identifier: Apache-2.0
"""What meters sign. The type strings stand as plain text, here and in `messages`, and nowhere else in Python.

`MessageError` is the one failure: a field is missing, unknown, of the wrong kind or out of range.
"""

from binascii import hexlify

from .eip712 import Domain, check, fields_of, hash_struct
from .eip712 import MessageError as MessageError  # noqa: PLC0414 - to be imported from here

TYPE_CHECKING = False
MAX_INTERVALS = 672  # a week of quarter hours: the longest schedule, and a report stays within one pass of it
CAUSE_UNKNOWN = 0
CAUSE_GRID = 1
CAUSE_CONSUMER = 2
_JSON_SAFE = 1 << 53  # from here on JavaScript would round a JSON number


class Message:
    """One signed struct; a subclass gives its EIP-712 type string and its fields' values."""

    TYPE = ""

    @classmethod
    def fields(cls) -> "tuple[tuple[str, str], ...]":
        """Return ((EIP-712 type, EIP-712 name), …) in the order of the type string."""
        return fields_of(cls.TYPE)

    if TYPE_CHECKING:

        def values(self) -> "tuple[int | bytes, ...]":
            """Return the fields' values in the order of the type string."""
            ...

    def _check(self) -> None:
        for (field_type, name), value in zip(self.fields(), self.values()):  # noqa: B905 - no strict= on MicroPython
            check(field_type, name, value)

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
        from .untrusted import arguments  # which no meter needs

        return cls(*arguments(cls.__name__, cls.fields(), untrusted))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and self.TYPE == other.TYPE and self.values() == other.values()

    def __hash__(self) -> int:
        return hash((self.TYPE, self.values()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.to_json()})"


class EnergyReport(Message):
    """The readings of consecutive intervals from first_interval on, and the import register at their end.

    start and terms are what the meter was told of the agreement: its first instant, and the first half of the
    keccak256 of the terms' code. The contract refuses a report that was measured in another belief.
    """

    TYPE = (
        "EnergyReport(uint64 agreementId,uint40 start,bytes16 terms,uint32 firstInterval,"
        "uint64 registerWh,bytes readings)"
    )

    def __init__(
        self,
        agreement_id: int,
        start: int,
        terms: bytes,
        first_interval: int,
        register_wh: int,
        readings: bytes,
    ) -> None:
        self.agreement_id = agreement_id
        self.start = start
        self.terms = terms
        self.first_interval = first_interval
        self.register_wh = register_wh
        self.readings = readings
        self._check()
        if not 2 <= len(readings) <= 2 * MAX_INTERVALS or len(readings) % 2:
            raise MessageError(f"readings must hold 1 to {MAX_INTERVALS} intervals of two bytes")

    def values(self) -> "tuple[int | bytes, ...]":
        return (
            self.agreement_id,
            self.start,
            self.terms,
            self.first_interval,
            self.register_wh,
            self.readings,
        )

    @property
    def intervals(self) -> int:
        """How many intervals the report covers."""
        return len(self.readings) // 2


class OutageReport(Message):
    """Supply was lost at started_at and came back at ended_at, unix seconds; ended_at 0: still out.

    number counts a place's outages without a gap. started_at is the true one, before the agreement's start too.
    """

    TYPE = "OutageReport(uint64 agreementId,uint32 number,uint40 startedAt,uint40 endedAt,uint8 cause)"

    def __init__(self, agreement_id: int, number: int, started_at: int, ended_at: int, cause: int) -> None:
        self.agreement_id = agreement_id
        self.number = number
        self.started_at = started_at
        self.ended_at = ended_at
        self.cause = cause
        self._check()
        if ended_at and ended_at <= started_at:
            raise MessageError("endedAt must be 0 or later than startedAt")
        if cause > CAUSE_CONSUMER:
            raise MessageError("cause must be 0 (unknown), 1 (grid side) or 2 (consumer side)")

    def values(self) -> "tuple[int | bytes, ...]":
        return self.agreement_id, self.number, self.started_at, self.ended_at, self.cause


class DeviceEnrollment(Message):
    """Proof that the key exists and wants this operator's contract, good until the deadline, unix seconds.

    base_seconds is the interval at which the meter keeps its registers: an agreement's intervals are made of them.
    """

    TYPE = "DeviceEnrollment(bytes32 hardwareId,uint32 baseSeconds,uint40 deadline)"

    def __init__(self, hardware_id: bytes, base_seconds: int, deadline: int) -> None:
        self.hardware_id = hardware_id
        self.base_seconds = base_seconds
        self.deadline = deadline
        self._check()
        if not base_seconds:
            raise MessageError("baseSeconds must be 1 or more")

    def values(self) -> "tuple[int | bytes, ...]":
        return self.hardware_id, self.base_seconds, self.deadline
