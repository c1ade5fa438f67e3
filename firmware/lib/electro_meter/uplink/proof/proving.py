# SPDX-License-Identifier: Apache-2.0
"""Have a relayer prove what the contract keeps of this meter, and what bands hold in the time to come.

`electro_protocol.receipt` checks by the pinned validators' seals. Where a chain has none, a node run by somebody else
than the relayer must tell a header of the same hash. The code of terms, and of bands that override them in a pass, is
hashed here: what is read in it is what the proved hash is of.

It is loaded once an hour, and forgotten after: with all that it imports, some 15 KB.
"""

from array import array

from electro_protocol.address import checksum
from electro_protocol.keccak import keccak256
from electro_protocol.receipt import check
from electro_protocol.rlp import ReceiptError
from electro_protocol.storage import CANCELLED, Standing

from ..agreement import Told
from ..clock import are_one
from ..errors import SourceError
from ..sources import TERMS_HEADER_BYTES, seal_of, terms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from electro_protocol.receipt import Proved

    from ...life.settings import Settings
    from ...world import Board
    from ..agreement import Header
    from ..agreements import Agreements
    from ..clock import Clock
    from ..http import Client
    from ..turns import Source
    from .last import LastProof

FRESH_S = 3_600  # an older header sheds no load, and nothing is forgotten by it
_MOST_AHEAD_S = 60  # by so much a block's time may be ahead of ours
# Between two slices a fifth of a second may be sampled, and a seal has some fifty of them. Of sixteen validators eleven
# must have sealed, all of which has to end within an exchange: three slices at once then, a gap of 30 ms.
_VALIDATORS_A_SLICE = 6
_MOST_INTERVALS = 96  # whose bands are kept, a kilobyte


class Proving:
    """One receipt of one relayer."""

    def __init__(
        self,
        board: "Board",
        settings: "Settings",
        address: bytes,
        client: "Client",
        source: "Source",
        agreements: "Agreements",
    ) -> None:
        self._board = board
        self._settings = settings
        self._address = address
        self._client = client
        self._source = source
        self._agreements = agreements
        self._headers: "dict[bytes, Header]" = {}

    async def run(self, sources: "list[Source]", last: "LastProof", clock: "Clock") -> bool:
        """Ask, check, have what is proved believed, and return whether that is of a new block, not an hour old.

        Raises SourceError or ReceiptError.
        """
        data = await self._get(f"/v1/meters/{checksum(self._address)}/proof")
        proved = await self._checked(data, last)
        del data
        if not proved.sealed:
            await self._must_be_told(sources, proved)
        clock.raise_floor(proved.time_s)
        now_us = self._board.uptime_us()
        age_s = clock.unix_s() - proved.time_s if clock.confirmed else FRESH_S
        if age_s < -_MOST_AHEAD_S:
            age_s = FRESH_S  # one of the two clocks is wrong: nothing is shed by it
        listed = []
        for standing in proved.standings:
            listed.append(await self._told(standing, proved.time_s, age_s < FRESH_S))
        self._agreements.take_proof(
            listed, self._headers, now_us, now_us - age_s * 1_000_000, now_us + (FRESH_S - age_s) * 1_000_000
        )
        is_new = proved.number > last.number
        last.note(proved.number, proved.time_s, proved.code_hash, proved.sealed)
        return is_new and age_s < FRESH_S

    async def _get(self, path: str) -> bytes:
        answer = await self._client.request("GET", self._source.url + path)
        if answer.status != 200:
            raise SourceError(f"it answers {answer.status}")
        return answer.octets()

    async def _checked(self, data: bytes, last: "LastProof") -> "Proved":
        """Check a receipt; let others run between slices, and fetch terms that nobody has told yet."""
        settings = self._settings
        validators = settings.validators
        steps = check(
            data, validators, settings.contract, self._address, last.number, self._header_of, last.code_hash
        )
        at_once = 1 + len(validators) // _VALIDATORS_A_SLICE
        done = 0
        while True:
            try:
                terms = next(steps)
            except StopIteration as end:
                proved: "Proved" = end.value
                return proved
            done += 1
            if terms and not self._known(terms[20:]):
                await self._code(terms[:20], terms[20:])
            elif not done % at_once:
                await self._board.sleep_ms(0)

    def _known(self, code_hash: bytes) -> "Header | None":
        return self._agreements.header_of(code_hash) or self._headers.get(code_hash)

    def _header_of(self, _account: bytes, code_hash: bytes) -> "tuple[int, int, bool]":
        header = self._known(code_hash)
        if header is None:
            raise ReceiptError("the receipt names terms that are not known")
        return header[0], header[1], _is_sealed(header)

    async def _code(self, account: bytes, code_hash: bytes) -> bytes:
        """Return code with a proved hash, and keep the numbers in it."""
        code = await self._get(f"/v1/terms/{checksum(account)}")
        if keccak256(code) != code_hash:
            raise SourceError("a code of terms or bands has not the proved hash")
        self._headers[code_hash] = terms(code) + (seal_of(code),)
        return code

    async def _must_be_told(self, sources: "list[Source]", proved: "Proved") -> None:
        """Have a node that somebody else runs tell the header's hash."""
        from ..node import block_hash

        for other in sources:
            if other.is_node and other.by != self._source.by:
                if await block_hash(self._client, other.url, proved.number) != proved.digest:
                    raise SourceError(f"{other.url} tells another block {proved.number}")
                if are_one(self._client.place, self._source.place):
                    raise SourceError(f"{other.url} and the relayer are at one address")
                return
        raise SourceError("no node by another one is there to tell the header")

    async def _told(self, standing: Standing, time_s: int, with_bounds: bool) -> Told:
        """Return what is proved of an agreement in the form in which sources tell it."""
        told = Told()
        told.id, told.place = standing.id, standing.place
        told.start_s = standing.start_s
        told.account, told.code_hash = standing.account, standing.code_hash
        told.next_latest = told.next_final = standing.next
        told.next_outage, told.outage_open = standing.next_outage, standing.outage_open
        told.end = standing.end
        told.cancelled = standing.state == CANCELLED
        first, end = standing.window
        header = self._known(standing.code_hash)
        is_sealed = header is not None and _is_sealed(header)
        if is_sealed:  # the bands are the meter's own to open
            told.proved = time_s, standing.window, standing.overrides
        count = min(end - first, _MOST_INTERVALS) if with_bounds and not is_sealed else 0
        told.bounds_from = first
        told.least, told.most = array("H", bytes(2 * count)), array("H", bytes(2 * count))
        if count:
            overrides = [(-1, standing.account, standing.code_hash)] + standing.overrides
            passes = [pass_ for pass_, _, _ in standing.overrides]
            for pass_, account, code_hash in overrides:
                code = await self._code(account, code_hash)
                slots = terms(code)[0]
                if len(code) < TERMS_HEADER_BYTES + 4 * slots:
                    raise SourceError("a code of terms or bands is cut off")
                for k in range(count):
                    at, slot = divmod(first + k, slots)
                    if at == pass_ or (pass_ < 0 and at not in passes):
                        low = TERMS_HEADER_BYTES + 2 * slot
                        told.least[k] = code[low] << 8 | code[low + 1]
                        told.most[k] = code[low + 2 * slots] << 8 | code[low + 2 * slots + 1]
        return told


def _is_sealed(header: "Header") -> bool:
    return len(header) == 5 and bool(header[4])
