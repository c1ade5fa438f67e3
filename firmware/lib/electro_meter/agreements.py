# SPDX-License-Identifier: Apache-2.0
"""Know which agreements this meter serves: what a relayer said, checked, kept across restarts.

A new agreement comes with the code of its terms. Interval, unit and schedule must be those of the code, and the first
half of its hash is signed in every report: who told false terms gets reports that the contract refuses.

What a relayer says is untrusted. An agreement's terms never change on the chain, so the first answer about an
agreement holds, and a relayer that contradicts it is refused; only positions, bonus and bounds may move. Where there
are several sources (relayers, nodes), two of them must tell the same terms before the first use; if nobody else can be
asked for CONFIRM_S, one's word must do.
"""

import json
import os
import struct
from array import array
from binascii import hexlify, unhexlify

from electro_protocol.keccak import keccak256

FILE = "agreements.json"
MOST = 16  # running, next and the one still owed to are three: more than this is no sensible answer
CONFIRM_S = 120
KEPT_S = 90 * 86_400  # after its end: longer than any grace in use


class StateError(ValueError):
    """A relayer's answer that does not make sense; the sentence says where."""


class Agreement:
    """What the meter needs of an agreement."""

    def __init__(self, untrusted: object) -> None:
        if not isinstance(untrusted, dict):
            raise StateError("an agreement must be an object")
        self.id = _integer(untrusted, "agreement_id", 1, (1 << 64) - 1)
        self.start_s = _integer(untrusted, "start", 0, (1 << 32) - 1)
        self.interval_s = _integer(untrusted, "interval_seconds", 1, 86_400)
        self.intervals = _integer(untrusted, "intervals", 1, (1 << 32) - 1)
        self.slots = _integer(untrusted, "slots", 1, 672)
        self.unit_wh = _integer(untrusted, "unit_wh", 1, (1 << 32) - 1)
        terms = _object(untrusted, "terms")
        code_hash = _octets(terms, "code_hash")
        self.terms_half = code_hash[:16]  # of the code's hash
        self.proved = "code" in untrusted
        if self.proved:
            self._check(untrusted["code"], code_hash)
        position = _object(untrusted, "next")
        self.next_latest = _integer(position, "latest", 0, self.intervals)
        self.next_final = _integer(position, "final", 0, self.intervals)
        self.end = _integer(untrusted, "end", 0, self.intervals)  # of what counts of this meter
        self.next_outage = _integer(_object(untrusted, "next_outage"), "latest", 0, (1 << 32) - 1)
        self.bounds_from, self.least, self.most = _bounds(untrusted.get("bounds"))

    def _check(self, code: object, code_hash: bytes) -> None:
        """Hold what was told to the code of the terms: STOP, then slots 16, interval 32, intervals 32, unit 32 bits."""
        if not isinstance(code, bytes) or len(code) < 15 or keccak256(code) != code_hash:
            raise StateError(f"these are not the terms of agreement {self.id}")
        if struct.unpack(">BHIII", code[:15]) != (
            0,
            self.slots,
            self.interval_s,
            self.intervals,
            self.unit_wh,
        ):
            raise StateError(f"agreement {self.id} has other terms than was told")

    @property
    def end_s(self) -> int:
        return self.start_s + self.interval_s * self.intervals

    def terms(self) -> "tuple[int | bytes, ...]":
        """Return what can't change."""
        return (
            self.id,
            self.start_s,
            self.interval_s,
            self.intervals,
            self.slots,
            self.unit_wh,
            self.terms_half,
        )

    def to_json(self) -> "dict[str, object]":
        return {
            "agreement_id": self.id,
            "start": self.start_s,
            "interval_seconds": self.interval_s,
            "intervals": self.intervals,
            "slots": self.slots,
            "unit_wh": self.unit_wh,
            "terms": {"code_hash": "0x" + hexlify(self.terms_half).decode()},
            "next": {"latest": self.next_latest, "final": self.next_final},
            "end": self.end,
            "next_outage": {"latest": self.next_outage},
        }


