# SPDX-License-Identifier: Apache-2.0
"""Thousands of random keys, digests and messages: libsecp256k1, eth-keys and pycryptodome against both paths."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from coincurve import PrivateKey
from Crypto.Hash import keccak
from eth_keys import keys
from hypothesis import given
from hypothesis import strategies as st

from electro_protocol.curve import LAMBDA, N, split
from electro_protocol.keccak import keccak256
from electro_protocol.secp256k1 import public_key, recover, sign, verify
from electro_tools.generate import table
from tests.protocol.packages import build, run

SCRIPT = Path(__file__).with_name("micropython") / "agree.py"
# numbers whose binary digits are long runs, where carries and comb digits are extreme
RUNS = (
    [1 << i for i in range(0, 256, 17)]
    + [(1 << i) - 1 for i in range(16, 257, 17)]
    + [N - (1 << i) for i in range(0, 250, 31)]
)
scalars = st.integers(1, N - 1) | st.sampled_from([run % N for run in RUNS if run % N])


def cases(count: int, seed: int) -> Iterator[tuple[bytes, bytes, bytes, bytes, bytes, bytes]]:
    source = random.Random(seed)
    for i in range(count):
        key = ((RUNS[i] if i < len(RUNS) else source.randrange(1, N)) % N or 1).to_bytes(32, "big")
        digest = source.randbytes(32)
        foreign = PrivateKey(key)
        made = foreign.sign_recoverable(digest, hasher=None)
        message = source.randbytes(source.randrange(300))
        hashed = keccak.new(digest_bits=256, data=message).digest()
        public = foreign.public_key.format(compressed=False)[1:]
        yield key, public, digest, made[:64] + bytes([27 + made[64]]), message, hashed


def test_the_plain_path_signs_as_libsecp256k1() -> None:
    for key, public, digest, signature, message, hashed in cases(400, 1):
        assert public_key(key) == public
        assert sign(digest, key) == signature
        assert keccak256(message) == hashed


@pytest.mark.parametrize("kilobytes", table.SIZES)
def test_the_fast_path_signs_as_libsecp256k1_with_every_table(kilobytes: int, tmp_path: Path) -> None:
    count = 2000 if kilobytes == table.DEFAULT else 200
    build(tmp_path, "x86", kilobytes)
    rows = tmp_path / "rows"
    rows.write_text("\n".join([",".join([part.hex() for part in case]) for case in cases(count, kilobytes)]))
    assert int(run(tmp_path, SCRIPT, str(rows))) == count


@given(st.binary(min_size=32, max_size=32), scalars)
def test_recover_and_verify_agree_with_eth_keys(digest: bytes, scalar: int) -> None:
    private = keys.PrivateKey(scalar.to_bytes(32, "big"))
    made = private.sign_msg_hash(digest).to_bytes()
    signature = made[:64] + bytes([27 + made[64]])
    assert recover(digest, signature) == private.public_key.to_bytes()
    assert verify(digest, signature, private.public_key.to_bytes())
    assert not verify(bytes([digest[0] ^ 1]) + digest[1:], signature, private.public_key.to_bytes())


@given(st.integers(0, N - 1) | scalars)
def test_both_halves_of_a_scalar_are_odd_short_and_add_up(k: int) -> None:
    k1, k2 = split(k)
    assert k1 & k2 & 1
    assert max(abs(k1), abs(k2)) < 1 << 130
    assert (k1 + k2 * LAMBDA - k) % N == 0
