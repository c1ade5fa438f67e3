# SPDX-License-Identifier: Apache-2.0
"""Seal readings and bands for those who share a viewing key; whoever has it reads them and sees that they are whole.

Everything is keccak256 of a label, the key and what is meant, all of known length:

    viewingKeyHash            H("Electro viewing key" | key)
    of bands: about           agreementId 64 | place 32 | pass 32 | slots 16; of those of the terms zeros and slots
      seed                    H("Electro bands seed" | key | about | bands)
      nonce                   H("Electro bands nonce" | seed | about | bands), its first half
      keystream of            H("Electro bands key" | key | about | nonce)
    of a report: about        domain 256 | device 160 | agreementId 64 | firstInterval 32 | schedule 128 | count 16
      plain                   registerWh 64 | readings
      seed                    H("Electro report seed" | key | about | plain | deviations)
      iv                      H("Electro report iv" | seed | about | plain | deviations), its first half
      keystream of            H("Electro report key" | key | about | iv)
    a keystream's i-th block  H(its key | i 32)

Nonce and iv follow from all that they are made for (SIV, RFC 5297): no random source can fail, no keystream covers
two plaintexts, and what was changed, or is read with another key, does not open. A nonce and an iv bind what they were
made of, whoever knows the key: shown with its seed, a report can be checked by anyone, and the seed tells nothing of
any other.
"""

from .keccak import keccak256

KEY_BYTES = 32
IV_BYTES = 16
_REGISTER_BYTES = 8
AROUND = IV_BYTES + _REGISTER_BYTES  # bytes of a sealed report that are no readings
LEAST_SEALED = AROUND + 2
AGREED = bytes(16)  # whose bands: those of the terms, which a renewal shares
_MAX_BOUND = 0x7FFF


class SealError(ValueError):
    """What does not open: another key, other bytes, another place; the sentence says which."""


def key_hash(key: bytes) -> bytes:
    """Return the hash by which terms name a viewing key."""
    if len(key) != KEY_BYTES:
        raise ValueError("a viewing key has 32 bytes")
    return keccak256(b"Electro viewing key" + key)


def cover(data: "bytes | bytearray", key: bytes) -> bytearray:
    """Return data under the keystream of a key; once more, and it is the data again."""
    covered = bytearray(data)
    block = bytearray(key + bytes(4))
    for at in range(0, len(data), 32):
        number = at >> 5
        block[34] = number >> 8
        block[35] = number & 0xFF
        stream = keccak256(block)
        for k in range(min(32, len(data) - at)):
            covered[at + k] ^= stream[k]
    return covered


# -- Bands


def of_pass(agreement_id: int, place: int, pass_: int) -> bytes:
    """Return whose bands those are that replace the agreed ones in one pass of the schedule at one place."""
    return agreement_id.to_bytes(8, "big") + place.to_bytes(4, "big") + pass_.to_bytes(4, "big")


def seal_bands(key: bytes, bands: bytes, whose: bytes = AGREED) -> "tuple[bytes, bytes]":
    """Return nonce and ciphertext of packed bands; whose: see `of_pass`."""
    nonce = _nonce(bands_seed(key, bands, whose), bands, whose)
    return nonce, bytes(cover(bands, _bands_key(key, nonce, bands, whose)))


def open_bands(key: bytes, nonce: bytes, sealed: bytes, whose: bytes = AGREED) -> bytes:
    """Return the packed bands of a ciphertext; raise SealError."""
    bands = bytes(cover(sealed, _bands_key(key, nonce, sealed, whose)))
    if _nonce(bands_seed(key, bands, whose), bands, whose) != nonce:
        raise SealError("the viewing key does not open these bands")
    check_bands(bands)
    return bands


def check_bands(bands: bytes) -> None:
    """Raise SealError for bounds that nothing can be judged by."""
    half = len(bands) // 2
    for at in range(0, half, 2):
        least = bands[at] << 8 | bands[at + 1]
        greatest = bands[half + at] << 8 | bands[half + at + 1]
        if not least <= greatest <= _MAX_BOUND:
            raise SealError(f"slot {at // 2} of the sealed bands has no sound band")


def bands_seed(key: bytes, bands: bytes, whose: bytes = AGREED) -> bytes:
    """Return what, shown with the bands, proves that a nonce was made of them."""
    return keccak256(b"Electro bands seed" + key + _about(whose, bands) + bands)