class Agreements:
    """The few agreements that matter now, in order of start."""

    def __init__(self, directory: str) -> None:
        self._path = f"{directory}/{FILE}"
        self.all: "list[Agreement]" = []
        self._heard: "dict[int, tuple[Agreement, str, int]]" = {}  # told by one source only: terms, who, when
        self._load()

    @property
    def unconfirmed(self) -> bool:
        """Return whether an agreement waits for a second source."""
        return bool(self._heard)

    def at(self, unix_s: int) -> "Agreement | None":
        """Return the agreement whose period holds an instant."""
        for agreement in self.all:
            if agreement.start_s <= unix_s < agreement.end_s:
                return agreement
        return None

    def by_id(self, agreement_id: int) -> "Agreement | None":
        for agreement in self.all:
            if agreement.id == agreement_id:
                return agreement
        return None

    def adopt(self, untrusted: object, now_s: int, source: str = "", sources: int = 1) -> "list[int]":
        """Take over a source's list; what it does not mention stays, for a relayer can't make it unknown.

        Returns the agreements whose final position moved backwards. Raises StateError, and changes nothing, if the
        list is malformed or contradicts known terms.
        """
        if not isinstance(untrusted, list) or len(untrusted) > MOST:
            raise StateError(f"agreements must be a list of at most {MOST}")
        told = [Agreement(one) for one in untrusted]
        fallen = []
        for agreement in told:
            known = self.by_id(agreement.id)
            if known is None and not agreement.proved:
                raise StateError(f"nobody has told the terms of agreement {agreement.id}")
            if known is not None and known.terms() != agreement.terms():
                raise StateError(f"agreement {agreement.id} has other terms than before")
            if known is not None and agreement.next_final < known.next_final:
                fallen.append(agreement.id)
        if sources > 1:
            told = [
                one for one in told if self.by_id(one.id) is not None or self._confirmed(one, now_s, source)
            ]
            named = [agreement.id for agreement in told]
            for number, (heard, who, _) in list(self._heard.items()):
                if who != source and number not in named:
                    self._heard[number] = (heard, who, now_s)  # somebody can be asked, and does not say so
        ids = [agreement.id for agreement in told]
        changed = [number for number in ids if self.by_id(number) is None]
        kept = [known for known in self.all if known.id not in ids and known.end_s + KEPT_S > now_s]
        if len(kept) + len(told) > MOST:
            raise StateError(f"with these the meter would serve more than {MOST} agreements")
        self.all = kept + told
        self.all.sort(key=lambda agreement: agreement.start_s)
        if changed:
            self._save()
        return fallen

    def unknown(self, untrusted: object) -> "list[dict[str, object]]":
        """Return those of a source's list that are new, whose terms must be asked for."""
        if not isinstance(untrusted, list):
            return []
        found = []
        for one in untrusted[:MOST]:
            if isinstance(one, dict) and self.by_id(_integer(one, "agreement_id", 1, (1 << 64) - 1)) is None:
                found.append(one)
        return found

    def _confirmed(self, agreement: Agreement, now_s: int, source: str) -> bool:
        """Return whether a second source said the same, or nobody else could be asked for long enough."""
        heard = self._heard.get(agreement.id)
        if heard is None:
            if len(self._heard) < MOST:
                self._heard[agreement.id] = (agreement, source, now_s)
            return False
        before, who, when_s = heard
        if before.terms() != agreement.terms():
            del self._heard[agreement.id]
            raise StateError(f"{source} and {who} tell different terms of agreement {agreement.id}")
        if who == source and now_s - when_s < CONFIRM_S:
            return False
        del self._heard[agreement.id]
        return True

    def _save(self) -> None:
        """Write beside and rename: a power cut leaves the old file or the new one."""
        with open(self._path + ".new", "w") as file:
            json.dump([agreement.to_json() for agreement in self.all], file)
        os.rename(self._path + ".new", self._path)

    def _load(self) -> None:
        """Read what was kept; a missing or damaged file means that the relayers are asked first."""
        try:
            with open(self._path) as file:
                self.all = [Agreement(one) for one in json.load(file)]
        except (OSError, ValueError):
            self.all = []


def _integer(untrusted: "dict[str, object]", name: str, least: int, greatest: int) -> int:
    value = untrusted.get(name)
    if isinstance(value, str) and 0 < len(value) < 21 and all("0" <= c <= "9" for c in value):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= greatest:
        raise StateError(f"{name} must be a whole number from {least} to {greatest}")
    return value


def _object(untrusted: "dict[str, object]", name: str) -> "dict[str, object]":
    value = untrusted.get(name)
    if not isinstance(value, dict):
        raise StateError(f"{name} must be an object")
    return value


def _octets(untrusted: "dict[str, object]", name: str) -> bytes:
    """Return 16 or 32 bytes of hex: a hash, or the half of it that is kept."""
    value = untrusted.get(name)
    if isinstance(value, str) and len(value) in (34, 66) and value[:2] == "0x":
        try:
            return unhexlify(value[2:])
        except ValueError:
            pass
    raise StateError(f"{name} must be a hash in hex")


def _bounds(untrusted: object) -> "tuple[int, array[int], array[int]]":
    """Return (first interval, least, most) of the slots ahead; empty ones if none were told."""
    if untrusted is None:
        return 0, _words([]), _words([])
    if not isinstance(untrusted, dict):
        raise StateError("bounds must be an object")
    least, most = untrusted.get("min"), untrusted.get("max")
    if not isinstance(least, list) or not isinstance(most, list) or len(least) != len(most):
        raise StateError("bounds must have as many min as max")
    first = _integer(untrusted, "first_interval", 0, (1 << 32) - 1)
    return first, _words(least), _words(most)


def _words(untrusted: "list[object]") -> "array[int]":
    """Return bounds in 16 bits each."""
    words = array("H", bytes(2 * len(untrusted)))
    for k, bound in enumerate(untrusted):
        if not isinstance(bound, int) or isinstance(bound, bool) or not 0 <= bound <= 0xFFFF:
            raise StateError("a bound must be a whole number from 0 to 65535")
        words[k] = bound
    return words
