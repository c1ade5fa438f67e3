# SPDX-License-Identifier: Apache-2.0
"""Make the golden vectors with foreign implementations: `python tests/protocol/vectors.py`.

Nothing here imports electro_protocol. The types stand as in the design, eth-account encodes and signs the
messages; libsecp256k1 (coincurve) and OpenSSL (cryptography) sign the bare digests; pycryptodome hashes. A
test holds the files in tests/device/vectors to what these functions return.
"""

import json
from pathlib import Path
from typing import Any

from coincurve import PrivateKey, PublicKey
from Crypto.Hash import keccak as foreign_keccak
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils import keccak

FOLDER = Path(__file__).parents[1] / "device" / "vectors"
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141

TYPES = {
    "EnergyReport": (
        "uint64 agreementId,uint40 start,bytes16 terms,uint32 firstInterval,uint64 registerWh,bytes readings"
    ),
    "OutageReport": "uint64 agreementId,uint32 number,uint40 startedAt,uint40 endedAt,uint8 cause",
    "DeviceEnrollment": "bytes32 hardwareId,uint32 baseSeconds,uint40 deadline",
    "AgreementAcceptance": (
        "uint64 agreementId,bytes32 termsHash,bytes32 devicesHash,uint128 bonus,uint40 deadline"
    ),
    "DiscountRedemption": "uint64 agreementId,bytes32 invoice,uint128 amount,uint40 deadline",
    "Renomination": (
        "uint64 agreementId,uint32 place,uint32 firstInterval,uint32 sequence,bytes bands,uint40 deadline"
    ),
    "SealedReport": (
        "uint64 agreementId,uint40 start,bytes16 schedule,uint32 firstInterval,bytes sealed,bytes deviations"
    ),
    "ViewingKeyReady": "bytes32 viewingKeyHash",
    "FirmwareRelease": "bytes32 manifest,uint32 version,uint40 deadline",
    "ValidatorSet": "bytes32 set,uint32 version,uint40 deadline",
}

# over by 1, under by 2, interrupted and over by 3, no data
DEVIATIONS = "00000001100100022002000330030000"

DEVELOPMENT_KEY = 0xAC0974BEC39A17E36BA4A6B4D238FF944BACB478CBED5EFCAE784D7BF4F2FF80  # anvil's first account
# name, private key, chain id, contract
SIGNERS = (
    ("development", DEVELOPMENT_KEY, 31337, "5fbdb2315678afecb367f032d93f642f64180aa3"),
    ("mainnet", 1, 1, "00" * 20),
    ("chain id above 2^32", N - 1, (1 << 32) + 5, "ff" * 20),
    ("greatest chain id", 0x1234, (1 << 256) - 1, "00" * 19 + "ff"),
)


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


def _wire(value: int | bytes) -> int | str:
    """JSON as it travels: bytes as 0x-hex, integers from 2^53 up as decimal strings."""
    if isinstance(value, bytes):
        return _hex(value)
    return value if value < 1 << 53 else str(value)


def _readings(count: int) -> bytes:
    """Readings that run through measured and interrupted intervals, and such without data."""
    edges = (0, 1, 0x7FFF, 0x8000, 0xFFFD, 0xFFFE, 0xFFFF)
    lanes = [edges[i % 7] if i % 5 else i * 37 % 0x8000 for i in range(count)]
    return b"".join([lane.to_bytes(2, "big") for lane in lanes])


