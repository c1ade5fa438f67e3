# SPDX-License-Identifier: Apache-2.0
"""Know which bands hold in the passes of a sealed agreement: those of its terms, or others that both parties agreed on.

Who judges by bands that do not hold tells how far the load lies from them, for a report that the contract refuses. So
nothing of a pass is reported before it is known by which bands:

| a pass's bands were told | by whom | good for |
|---|---|---|
| at any time | one source | shown, warned of |
| not two hours ago | two of different `by` | load is shed |
| once its first interval was over: nobody can replace them any more | two of different `by` | reports |
| by a block after its beginning | a receipt | all |
| a day after that, without a receipt | one source | reports to this source |

The last row is why no sources that tell other bands than an honest one keep reports back from it: they delay them by a
day, and the contract takes them for a week and more after the term.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..account.sealing import Sealing
    from .agreement import Agreement
    from .exchange import Uplink
    from .http import Client
    from .turns import Source

MOST = 6  # passes of which something is kept; those that are asked for, of each source, are three
PATIENCE_S = 86_400
_FRESH_US = 7_200_000_000
_AGAIN_US = 3_600_000_000
_NEVER = -(1 << 62)
_ALWAYS = 0  # in place of an uptime


class Said:
    """What a source says of a pass."""

    def __init__(self, source: "Source", code_hash: bytes, asked_us: int, is_over: bool) -> None:
        """code_hash: of the code with its bands; asked_us: uptime; is_over: whether the first interval was."""
        self.source = source  # whose `by` may turn out to be another's
        self.code_hash = code_hash
        self.asked_us = asked_us
        self.is_over = is_over


class Passes:
    """What is told of one agreement's passes, each by its number; of an agreement that opens."""

    def __init__(self, agreement: "Agreement", sealing: "Sealing") -> None:
        self.sealing = sealing
        self._agreement = agreement
        self._order: "list[int]" = []  # of passes, the one last told of at the end
        self._said: "dict[tuple[int, str], Said]" = {}  # pass and url
        self._proved: "dict[int, tuple[bytes, int]]" = {}  # hash, and until which uptime
        self._bands: "dict[tuple[int, bytes], bytes]" = {}  # that were opened

    def tell(self, pass_: int, url: str, said: Said) -> None:
        """Take over what a source says of a pass."""
        self._said[pass_, url] = said
        self._note(pass_)

    def retract(self, url: str) -> None:
        """Forget what a source has said."""
        self._said = {key: said for key, said in self._said.items() if key[1] != url}

    def prove(self, pass_: int, code_hash: bytes, until_us: int = _ALWAYS) -> None:
        """Take over what a receipt proves of a pass; until_us: for how long, if others may replace its bands yet."""
        self._proved[pass_] = code_hash, until_us
        self._note(pass_)

    def open(self, pass_: int, code_hash: bytes, bands: bytes) -> None:
        """Keep bands that were opened."""
        self._bands[pass_, code_hash] = bands

    def _note(self, pass_: int) -> None:
        if pass_ in self._order:
            self._order.remove(pass_)
        self._order.append(pass_)
        if len(self._order) > MOST:
            self._drop(self._order.pop(0))

    def forget(self, first: int) -> None:
        """Forget when sources were asked of the pass with an interval, so that they are asked anew."""
        for said in self._of(first // self._agreement.slots):
            said.asked_us = _NEVER

    async def follow(self, uplink: "Uplink", client: "Client", source: "Source") -> bool:
        """Ask a source; return whether reports wait for another, or a receipt, to say the same. Raises SourceError."""
        from .bands import follow  # for an exchange

        return await follow(uplink, client, source, self._agreement)

    def _drop(self, pass_: int) -> None:
        self._proved.pop(pass_, None)
        self._said = {key: said for key, said in self._said.items() if key[0] != pass_}
        self._bands = {key: bands for key, bands in self._bands.items() if key[0] != pass_}

    def over_s(self, pass_: int) -> int:
        """Return when the first interval of a pass is over: its bands are then what they will always be."""
        agreement = self._agreement
        return agreement.start_s + agreement.interval_s * (pass_ * agreement.slots + 1)

    def is_due(self, pass_: int, url: str, now_us: int, is_over: bool) -> bool:
        """Return whether a source is to be asked of a pass; is_over: whether its first interval is.

        Each is, once before and once after that; again each hour while it is not settled, or these bands are not here.
        """
        code_hash, said = self.settled(pass_), self._said.get((pass_, url))
        is_known = code_hash != b"" and self.is_open(pass_, code_hash)
        if self._is_proved(pass_) and is_known:
            return False
        if said is None or said.is_over < is_over:
            return True
        return said.asked_us <= now_us - _AGAIN_US and (said.asked_us == _NEVER or not is_known)

    def wait(self, first: int, url: str, now_us: int) -> bool:
        """Return whether a source is to be asked before anything can be reported from an interval on that is over."""
        return self.is_due(first // self._agreement.slots, url, now_us, True)

    def is_asked(self, pass_: int, url: str) -> bool:
        """Return whether a source has said by what reports of a pass are judged."""
        said = self._said.get((pass_, url))
        return said is not None and said.is_over

    def settled(self, pass_: int) -> bytes:
        """Return the hash of the bands by which reports of a pass are judged, empty while they are not confirmed."""
        if self._is_proved(pass_):
            return self._proved[pass_][0]
        return _by_two([one for one in self._of(pass_) if one.is_over])

    def _is_proved(self, pass_: int) -> bool:
        return pass_ in self._proved and self._proved[pass_][1] == _ALWAYS

    def terms(self, first: int, url: str, now_s: int) -> bytes:
        """Return the hash of the bands by which a report from an interval on is judged, empty while none may be sent.

        url: of the source to which it goes; "" for none of them, who is sent what is settled alone.
        """
        pass_ = first // self._agreement.slots
        is_late = now_s - self.over_s(pass_) >= PATIENCE_S
        if is_late and self.is_asked(pass_, url) and not self._is_proved(pass_):
            code_hash = self._said[pass_, url].code_hash
        else:
            code_hash = self.settled(pass_)
        return code_hash if self.is_open(pass_, code_hash) else b""

    def is_open(self, pass_: int, code_hash: bytes) -> bool:
        return code_hash == self._agreement.code_hash or (pass_, code_hash) in self._bands

    def bands(self, pass_: int, code_hash: bytes) -> bytes:
        """Return the bands of a hash, empty if they are not here."""
        if code_hash == self._agreement.code_hash:
            return self._agreement.opened
        return self._bands.get((pass_, code_hash), b"")

    def bounds(self, index: int, now_us: int) -> "tuple[int, int, bool] | None":
        """Return least, greatest and whether they are confirmed, for shedding; None if the bands are not here."""
        pass_, slot = divmod(index, self._agreement.slots)
        said = self._of(pass_)
        code_hash = self.settled(pass_)
        if not code_hash and now_us < self._proved.get(pass_, (b"", 0))[1]:
            code_hash = self._proved[pass_][0]
        if not code_hash:
            code_hash = _by_two([one for one in said if one.asked_us > now_us - _FRESH_US])
        is_sure = bool(code_hash)
        if not is_sure:
            code_hash = (
                max(said, key=lambda one: one.asked_us).code_hash if said else self._agreement.code_hash
            )
        bands = self.bands(pass_, code_hash)
        if not bands:
            return None
        at, most_at = 2 * slot, 2 * (slot + self._agreement.slots)
        least, most = bands[at] << 8 | bands[at + 1], bands[most_at] << 8 | bands[most_at + 1]
        return least, most, is_sure and self._agreement.pinned

    def _of(self, pass_: int) -> "list[Said]":
        return [said for key, said in self._said.items() if key[0] == pass_]


def _by_two(said: "list[Said]") -> bytes:
    """Return the hash that two of different `by` say; empty if no two do, or if others say otherwise as well."""
    found = {
        one.code_hash
        for one in said
        for two in said
        if one.source.by != two.source.by and one.code_hash == two.code_hash
    }
    return found.pop() if len(found) == 1 else b""