def are_bands_of(nonce: bytes, bands: bytes, seed: bytes, whose: bytes = AGREED) -> bool:
    """Return whether a nonce was made of these bands, for somebody who has no key."""
    return _nonce(seed, bands, whose) == nonce


def _about(whose: bytes, bands: bytes) -> bytes:
    if len(bands) % 4 or not bands:
        raise SealError("sealed bands have four bytes for each slot")
    return whose + (len(bands) // 4).to_bytes(2, "big")


def _nonce(seed: bytes, bands: bytes, whose: bytes) -> bytes:
    return keccak256(b"Electro bands nonce" + seed + _about(whose, bands) + bands)[:IV_BYTES]


def _bands_key(key: bytes, nonce: bytes, bands: bytes, whose: bytes) -> bytes:
    return keccak256(b"Electro bands key" + key + _about(whose, bands) + nonce)


# -- Reports


def report(
    separator: bytes, device: bytes, agreement_id: int, first_interval: int, schedule: bytes, intervals: int
) -> bytes:
    """Return what a report is about; separator: of the signature's domain, schedule: the half of a code hash."""
    numbers = agreement_id.to_bytes(8, "big") + first_interval.to_bytes(4, "big")
    return separator + device + numbers + schedule + intervals.to_bytes(2, "big")


def seal_report(key: bytes, about: bytes, register_wh: int, readings: bytes, deviations: bytes) -> bytes:
    """Return iv and ciphertext of a register and readings."""
    plain = register_wh.to_bytes(_REGISTER_BYTES, "big") + readings
    iv = _iv(report_seed(key, about, plain, deviations), about, plain, deviations)
    return iv + bytes(cover(plain, report_key(key, about, iv)))


def open_report(key: bytes, about: bytes, sealed: bytes, deviations: bytes) -> "tuple[int, bytes]":
    """Return register and readings of a sealed report; raise SealError."""
    plain = _uncovered(report_key(key, about, sealed[:IV_BYTES]), sealed)
    seed = report_seed(key, about, plain, deviations)
    return _proved(seed, about, sealed[:IV_BYTES], plain, deviations)


def report_seed(key: bytes, about: bytes, plain: bytes, deviations: bytes) -> bytes:
    """Return what, shown with a report's key, proves what it says."""
    return keccak256(b"Electro report seed" + key + about + plain + deviations)


def report_key(key: bytes, about: bytes, iv: bytes) -> bytes:
    """Return the key of one report's keystream."""
    return keccak256(b"Electro report key" + key + about + iv)


def disclose(key: bytes, about: bytes, sealed: bytes, deviations: bytes) -> "tuple[bytes, bytes]":
    """Return seed and key of one report, by which anyone can read and check that one; raise SealError."""
    open_report(key, about, sealed, deviations)
    shown = report_key(key, about, sealed[:IV_BYTES])
    return report_seed(key, about, _uncovered(shown, sealed), deviations), shown


def open_disclosed(
    seed: bytes, shown: bytes, about: bytes, sealed: bytes, deviations: bytes
) -> "tuple[int, bytes]":
    """Return register and readings by what was disclosed; raise SealError if it is not what the meter sealed."""
    return _proved(seed, about, sealed[:IV_BYTES], _uncovered(shown, sealed), deviations)


def _uncovered(shown: bytes, sealed: bytes) -> bytes:
    if len(sealed) < LEAST_SEALED or len(sealed) % 2:
        raise SealError("a sealed report has an iv, a register and two bytes for each interval")
    return bytes(cover(sealed[IV_BYTES:], shown))


def _proved(seed: bytes, about: bytes, iv: bytes, plain: bytes, deviations: bytes) -> "tuple[int, bytes]":
    if _iv(seed, about, plain, deviations) != iv:
        raise SealError("the viewing key does not open this report, or it is not as the meter sealed it")
    return int.from_bytes(plain[:_REGISTER_BYTES], "big"), plain[_REGISTER_BYTES:]


def _iv(seed: bytes, about: bytes, plain: bytes, deviations: bytes) -> bytes:
    return keccak256(b"Electro report iv" + seed + about + plain + deviations)[:IV_BYTES]
