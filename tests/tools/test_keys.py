# SPDX-License-Identifier: Apache-2.0
"""`electro key`: a key is made once, encrypted unless asked otherwise, and opened again by its address."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.tools.agreements import electro

if TYPE_CHECKING:
    from pathlib import Path


def test_a_new_key_is_a_keystore_that_only_its_owner_reads_and_only_the_password_opens(
    tmp_path: Path,
) -> None:
    file, password, other = tmp_path / "key", tmp_path / "password", tmp_path / "other"
    for each, text in ((password, "correct horse"), (other, "battery")):
        each.touch(mode=0o600)
        each.write_text(text)
    made = electro("key", "new", file, "--password-file", password)
    assert made.code == 0, made.err
    assert file.stat().st_mode & 0o777 == 0o600
    address = made.out.split()[1]
    assert json.loads(file.read_text())["crypto"]
    opened = electro("key", "address", "--key-file", file, "--password-file", password)
    assert opened.out.split() == ["address", address]
    wrong = electro("key", "address", "--key-file", file, "--password-file", other)
    assert (wrong.code, "does not open with this password" in wrong.err) == (1, True)
    again = electro("key", "new", file, "--plain")
    assert (again.code, f"{file} exists already" in again.err) == (1, True)


def test_a_plain_key_is_64_hex_digits_and_never_printed(tmp_path: Path) -> None:
    file = tmp_path / "key"
    made = electro("key", "new", file, "--plain")
    assert len(bytes.fromhex(file.read_text())) == 32
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text().strip() not in made.out + made.err
    assert electro("key", "address", "--key-file", file, "--json").json == {"address": made.out.split()[1]}


def test_a_missing_or_empty_password_file_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "password"
    assert "can't be read" in electro("key", "new", tmp_path / "key", "--password-file", file).err
    file.write_text("\n")
    assert "is empty" in electro("key", "new", tmp_path / "key", "--password-file", file).err
    assert not (tmp_path / "key").exists()
