# SPDX-License-Identifier: Apache-2.0
"""What holds at a place: the bands of the terms, or what was renominated for a pass of the schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_contracts import sealed
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
    """Raise ToolError for a sealed agreement, whose meters could tell the contract nothing from other bands on."""
    if terms.seal is not None:
        raise ToolError(
            f"agreement {agreement_id} is sealed, and its meters judge by the bands of its terms alone: with others "
            "the contract would take none of their reports from that pass on, and silence has its price",
            "agree on shorter terms, and propose the next ones with other bands",
        )


def sealed_bands_held(
    desk: Desk, agreement_id: int, place: int, pass_: int, terms: Terms, key: bytes
) -> Bands:
    """Return the bands of a whole pass of a sealed agreement.

    Raises:
        ToolError: the viewing key does not open them.
    """
    account, _ = desk.ask("overrideOf", agreement_id, place, pass_)
    try:
        if account == _NOBODY:
            return sealed.opened(terms, key).bands
        code = bytes(desk.web3.eth.get_code(account))[1 + HEADER_BYTES :]
        return sealed.opened_override(terms, key, agreement_id, place, pass_ * len(terms.bands), code)
    except sealed.SealError as error:
        raise ToolError(f"the bands of pass {pass_} do not open: {error}") from error