def _values() -> list[tuple[str, str, tuple[int | bytes, ...]]]:
    """(name, struct, values in order): typical, least and greatest values of every struct."""
    u32, u40, u64, u128 = (2**bits - 1 for bits in (32, 40, 64, 128))
    zero, ones, mixed = bytes(32), b"\xff" * 32, bytes(range(32))
    began, none, half, full = 1_700_000_000, bytes(16), mixed[:16], ones[:16]
    return [
        ("one reading", "EnergyReport", (1, began, half, 0, 1234, b"\x00\x7b")),
        ("all zero", "EnergyReport", (0, 0, none, 0, 0, b"\x00\x00")),
        ("all greatest", "EnergyReport", (u64, u40, full, u32, u64, b"\xff\xff")),
        ("a day", "EnergyReport", (7, began, half, 96, 10**9, _readings(96))),
        ("a week", "EnergyReport", (7, began, half, 672, 2**53, _readings(672))),
        ("one below the string limit", "EnergyReport", (2**53 - 1, began, half, 5, 2**53 + 1, _readings(3))),
        ("still out", "OutageReport", (1, 0, began, 0, 2)),
        ("over", "OutageReport", (1, 4, began, began + 90, 1)),
        ("all zero", "OutageReport", (0, 0, 0, 0, 0)),
        ("all greatest", "OutageReport", (u64, u32, u40 - 1, u40, 2)),
        ("typical", "DeviceEnrollment", (mixed, 300, 1_800_000_000)),
        ("all least", "DeviceEnrollment", (zero, 1, 0)),
        ("all greatest", "DeviceEnrollment", (ones, u32, u40)),
        ("typical", "AgreementAcceptance", (1, mixed, bytes(reversed(mixed)), 5_000_000, 1_800_000_000)),
        ("all zero", "AgreementAcceptance", (0, zero, zero, 0, 0)),
        ("all greatest", "AgreementAcceptance", (u64, ones, ones, u128, u40)),
        ("typical", "DiscountRedemption", (1, mixed, 123_456, 1_800_000_000)),
        ("all zero", "DiscountRedemption", (0, zero, 0, 0)),
        ("all greatest", "DiscountRedemption", (u64, ones, u128, u40)),
        ("a day", "Renomination", (1, 2, 96, 3, _readings(192), 1_800_000_000)),
        ("all zero", "Renomination", (0, 0, 0, 0, bytes(4), 0)),
        ("all greatest", "Renomination", (u64, u32, u32, u32, b"\xff" * 4, u40)),
        ("one reading", "SealedReport", (1, began, half, 0, bytes(range(26)), b"")),
        ("each kind", "SealedReport", (7, began, half, 96, bytes(32), bytes.fromhex(DEVIATIONS))),
        ("all greatest", "SealedReport", (u64, u40, full, u32, b"\xff" * 1368, b"\x12\x9f\x7f\xff")),
        ("typical", "ViewingKeyReady", (mixed,)),
        ("typical", "FirmwareRelease", (mixed, 7, 1_800_000_000)),
        ("all least", "FirmwareRelease", (zero, 1, 0)),
        ("all greatest", "FirmwareRelease", (ones, u32, u40)),
        ("typical", "ValidatorSet", (mixed, 2, 1_800_000_000)),
        ("all least", "ValidatorSet", (zero, 1, 0)),
        ("all greatest", "ValidatorSet", (ones, u32, u40)),
    ]


def messages() -> list[dict[str, Any]]:
    """Every struct's values under every signer, encoded and signed by eth-account."""
    made = []
    for signer, key, chain_id, contract in SIGNERS:
        for name, struct, values in _values():
            fields = [tuple(field.split(" ")) for field in TYPES[struct].split(",")]
            message = {field: value for (_, field), value in zip(fields, values, strict=True)}
            domain = {"name": "Electro", "version": "1", "chainId": chain_id}
            domain["verifyingContract"] = "0x" + contract
            signable = encode_typed_data(
                domain,
                {struct: [{"type": kind, "name": field} for kind, field in fields]},
                message,
            )
            private_key = key.to_bytes(32, "big")
            signature = bytes(Account.sign_message(signable, private_key).signature)
            made.append(
                {
                    "name": f"{struct}, {name}, {signer}",
                    "privateKey": _hex(private_key),
                    "signer": Account.from_key(private_key).address,
                    "chainId": str(chain_id),
                    "contract": "0x" + contract,
                    "separator": _hex(signable.header),
                    "digest": _hex(keccak(b"\x19" + signable.version + signable.header + signable.body)),
                    "signed": {
                        "type": struct,
                        "message": {field: _wire(value) for field, value in message.items()},
                        "signature": _hex(signature),
                    },
                }
            )
    return made


