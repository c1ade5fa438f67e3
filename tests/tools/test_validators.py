# SPDX-License-Identifier: Apache-2.0
"""Validators on a command line: addresses, or files of three kinds, and one sentence for what is neither."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from electro_tools import validators

if TYPE_CHECKING:
    from pathlib import Path

ONE, TWO = "0x" + "01" * 20, "0x" + "02" * 20
SET = (b"\x01" * 20, b"\x02" * 20)


@pytest.mark.parametrize(
    ("content", "paper"),
    [
        (f"{TWO}\n\n# a remark\n {ONE} # another\n", {}),
        (json.dumps([TWO, ONE]), {}),
        (json.dumps({"validators": [ONE, TWO]}), {}),
        (json.dumps({"validators": [ONE, TWO], "version": 4, "chain_id": 1}), {"version": 4}),
    ],
)
def test_a_file_is_lines_a_list_or_an_object(content: str, paper: dict[str, int], tmp_path: Path) -> None:
    file = tmp_path / "validators"
    file.write_text(content)
    assert validators.read(str(file)) == validators.Validators(SET, paper)


def test_a_signed_set_says_for_whose_meters_it_is(tmp_path: Path) -> None:
    file = tmp_path / "validators"
    told = {
        "validators": [ONE],
        "chain_id": 7,
        "contract": TWO,
        "version": 1,
        "deadline": 9,
        "signatures": {},
    }
    file.write_text(json.dumps(told))
    paper = {name: told[name] for name in ("version", "deadline", "signatures")}
    assert validators.read(str(file)) == validators.Validators(SET[:1], paper, (7, SET[1]))
    for spoiled in ({"contract": 7}, {"contract": "0x"}, {"chain_id": "one"}, {"chain_id": None}):
        file.write_text(json.dumps({**told, **spoiled}))
        with pytest.raises(ValueError, match="for which chain and contract"):
            validators.read(str(file))


def test_addresses_are_put_in_order() -> None:
    assert validators.read(f"{TWO}, {ONE}").addresses == SET
    assert validators.read(ONE).addresses == SET[:1]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "1 to 16 validators, not 0"),
        ("[", "not JSON"),
        ("{}", "no list of validators"),
        ("[1]", "is an address"),
        (f'["{ONE}", "{ONE}"]', "twice"),
        (ONE[:-2], "40 hex digits"),
        ("\n".join("0x" + f"{i:040x}" for i in range(17)), "not 17"),
    ],
)
def test_what_is_no_set_is_one_sentence(content: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "validators"
    file.write_text(content)
    with pytest.raises(ValueError, match=words):
        validators.read(str(file))


def test_neither_a_file_nor_addresses() -> None:
    with pytest.raises(ValueError, match="neither addresses"):
        validators.read("nothing-here")
    with pytest.raises(ValueError, match="checksum"):
        validators.read("0x5FbDB2315678afecb367f032d93F642f64180aa4")
