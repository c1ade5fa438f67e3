# SPDX-License-Identifier: Apache-2.0
"""Keep what was sent to the relayers between two exchanges; in one, `posting` sends.

Reports and outages are built from the journal when they are sent; nothing signed is kept but the last two signatures,
so that a retry after a lost answer signs nothing.
"""

from .turns import Source, Turns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from electro_protocol.signed import SignedMessage

    from ..account.reports import Reports
    from ..life.keys import Signer
    from ..world import Board
    from .agreements import Agreements
    from .http import Client


class Sending:
    """What goes to the relayers."""

    def __init__(
        self,
        board: "Board",
        signer: "Signer",
        reports: "Reports",
        agreements: "Agreements",
        turns: Turns,
        on_signed: "Callable[[SignedMessage], None] | None",
    ) -> None:
        self.board = board
        self.signer = signer
        self.reports = reports
        self.agreements = agreements
        self.turns = turns
        self.on_signed = on_signed
        self.signed: "list[tuple[bytes, bytes]]" = []  # digests and signatures
        # the version of the outages of which every relayer asked has what it takes
        self.accepted_outages = -1
        self.signatures = 0

    @property
    def owes_outage(self) -> bool:
        """Return whether an outage waits that no relayer has accepted yet."""
        return self.accepted_outages != self.reports.outage_version

    async def send(self, client: "Client", source: Source) -> int:
        """Sign and post what is due; return the seconds to pause if the relayer can't take more."""
        from .posting import send  # for an exchange

        return await send(self, client, source)
