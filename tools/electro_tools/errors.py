# SPDX-License-Identifier: Apache-2.0
"""What the tools say when they cannot do what was asked.

ToolError             one sentence for the person at the terminal, exit code 1
"""


class ToolError(Exception):
    """A failure with a sentence that says what is wrong, and a hint that says what to do.

    Args:
        sentence: what is wrong, complete and with the names and numbers that explain it.
        hint: what the person can do about it, if that does not follow from the sentence.
    """

    def __init__(self, sentence: str, hint: str | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint
