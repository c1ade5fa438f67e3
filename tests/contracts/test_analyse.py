# SPDX-License-Identifier: Apache-2.0
"""The answers to slither are read as they stand in the file, and a finding without one is told."""

from __future__ import annotations

from .analyse import ANSWERS, Finding, answers, compare

TEXT = """# Answers

## `timestamp`

- `Parties.settle`, `Parties.waive`: time is what it is about.
- `Parties.grant`:

## `assembly`

- `Lanes.judge`: proven.
"""


def test_an_answer_names_detector_and_place_and_says_something() -> None:
    assert answers(TEXT) == {
        ("timestamp", "Parties.settle"), ("timestamp", "Parties.waive"), ("assembly", "Lanes.judge"),
    }  # fmt: skip


def test_a_finding_without_an_answer_and_an_answer_without_a_finding_are_told() -> None:
    found = [
        Finding("timestamp", "Parties.settle", "uses timestamp"),
        Finding("timestamp", "Parties.waive", "uses timestamp"),
        Finding("assembly", "Lanes.judge", "uses assembly"),
    ]
    assert compare(found, answers(TEXT)) == []
    unanswered = compare([*found, Finding("reentrancy", "Parties.settle", "calls")], answers(TEXT))
    assert unanswered == ["unanswered: reentrancy at Parties.settle\ncalls"]
    assert compare(found[:2], answers(TEXT)) == ["no finding any more: assembly at Lanes.judge"]


def test_the_answers_in_the_repository_can_be_read() -> None:
    assert len(answers(ANSWERS.read_text())) > 50