def _openssl(key: int, digest: bytes) -> tuple[int, int]:
    """r and low s by OpenSSL, which reduces a digest ≥ n before RFC 6979's generator as the RFC says."""
    algorithm = ec.ECDSA(utils.Prehashed(SHA256()), deterministic_signing=True)
    r, s = utils.decode_dss_signature(ec.derive_private_key(key, ec.SECP256K1()).sign(digest, algorithm))
    return r, min(s, N - s)


def signatures() -> list[dict[str, str]]:
    """Bare digests under edge and ordinary keys; OpenSSL and libsecp256k1 must agree.

    libsecp256k1 feeds the digest to the nonce generator unreduced, so for digests from n up (which
    keccak256 meets once in 2^128) the signature is OpenSSL's and libsecp256k1 only names the public key.
    """
    ordinary = int.from_bytes(keccak(b"meter"), "big") % N
    keys = (1, 2, 3, 0xFF << 240, N - 1, N - 2, N >> 1, (N >> 1) + 1, ordinary)
    digests = (0, 1, N - 1, N, N + 1, 2**256 - 1, 1 << 255, int.from_bytes(keccak(b"abc"), "big"))
    made = []
    for key in keys:
        foreign = PrivateKey(key.to_bytes(32, "big"))
        for value in digests:
            digest = value.to_bytes(32, "big")
            r, s = _openssl(key, digest)
            body = r.to_bytes(32, "big") + s.to_bytes(32, "big")
            if value < N:
                signature = foreign.sign_recoverable(digest, hasher=None)
                if signature[:64] != body:
                    raise RuntimeError("OpenSSL and libsecp256k1 disagree")
                odd = signature[64]
            else:
                public = foreign.public_key.format(compressed=False)
                odd = next(i for i in (0, 1) if _recovers(body + bytes([i]), digest) == public)
            made.append(
                {
                    "privateKey": _hex(key.to_bytes(32, "big")),
                    "publicKey": _hex(foreign.public_key.format(compressed=False)[1:]),
                    "digest": _hex(digest),
                    "signature": _hex(body + bytes([27 + odd])),
                }
            )
    return made


def _recovers(signature: bytes, digest: bytes) -> bytes:
    return PublicKey.from_signature_and_message(signature, digest, hasher=None).format(compressed=False)


def hashes() -> list[dict[str, Any]]:
    """keccak256 of byte i = (7i + length) mod 256, for lengths around every boundary of words and blocks."""
    lengths = [*range(10), 31, 32, 33, 63, 64, 65, *range(127, 145), *range(270, 275), 407, 408, 409]
    made = []
    for length in (*lengths, 1000, 1344, 4096):
        message = bytes([(7 * i + length) & 255 for i in range(length)])
        digest = foreign_keccak.new(digest_bits=256, data=message).digest()
        made.append({"length": length, "hash": _hex(digest)})
    return made


def _keccak(*parts: bytes) -> bytes:
    return foreign_keccak.new(digest_bits=256, data=b"".join(parts)).digest()


def _covered(data: bytes, key: bytes) -> bytes:
    blocks = (len(data) + 31) // 32
    stream = b"".join([_keccak(key, i.to_bytes(4, "big")) for i in range(blocks)])[: len(data)]
    return (int.from_bytes(data, "big") ^ int.from_bytes(stream, "big")).to_bytes(len(data), "big")


