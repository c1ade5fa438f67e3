# SPDX-License-Identifier: Apache-2.0
"""What meters and people sign: the meter's messages of `reports`, and the people's, which no meter imports.

| message | signed by | says |
|---|---|---|
| EnergyReport | meter | energy of consecutive intervals; the first interval's index is the nonce |
| OutageReport | meter | supply was lost for the n-th time, when, why, and until when (0: still out) |
| SealedReport | meter | what of consecutive intervals deviates; the readings are for who has the viewing key |
| ViewingKeyReady | meter | it holds the viewing key with this hash |
| DeviceEnrollment | meter | this key exists, measures in such base intervals and wants this operator's contract |
| AgreementAcceptance | consumer | exactly these terms, devices and bonus |
| DiscountRedemption | consumer | so much of the discount against this invoice |
| Renomination | consumer, or both | other bands in one pass of the schedule at one place |
| FirmwareRelease | both release keys | this program, of this version; `releases` has it |
| ValidatorSet | both release keys | check receipts by these validators, a set of this version; `releases` has it |
"""

from .releases import FirmwareRelease, ValidatorSet
from .reports import (
    CAUSE_CONSUMER,
    CAUSE_GRID,
    CAUSE_UNKNOWN,
    MAX_INTERVALS,
    DeviceEnrollment,
    EnergyReport,
    Message,
    MessageError,
    OutageReport,
)
from .sealed import SealedReport, ViewingKeyReady
from .sealing import IV_BYTES

__all__ = (
    "BY_NAME",
    "CAUSE_CONSUMER",
    "CAUSE_GRID",
    "CAUSE_UNKNOWN",
    "MAX_INTERVALS",
    "AgreementAcceptance",
    "DeviceEnrollment",
    "DiscountRedemption",
    "EnergyReport",
    "FirmwareRelease",
    "Message",
    "MessageError",
    "OutageReport",
    "Renomination",
    "SealedReport",
    "ValidatorSet",
    "ViewingKeyReady",
)


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

    def values(self) -> "tuple[int | bytes, ...]":
        return self.agreement_id, self.terms_hash, self.devices_hash, self.bonus, self.deadline


class DiscountRedemption(Message):
    """The consumer's wish to set so much of the discount against an invoice."""

    TYPE = "DiscountRedemption(uint64 agreementId,bytes32 invoice,uint128 amount,uint40 deadline)"

    def __init__(self, agreement_id: int, invoice: bytes, amount: int, deadline: int) -> None:
        self.agreement_id = agreement_id
        self.invoice = invoice
        self.amount = amount
        self.deadline = deadline
        self._check()

    def values(self) -> "tuple[int | bytes, ...]":
        return self.agreement_id, self.invoice, self.amount, self.deadline


class Renomination(Message):
    """The wish for other bands at one place, from first_interval to the end of that pass of the schedule.

    bands has all the least units, then all the greatest, two bytes each; where readings are sealed, that as ciphertext,
    and its nonce. Of two renominations of one pass the greater sequence counts.
    """

    TYPE = (
        "Renomination(uint64 agreementId,uint32 place,uint32 firstInterval,uint32 sequence,"
        "bytes bands,uint40 deadline)"
    )

    def __init__(
        self,
        agreement_id: int,
        place: int,
        first_interval: int,
        sequence: int,
        bands: bytes,
        deadline: int,
    ) -> None:
        self.agreement_id = agreement_id
        self.place = place
        self.first_interval = first_interval
        self.sequence = sequence
        self.bands = bands
        self.deadline = deadline
        self._check()
        if not 4 <= len(bands) <= 4 * MAX_INTERVALS + IV_BYTES or len(bands) % 4:
            raise MessageError(
                f"bands must hold 1 to {MAX_INTERVALS} slots of four bytes, and a nonce if they are sealed"
            )

    def values(self) -> "tuple[int | bytes, ...]":
        return (
            self.agreement_id,
            self.place,
            self.first_interval,
            self.sequence,
            self.bands,
            self.deadline,
        )


BY_NAME: "dict[str, type[Message]]" = {
    "EnergyReport": EnergyReport,
    "OutageReport": OutageReport,
    "DeviceEnrollment": DeviceEnrollment,
    "AgreementAcceptance": AgreementAcceptance,
    "DiscountRedemption": DiscountRedemption,
    "Renomination": Renomination,
    "SealedReport": SealedReport,
    "ViewingKeyReady": ViewingKeyReady,
    "FirmwareRelease": FirmwareRelease,
    "ValidatorSet": ValidatorSet,
}
