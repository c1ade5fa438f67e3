# SPDX-License-Identifier: Apache-2.0
"""What `electro device status` and `doctor` say of receipts."""

from __future__ import annotations

from electro_tools.device import diagnosis, status_words

PROVED = {"block": 7, "time_s": 1_800_000_000, "sealed": 3, "set": 2, "why": ""}


def test_the_status_names_the_block_and_who_sealed_it() -> None:
    said = "block 7 of 2027-01-15 08:00:00 UTC, sealed by 3 validators of version 2"
    assert status_words.proof_words(PROVED) == said
    assert "told by two sources" in status_words.proof_words({**PROVED, "sealed": 0})
    assert status_words.proof_words({**PROVED, "block": 0, "why": "no"}) == "none yet; no"
    assert ("proof", status_words.proof_words(PROVED)) in status_words.lines({"proved": PROVED})
    assert not [label for label, _ in status_words.lines({}) if label == "proof"]


def test_the_doctor_says_what_to_do_when_receipts_prove_nothing() -> None:
    told = {"proved": {**PROVED, "why": "http://relayer: the header's validators are not the pinned ones"}}
    (finding,) = diagnosis._proof(told)
    assert not finding.well
    assert "electro device sign-validators" in finding.hint
    assert [one.well for one in diagnosis._proof({"proved": PROVED})] == [True]
    assert list(diagnosis._proof({})) == []
