# SPDX-License-Identifier: Apache-2.0
"""Judge and seal what an agreement with sealed readings is told; without its viewing key it is told nothing.

Loaded by the meters that have such an agreement. Viewing keys lie one after the other in a file, the newest last.
"""

import os

from electro_protocol import judging, sealing
from electro_protocol.sealed import SealedReport

from ..world import KEYS_FILE, NO_FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from electro_protocol.reports import EnergyReport

    from ..uplink.agreement import Agreement

BROUGHT_FILE = "viewing.brought"
MOST_KEYS = 8  # agreements that run, are settled and come
_HASH = 32
_NONCE = sealing.IV_BYTES


def keys_in(directory: str) -> "list[bytes]":
    """Return the viewing keys that are kept. Raises OSError."""
    return _read(directory, KEYS_FILE)


def keep(directory: str, key: bytes) -> None:
    """Keep a viewing key; of more than there is room for the oldest goes.

    Raises OSError if the flash can't be read, or takes nothing: then what was there stays.
    """
    _write(directory, KEYS_FILE, [one for one in keys_in(directory) if one != key][1 - MOST_KEYS :] + [key])


def keep_brought(directory: str, key: bytes) -> None:
    """Keep a key that a relayer brought, until an agreement is confirmed that is sealed by it. Raises OSError."""
    if key not in keys_in(directory):
        _write(directory, BROUGHT_FILE, [one for one in brought_in(directory) if one != key][-1:] + [key])


def brought_in(directory: str) -> "list[bytes]":
    """Return the keys that relayers brought last. Raises OSError."""
    return _read(directory, BROUGHT_FILE)


def _read(directory: str, name: str) -> "list[bytes]":
    """Return the keys in a file; raise OSError if the flash can't be read now."""
    try:
        with open(f"{directory}/{name}", "rb") as file:
            raw = file.read(MOST_KEYS * sealing.KEY_BYTES)
    except OSError as error:
        if error.errno not in NO_FILE:
            raise
        return []
    return [raw[at : at + sealing.KEY_BYTES] for at in range(0, len(raw) - 31, sealing.KEY_BYTES)]


def _write(directory: str, name: str, keys: "list[bytes]") -> None:
    path = f"{directory}/{name}"
    with open(path + ".new", "wb") as file:
        file.write(b"".join(keys))
    os.rename(path + ".new", path)  # a power cut leaves the old file or the new one


class Sealing:
    """What seals for one meter; separator: of the domain under which it signs."""

    def __init__(self, directory: str, separator: bytes, device: bytes) -> None:
        self._directory = directory
        self._separator = separator
        self._device = device
        self._keys: "dict[bytes, bytes]" = {}  # by hash, as far as they were asked for
        self._kept: "list[bytes]" = []  # those that are known to lie on flash for good

    def opens(self, agreement: "Agreement") -> bool:
        """Open an agreement's bands; return whether there is the key, and it does."""
        seal = agreement.seal
        key = self._key(seal[:_HASH])
        if not key:
            return False
        if not agreement.opened:
            try:
                bands = sealing.open_bands(key, seal[_HASH : _HASH + _NONCE], seal[_HASH + _NONCE :])
            except sealing.SealError:
                return False
            agreement.open(bands, self)
        if agreement.pinned and key not in self._kept:
            self._keep(key)
        return True

    def _keep(self, key: bytes) -> None:
        """Keep the key of a confirmed agreement: if a relayer brought it, from now on no other pushes it out."""
        try:
            if key not in keys_in(self._directory):
                keep(self._directory, key)
        except OSError:
            return  # the flash fails: whoever asks next tries it again
        self._kept.append(key)

    def forget(self) -> None:
        """Look anew for keys that were not there."""
        self._keys = {key_hash: key for key_hash, key in self._keys.items() if key}

    def open_pass(self, agreement: "Agreement", place: int, pass_: int, code: bytes) -> bytes:
        """Return a pass's bands, from the code that has them, of an agreement that opens; empty if they do not open."""
        bands = code[-_NONCE - 4 * agreement.slots : -_NONCE]
        whose = sealing.of_pass(agreement.id, place, pass_)
        try:
            return sealing.open_bands(self._key(agreement.seal[:_HASH]), code[-_NONCE:], bands, whose)
        except sealing.SealError:
            return b""

    def seal(self, agreement: "Agreement", report: "EnergyReport", code_hash: bytes) -> SealedReport:
        """Return what is signed in place of a report that anyone could read; code_hash: of the bands to judge by."""
        passes = agreement.passes
        assert passes is not None  # the agreement is one that opens
        pass_, slot = divmod(report.first_interval, agreement.slots)
        words = judging.deviations(report.readings, passes.bands(pass_, code_hash), slot)
        schedule = code_hash[:16]
        about = sealing.report(
            self._separator,
            self._device,
            agreement.id,
            report.first_interval,
            schedule,
            report.intervals,
        )
        key = self._key(agreement.seal[:_HASH])
        sealed = sealing.seal_report(key, about, report.register_wh, report.readings, words)
        return SealedReport(report.agreement_id, report.start, schedule, report.first_interval, sealed, words)

    def _key(self, key_hash: bytes) -> bytes:
        """Return the viewing key with this hash, empty if it is not here, or can't be read now."""
        if key_hash not in self._keys:
            try:
                keys = brought_in(self._directory) + keys_in(self._directory)
            except OSError:
                return b""
            self._keys[key_hash] = b""  # until a restart, or until one comes
            for key in keys:
                if sealing.key_hash(key) == key_hash:
                    self._keys[key_hash] = key
        return self._keys[key_hash]
