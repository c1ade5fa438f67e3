# SPDX-License-Identifier: Apache-2.0
"""What meters may take by all agreements within a time, renominated bands included, and what they have reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import sqlalchemy as sa

from electro_console.viewing_keys import ViewingKeys
from electro_plan.sections import Commitment
from electro_plan.sentence import sentence

from . import schema
from .acts import BINDING
from .addresses import checksum
from .errors import Unknown
from .records import State
from .series import readings_at
from .standing import standings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

_NO_KEYS = ViewingKeys()


def commitments_of(
    connection: Connection,
    devices: set[bytes],
    first_s: int,
    end_s: int,
    now: int,
    offers: Sequence[int] = (),
    keys: ViewingKeys = _NO_KEYS,
) -> list[Commitment]:
    """Return one for each place of each agreement that such a meter serves, or would.

    Args:
        connection: of the index.
        devices: whose.
        first_s: unix seconds.
        end_s: the same.
        now: unix seconds.
        offers: proposals, instead of all agreements that bind.
        keys: that open sealed bands; of those that none opens, all that the connection can take counts.

    Raises:
        Unknown: an offer is none.
    """
    agreements, terms = schema.agreements, schema.terms
    query = sa.select(agreements.c.id).join(terms, terms.c.agreement == agreements.c.id)
    query = query.where(
        terms.c.start < end_s, terms.c.start + agreements.c.kept * terms.c.interval_seconds > first_s
    )
    query = query.where(agreements.c.state.in_(BINDING))
    wanted = list(offers) or list(connection.scalars(query.order_by(agreements.c.id)))
    found = standings(connection, wanted)
    made = []
    for agreement in wanted:
        standing = found.get(agreement)
        if standing is None:
            raise Unknown(sentence("there is no agreement {0}", agreement))
        if offers and standing.state is not State.PROPOSED:
            raise Unknown(sentence("agreement {0} is no offer: it is {1}", agreement, standing.state.words))
        length = standing.terms.interval_seconds
        first = max(0, (first_s - standing.terms.start) // length)
        end = min(standing.row["kept"], -(-(end_s - standing.terms.start) // length))
        present = {point["place"]: point["device"] for point in standing.points if not point["replaced"]}
        for place, device in sorted(present.items()):
            if device in devices and first < end:
                sealed = keys.bands(agreement, standing.terms)
                read = readings_at(connection, standing, place, now, first, end - first, sealed)
                watts = np.float64(read.unit_wh * 3600 / length)
                used = np.where(read.units < 0, np.nan, read.units)
                starts = read.start_s + length * np.arange(len(read), dtype=np.int64)
                made.append(
                    Commitment(
                        checksum(device),
                        starts,
                        length,
                        read.least * watts,
                        read.greatest * watts,
                        used * watts,
                        is_sealed=standing.terms.seal is not None and sealed is None,
                    )
                )
    return made
