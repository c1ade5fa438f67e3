# SPDX-License-Identifier: Apache-2.0
"""What the plan says when it cannot do what was asked.

PlanError        one sentence for the person, and a hint
  TooShort       a history is too short to try bands on the past
  Undecided      a file can be read in more than one way, and which one only the person knows
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from electro_plan.sentence import Sentence


class PlanError(Exception):
    """A failure with a sentence that says what is wrong, and a hint that says what to do.

    Args:
        sentence: what is wrong, complete and with the names and numbers that explain it.
        hint: what the person can do about it, if that does not follow from the sentence.
    """

    exit_code = 1

    def __init__(self, sentence: Sentence, hint: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint


class TooShort(PlanError):  # noqa: N818 - bands can be made without a test
    """A history is too short to try bands on the past."""


@dataclass(frozen=True)
class Choice:
    """One way to read a file.

    Args:
        value: what the setting is to be.
        meaning: what the file says then, in a few words.
    """

    value: str
    meaning: Sentence


class Undecided(PlanError):  # noqa: N818 - no fault of anybody's: a question
    """A file can be read in more than one way; the sentence is the question.

    Args:
        sentence: where, what was understood, and what is open.
        setting: the option that settles it, as it is written on a command line: "--unit", "--dialect date".
        choices: the ways that are open; none if any value may be right.
    """

    def __init__(self, sentence: Sentence, setting: str, choices: tuple[Choice, ...] = ()) -> None:
        option, _, key = setting.partition(" ")
        before = f"{option} {key}=" if key else f"{option} "
        ways = " or ".join(f"{before}{_quoted(each.value)} ({each.meaning})" for each in choices)
        super().__init__(sentence, "say which: " + (ways or f"{before}…"))
        self.setting = setting
        self.choices = choices


def _quoted(value: str) -> str:
    """Return a value as a shell takes it."""
    plain = value.isascii() and all(c.isalnum() or c in "+-:/_.%" for c in value)
    return value if plain and value else f"'{value}'"
