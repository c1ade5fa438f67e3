# SPDX-License-Identifier: Apache-2.0
"""Sentences that remember what they are made of, so that whoever shows them can say them in another language.

A `Sentence` is its English text and is used as such everywhere; it also keeps the message and the figures that it was
made of. A figure that is itself made of words is a `Sentence`, a `Length`, a `Figure` or `Foreign`; any other text is a
name, a sign or a part of somebody's file, and the same in all languages.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Sequence


class Sentence(str):
    """A text in English, with its message and figures.

    Args:
        message: with places for figures as `str.format` has them: "{0:,} rows of {1}".
        figures: what goes there.
        many: the message for other numbers than one, where the first figure counts something.
    """

    __slots__ = ("figures", "many", "message")

    message: str
    many: str | None
    figures: tuple[object, ...]

    @property
    def number(self) -> int:
        """The number of what is counted; 1 where nothing is."""
        first = self.figures[0] if self.many is not None else 1
        assert isinstance(first, int)
        return first

    def __new__(cls, message: str, *figures: object, many: str | None = None) -> Self:
        """Return the text of a message with its figures filled in."""
        chosen = many if many is not None and figures[0] != 1 else message
        made = super().__new__(cls, chosen.format(*figures))
        made.message, made.many, made.figures = message, many, figures
        return made


class Length(str):
    """A length of time in English, and its seconds."""

    __slots__ = ("seconds",)

    seconds: int

    def __new__(cls, text: str, seconds: int) -> Self:
        """Return the text, which knows its seconds."""
        made = super().__new__(cls, text)
        made.seconds = seconds
        return made


class Figure(str):
    """A number as English writes it, with commas between thousands."""

    __slots__ = ()


class Foreign(str):
    """What a library says about it, in English: for those who read English, and no loss to others."""

    __slots__ = ()


def sentence(message: str, *figures: object) -> Sentence:
    """Return a sentence."""
    return Sentence(message, *figures)


def counted(one: str, many: str, number: int, *figures: object) -> Sentence:
    """Return a sentence about so many things; the number is its first figure."""
    return Sentence(one, number, *figures, many=many)


def chained(parts: Sequence[str], sign: str = ",") -> str:
    """Return parts with a sign between them, each of which may be made of words."""
    return functools.reduce(lambda told, part: Sentence("{0}{1} {2}", told, sign, part), parts)


def foreign(said: object) -> Foreign:
    """Return what a library says, to stand behind what we say."""
    return Foreign(f": {said}"[:200])
