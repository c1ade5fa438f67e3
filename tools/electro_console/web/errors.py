# SPDX-License-Identifier: Apache-2.0
"""What the console says when it cannot do what was asked; each has a status of HTTP.

ConsoleError         one sentence for the person, and a hint
  BadRequest         400  what came is not what is taken here
  NoSuchPage         404  there is nothing at this address
  Elsewhere          403  asked under another name, or by another site's page
  Unnamed            401  a password is asked for here
  TooLarge           413  more came than is taken
  TooMany            429  this address asks too often
  Refused            409  the contract would refuse it
  NodeTrouble        502  the node does not answer, or answers nonsense
  Unready            503  the index has nothing yet
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from electro_plan.sentence import Sentence


class ConsoleError(Exception):
    """A failure with a sentence that says what is wrong, and a hint that says what to do."""

    status = 500

    def __init__(self, sentence: Sentence, hint: Sentence | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint


class BadRequest(ConsoleError):  # noqa: N818 - HTTP's word
    status = 400


class NoSuchPage(ConsoleError):  # noqa: N818 - what a person reads
    status = 404


class Elsewhere(ConsoleError):  # noqa: N818 - what a person reads
    status = 403


class Unnamed(ConsoleError):  # noqa: N818 - what a person reads
    status = 401


class TooLarge(ConsoleError):  # noqa: N818 - HTTP's word
    status = 413


class TooMany(ConsoleError):  # noqa: N818 - HTTP's word
    status = 429


class Refused(ConsoleError):  # noqa: N818 - the contract's word
    status = 409


class NodeTrouble(ConsoleError):  # noqa: N818 - no fault of the page's
    status = 502


class Unready(ConsoleError):  # noqa: N818 - a state, which passes
    status = 503
