# SPDX-License-Identifier: Apache-2.0
"""Leave the demo's chain running with the console on it, until interrupted."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from electro_console.web.names import Names
from electro_console.web.serving import Settings, serve
from electro_plan.money import Currency
from electro_protocol import address

if TYPE_CHECKING:
    from collections.abc import Callable

    from .world import Outcome


def show(outcome: Outcome, tell: Callable[[str], None], *, in_memory: bool) -> None:
    """Serve the console on what the demo has left; `tell` is given its address.

    Raises:
        ConsoleError, IndexFailure: it can't.
    """
    names = Names(
        currency=Currency("", 2),
        agreements={each.agreement_id: f"{each.plan.name.capitalize()}, demo" for each in outcome.meters},
        addresses={address.parse(each.device): f"Meter of the {each.plan.name}" for each in outcome.meters}
        | {each.consumer: "The plant" for each in outcome.meters},
    )
    with tempfile.TemporaryDirectory(prefix="electro-console-") as folder:
        settings = Settings(
            nodes=(outcome.endpoint,),
            contract=outcome.domain.contract,
            database=str(Path(folder) / "index.sqlite"),
            port=0,
            names=names,
            final="0" if in_memory else "auto",  # a chain in memory never takes a block back
            whole=in_memory,
        )
        serve(settings, tell)
