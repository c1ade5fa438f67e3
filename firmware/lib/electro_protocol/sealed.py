# SPDX-License-Identifier: Apache-2.0
"""What a meter signs in an agreement with sealed readings; apart from `reports`, for other meters never load it."""

from .judging import DeviationError, read
from .reports import MAX_INTERVALS, Message, MessageError
from .sealing import AROUND, LEAST_SEALED


class SealedReport(Message):
    """Consecutive intervals from first_interval on, sealed, and what of them deviates from the bands, for all to see.

    schedule is the first half of the keccak256 of the code with the bands by which the meter judged: the terms'. sealed
    has an iv, then register and readings under the viewing key.
    """

    TYPE = (
        "SealedReport(uint64 agreementId,uint40 start,bytes16 schedule,uint32 firstInterval,"
        "bytes sealed,bytes deviations)"
    )

    def __init__(
        self,
        agreement_id: int,
        start: int,
        schedule: bytes,
        first_interval: int,
        sealed: bytes,
        deviations: bytes,
    ) -> None:
        self.agreement_id = agreement_id
        self.start = start
        self.schedule = schedule
        self.first_interval = first_interval
        self.sealed = sealed
        self.deviations = deviations
        self._check()
        if not LEAST_SEALED <= len(sealed) <= AROUND + 2 * MAX_INTERVALS or len(sealed) % 2:
            raise MessageError(
                f"sealed must hold {AROUND} bytes, and two for each of 1 to {MAX_INTERVALS} intervals"
            )
        try:
            read(deviations, self.intervals)
        except DeviationError as error:
            raise MessageError(str(error))

    def values(self) -> "tuple[int | bytes, ...]":
        return (
            self.agreement_id,
            self.start,
            self.schedule,
            self.first_interval,
            self.sealed,
            self.deviations,
        )

    @property
    def terms(self) -> bytes:
        """Return what the meter believed in, by the name that it has in a report that anyone can read."""
        return self.schedule

    @property
    def intervals(self) -> int:
        """How many intervals the report covers."""
        return (len(self.sealed) - AROUND) // 2


class ViewingKeyReady(Message):
    """The meter holds the viewing key with this hash: an agreement sealed by it can begin with this meter."""

    TYPE = "ViewingKeyReady(bytes32 viewingKeyHash)"

    def __init__(self, viewing_key_hash: bytes) -> None:
        self.viewing_key_hash = viewing_key_hash
        self._check()

    def values(self) -> "tuple[int | bytes, ...]":
        return (self.viewing_key_hash,)
