# SPDX-License-Identifier: Apache-2.0
"""`electro device release` and `sign-release`: what is built is whole, and what is signed is what was built."""

from __future__ import annotations

import contextlib
import hashlib
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from electro_meter.updating.releases import Release
from electro_meter.updating.state import State
from electro_protocol import address
from electro_protocol.eip712 import Domain
from electro_tools.device import firmware_files, two_keys
from electro_tools.device import release as building
from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from pathlib import Path

CONTRACT = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
KEYS = {"operator": "0x" + "11" * 32, "consumer": "0x" + "22" * 32}


def electro(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "electro_tools.cli", "device", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False, cwd=folder
    )


def key_file(folder: Path, role: str) -> str:
    file = folder / f"{role}.key"
    file.touch(mode=0o600)
    file.write_text(KEYS[role])
    return str(file)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A paper beside its bundle, of two files."""
    files = {"electro_meter/a.mpy": b"M\x06a", "electro_protocol/b.mpy": b""}
    built = building.bundle_of(files, 7, "xtensawin", {"operator": None, "consumer": None})
    (tmp_path / f"{built.head.manifest.hex()}.bundle").write_bytes(built.raw)
    message = building.FirmwareRelease(built.head.manifest, 7, 2_000_000_000)
    paper = building.Paper(Domain(31337, address.parse(CONTRACT)), message)
    two_keys.rewrite(tmp_path / "xtensawin.json", paper)
    return tmp_path


def test_a_release_holds_every_module_and_both_parties_sign_it(tmp_path: Path) -> None:
    arguments = ["--version", "7", "--chain-id", "31337", "--contract", CONTRACT]
    done = electro(tmp_path, "release", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    paper_file = tmp_path / "releases" / "xtensawin.json"
    (bundle_file,) = (tmp_path / "releases").glob("*.bundle")
    built = building.read_bundle(bundle_file)
    assert set(building.files_of(built.raw, built.head)) == {
        place.removeprefix("lib/") for place in firmware_files.places()
    }
    for role, secret in KEYS.items():
        signed = electro(
            tmp_path,
            "sign-release",
            str(paper_file),
            "--as",
            role,
            "--key-file",
            key_file(tmp_path, role),
            "--yes",
        )
        assert (signed.returncode, signed.stderr) == (0, ""), signed.stderr
        assert f"as the {role}, by {Account.from_key(secret).address}" in signed.stdout
    assert "both parties have signed" in signed.stdout
    state = State()
    state.operator, state.consumer = (address.parse(Account.from_key(KEYS[role]).address) for role in KEYS)
    content = json.loads(paper_file.read_text())
    taken = Release(
        content, Domain(31337, address.parse(CONTRACT)), state, 1_900_000_000 - 10**8, serial=False
    )
    assert taken.offer(built.head, "xtensawin", (1, 25)).version == 7
    again = electro(tmp_path, "release", *arguments)
    assert again.returncode == 1
    assert "exists already" in again.stderr


def test_a_wallet_signs_typed_data(small: Path) -> None:
    account = Account.from_key(KEYS["consumer"])
    command = ["sign-release", "xtensawin.json", "--as", "consumer", "--from", account.address]
    handed = electro(small, *command)
    assert (handed.returncode, handed.stderr) == (0, "")
    typed: dict[str, Any] = json.loads((small / "xtensawin.consumer.typed-data.json").read_text())
    signature = Account.sign_message(encode_typed_data(full_message=typed), account.key).signature.hex()
    done = electro(small, *command, "--signature", "0x" + signature)
    assert (done.returncode, done.stderr) == (0, "")
    assert building.read_paper(small / "xtensawin.json").signatures["consumer"].hex() == signature
    wrong = electro(
        small, *command[:-1], Account.from_key(KEYS["operator"]).address, "--signature", "0x" + signature
    )
    assert wrong.returncode == 1
    assert "it recovers to" in wrong.stderr


def test_one_key_does_not_sign_for_both(small: Path) -> None:
    one = ["--key-file", key_file(small, "operator"), "--yes"]
    assert electro(small, "sign-release", "xtensawin.json", "--as", "operator", *one).returncode == 0
    done = electro(small, "sign-release", "xtensawin.json", "--as", "consumer", *one)
    assert done.returncode == 1
    assert "has signed as the operator already" in done.stderr


def test_what_lies_beside_the_paper_is_what_is_signed(small: Path) -> None:
    (bundle_file,) = small.glob("*.bundle")
    raw = bundle_file.read_bytes()
    command = [
        "sign-release",
        "xtensawin.json",
        "--as",
        "operator",
        "--key-file",
        key_file(small, "operator"),
        "--yes",
    ]
    for wrong in (
        raw[:-1] + b"b",
        raw + b"more",
        raw.replace(b"version 7", b"version 8"),
        b"",
        b"\xff" * 600,
    ):
        bundle_file.write_bytes(wrong)
        done = electro(small, *command)
        assert done.returncode == 1, wrong[:40]
        assert done.stderr.startswith("error: "), done.stderr
        assert not building.read_paper(small / "xtensawin.json").signatures
    other = {"electro_meter/a.mpy": b"M\x06another", "electro_protocol/b.mpy": b""}
    bundle_file.write_bytes(
        building.bundle_of(other, 7, "xtensawin", {"operator": None, "consumer": None}).raw
    )
    done = electro(small, *command)
    assert "not the one that the paper names" in done.stderr, (
        "a good program is shown, and another one signed"
    )
    assert not building.read_paper(small / "xtensawin.json").signatures
    bundle_file.unlink()
    assert "can't be read" in electro(small, *command).stderr


def test_a_bundle_that_is_cut_or_changed_anywhere_is_one_sentence(small: Path) -> None:
    (bundle_file,) = small.glob("*.bundle")
    good = bundle_file.read_bytes()
    manifest = building.read_bundle(bundle_file).head.manifest
    for at in range(len(good)):
        for raw in (good[:at], good[:at] + bytes([good[at] ^ 0x20]) + good[at + 1 :]):
            bundle_file.write_bytes(raw)
            with contextlib.suppress(ToolError):
                assert building.read_bundle(bundle_file).head.manifest != manifest


def test_a_list_with_a_number_without_end_is_one_sentence(small: Path) -> None:
    listed = f"{'00' * 32} {'9' * 5_000} electro_meter/a.mpy\n".encode()
    head = (
        "electro firmware 1\nversion 7\nchip xtensawin\nmicropython 1.23\n"
        f"list {hashlib.sha256(listed).hexdigest()} {len(listed)}\ncontents 1\n\n"
    )
    (small / "long").write_bytes(head.encode() + listed + b"x")
    with pytest.raises(ToolError, match=r"electro_meter/a\.mpy is not what the list says"):
        building.read_bundle(small / "long")


def test_a_paper_that_is_none_is_one_sentence(small: Path) -> None:
    good = json.loads((small / "xtensawin.json").read_text())
    for wrong in (
        {},
        {**good, "chain_id": "x"},
        {**good, "signatures": {"operator": "0x12"}},
        {**good, "release": []},
    ):
        (small / "wrong.json").write_text(json.dumps(wrong))
        done = electro(small, "sign-release", "wrong.json", "--as", "operator", "--from", CONTRACT)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr


def test_nobody_signs_without_being_asked(small: Path) -> None:
    done = electro(
        small, "sign-release", "xtensawin.json", "--as", "operator", "--key-file", key_file(small, "operator")
    )
    assert done.returncode == 130
    assert "version" in done.stdout
    assert not building.read_paper(small / "xtensawin.json").signatures
