# SPDX-License-Identifier: Apache-2.0
"""What holds at a place: the bands of the terms, or what was renominated for a pass of the schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_contracts.terms import HEADER_BYTES, unpack_bands
from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from electro_contracts.terms import Bands, Terms
    from electro_tools.contract.desk import Desk

_NOBODY = "0x" + "00" * 20


def bands_held(desk: Desk, agreement_id: int, place: int, pass_: int, terms: Terms) -> tuple[Bands, int]:
    """Return the bands of a whole pass, and the sequence of the place's last signed renomination."""
    account, sequence = desk.ask("overrideOf", agreement_id, place, pass_)
    if account == _NOBODY:
        return terms.bands, sequence
    code = bytes(desk.web3.eth.get_code(account))[1 + HEADER_BYTES :]
    return unpack_bands(code[: 4 * len(terms.bands)]), sequence


def must_not_be_sealed(agreement_id: int, terms: Terms) -> None:
    """Raise ToolError for a sealed agreement, before anything is signed that the contract would refuse."""
    if terms.seal is not None:
        raise ToolError(
            f"agreement {agreement_id} is sealed: its bands hold for the whole term, and the contract takes no others",
            "what the operator orders it can waive after the grace; for other plans agree on shorter terms",
        )
