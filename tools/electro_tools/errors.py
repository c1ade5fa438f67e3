# SPDX-License-Identifier: Apache-2.0
"""What the tools say when they cannot do what was asked.

ToolError             one sentence for the person at the terminal, exit code 1
  Discrepancy         what was to be checked was checked, and does not hold, exit code 3
"""


class ToolError(Exception):
    """A failure with a sentence that says what is wrong, and a hint that says what to do.

    Args:
        sentence: what is wrong, complete and with the names and numbers that explain it.
        hint: what the person can do about it, if that does not follow from the sentence.
    """

    exit_code = 1

    def __init__(self, sentence: str, hint: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint


class Discrepancy(ToolError):  # noqa: N818 - no fault of the command: it has found one
    """A check that was made to the end and found that two things differ which must be equal."""

    exit_code = 3
