# SPDX-License-Identifier: Apache-2.0
"""Fetch viewing keys that were wrapped for this meter from a relayer that has some, and give it the meter's word.

Anyone may offer keys, so what comes this way stands apart from what came over the serial line: two keys, of which the
older goes, until a confirmed agreement is sealed by one. See `account.sealing`.
"""

from electro_protocol.address import checksum
from electro_protocol.delivery import WRAPPED_BYTES
from electro_protocol.sealed import ViewingKeyReady
from electro_protocol.sealing import key_hash

from ..account.sealing import keep_brought
from .errors import SourceError
from .sources import octets, part

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..account.reports import Reports
    from ..life.keys import Signer
    from ..world import Board
    from .http import Client

BRING_AGAIN_MS = 21_600_000  # six hours: a key takes as long as ten signatures
MOST = 2
# What only this needs, let go after it.
MODULES = (
    "electro_meter.uplink.bringing",
    "electro_protocol.delivery",
    "electro_protocol.seals",
    "electro_protocol._combine32",
    "electro_protocol._combine_plain",
    "electro_protocol.rlp",
)


async def bring(board: "Board", client: "Client", url: str, signer: "Signer", reports: "Reports") -> None:
    """Take what is there for this meter; raise SourceError, or ValueError for what was wrapped for none."""
    url = f"{url}/v1/viewing-keys/{checksum(signer.address)}"
    answer = await client.request("GET", url)
    if answer.status != 200:
        raise SourceError(f"it answers {answer.status} when asked for viewing keys")
    for each in part(answer.json(), "wrapped", list)[:MOST]:
        steps = signer.unwrapping(octets("a wrapped viewing key", each, WRAPPED_BYTES))
        while True:
            try:
                next(steps)
            except StopIteration as end:
                key: bytes = end.value
                break
            await board.sleep_ms(0)
        keep_brought(board.directory, key)
        reports.forget_keys()
        word = signer.sign(ViewingKeyReady(key_hash(key))).to_json()
        signer.rest()
        answer = await client.request("POST", url, word)
        if answer.status not in (200, 202):
            raise SourceError(f"it answers {answer.status} to the word that a viewing key is here")
