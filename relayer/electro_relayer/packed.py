# SPDX-License-Identifier: Apache-2.0
"""Pack reports once for a check and the transactions that follow it: the arrays differ, the items don't.

A test holds what is cut together to what electro_contracts.calldata makes of the same reports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_contracts import calldata

if TYPE_CHECKING:
    from collections.abc import Sequence

    from electro_protocol.signed import SignedMessage

_WORD = 32
_HEAD = 4 + 2 * _WORD  # selector, the array's offset, its length


class PackedReports:
    """The calldata of `check` and `submitBatch` for any of some reports, chosen by their places."""

    def __init__(self) -> None:
        self._tuples: list[bytes] = []

    def add(self, reports: Sequence[SignedMessage]) -> None:
        packed = calldata.check(reports)
        offsets = [
            _HEAD + int.from_bytes(packed[at : at + _WORD], "big")
            for at in range(_HEAD, _HEAD + _WORD * len(reports), _WORD)
        ]
        ends = [*offsets[1:], len(packed)]
        self._tuples += [packed[start:end] for start, end in zip(offsets, ends, strict=True)]

    def check(self, indexes: Sequence[int]) -> bytes:
        return self._call(calldata.CHECK, indexes)

    def submit_batch(self, indexes: Sequence[int]) -> bytes:
        return self._call(calldata.SUBMIT_BATCH, indexes)

    def _call(self, selector: bytes, indexes: Sequence[int]) -> bytes:
        chosen = [self._tuples[index] for index in indexes]
        head = [selector, _word(_WORD), _word(len(chosen))]
        offset = _WORD * len(chosen)
        for each in chosen:
            head.append(_word(offset))
            offset += len(each)
        return b"".join(head + chosen)


def _word(number: int) -> bytes:
    return number.to_bytes(_WORD, "big")