def sealed() -> list[dict[str, Any]]:
    """Bands, reports and a delivered key, as the format's description has them; the shared secret is OpenSSL's."""
    key = _keccak(b"a viewing key")
    made: list[dict[str, Any]] = [
        {"kind": "key", "key": _hex(key), "hash": _hex(_keccak(b"Electro viewing key", key))}
    ]
    agreed = {"kind": "bands"}
    passes = [
        {"kind": "pass", "agreementId": agreement_id, "place": place, "pass": pass_}
        for agreement_id, place, pass_ in ((1, 0, 0), (7, 2, 365), (2**64 - 1, 2**32 - 1, 2**32 - 1))
    ]
    for whose, slots in zip([agreed, agreed, agreed, *passes], (1, 96, 672) * 2, strict=True):
        bands = b"".join([(i * 7).to_bytes(2, "big") for i in range(slots)])
        bands += b"".join([(i * 7 + 1000).to_bytes(2, "big") for i in range(slots)])
        about = b"".join(
            int(whose.get(name, 0)).to_bytes(size, "big")
            for name, size in (("agreementId", 8), ("place", 4), ("pass", 4))
        )
        about += slots.to_bytes(2, "big")
        seed = _keccak(b"Electro bands seed", key, about, bands)
        nonce = _keccak(b"Electro bands nonce", seed, about, bands)[:16]
        cipher = _covered(bands, _keccak(b"Electro bands key", key, about, nonce))
        row = {"key": key, "bands": bands, "seed": seed, "nonce": nonce}
        made.append({name: _wire(value) for name, value in row.items()} | whose)
        made[-1]["sealed"] = _hex(cipher)
    for count, first, words in ((1, 0, b""), (4, 96, bytes.fromhex(DEVIATIONS)), (672, 2**32 - 1, b"")):
        separator, device, schedule = _keccak(b"domain"), _keccak(b"device")[:20], _keccak(b"terms")[:16]
        about = separator + device + (7).to_bytes(8, "big") + first.to_bytes(4, "big") + schedule
        about += count.to_bytes(2, "big")
        register_wh, readings = 123_456_789_012, _readings(count)
        plain = register_wh.to_bytes(8, "big") + readings
        seed = _keccak(b"Electro report seed", key, about, plain, words)
        iv = _keccak(b"Electro report iv", seed, about, plain, words)[:16]
        shown = _keccak(b"Electro report key", key, about, iv)
        made.append(
            {
                "kind": "report",
                "key": _hex(key),
                "separator": _hex(separator),
                "device": _hex(device),
                "agreementId": 7,
                "firstInterval": first,
                "schedule": _hex(schedule),
                "register": register_wh,
                "readings": _hex(readings),
                "deviations": _hex(words),
                "seed": _hex(seed),
                "shown": _hex(shown),
                "sealed": _hex(iv + _covered(plain, shown)),
            }
        )
    for scalar, ephemeral in ((1, N - 1), (DEVELOPMENT_KEY, 0x1234)):
        private = ec.derive_private_key(scalar, ec.SECP256K1())
        passing = ec.derive_private_key(ephemeral, ec.SECP256K1())
        shared = passing.exchange(ec.ECDH(), private.public_key())
        raw = (Encoding.X962, PublicFormat.CompressedPoint)
        point = passing.public_key().public_bytes(*raw)
        public = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:]
        mask = _keccak(b"Electro viewing key for", shared, point, _keccak(public)[12:])
        made.append(
            {
                "kind": "delivery",
                "key": _hex(key),
                "privateKey": _hex(scalar.to_bytes(32, "big")),
                "publicKey": _hex(public),
                "ephemeral": _hex(ephemeral.to_bytes(32, "big")),
                "wrapped": _hex(point + bytes([a ^ b for a, b in zip(key, mask, strict=True)])),
            }
        )
    return made


MADE = {
    "sealed.json": sealed,
    "messages.json": messages,
    "signatures.json": signatures,
    "hashes.json": hashes,
}


def text(rows: list[dict[str, Any]]) -> str:
    """One row a line, so that a change shows as the lines it changes."""
    return "[\n" + ",\n".join([json.dumps(row) for row in rows]) + "\n]\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file_name, make in MADE.items():
        (FOLDER / file_name).write_text(text(make()))
