# SPDX-License-Identifier: Apache-2.0
"""What the index says when it cannot do what was asked.

IndexFailure         one sentence for the person, and a hint
  NodeFailure        the node does not answer, or answers what can't be; another one may
    Refused          it refuses what it was asked; something smaller it may not
    Incomplete       what it gave is not all that the contract said
  OtherChain         the node, or the database, is of another chain or contract, or of a past that the chain gave up
  DatabaseFailure    the database can't be used
    Busy             another process writes into it
    Damaged          it is no database, or not a whole one any more
  Unknown            there is no such agreement, place or meter
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from electro_plan.sentence import Sentence


class IndexFailure(Exception):  # noqa: N818 - the family's name says what it is
    """A failure with a sentence that says what is wrong, and a hint that says what to do.

    Args:
        sentence: what is wrong, complete and with the names and numbers that explain it.
        hint: what the person can do about it, if that does not follow from the sentence.
    """

    exit_code = 1

    def __init__(self, sentence: Sentence, hint: Sentence | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint


class NodeFailure(IndexFailure):
    """The node does not answer, or answers what can't be."""


class Refused(NodeFailure):
    """The node refuses what it was asked: so many blocks at once, say."""


class Incomplete(NodeFailure):
    """What the node gave is not all that the contract said."""


class OtherChain(IndexFailure):
    """Node or database are of another chain or contract, or of a past that the chain gave up."""


class DatabaseFailure(IndexFailure):
    """The database can't be opened, read or written."""


class Busy(DatabaseFailure):
    """Another process writes into the database."""


class Damaged(DatabaseFailure):
    """The file is no database, or not a whole one any more."""


class Unknown(IndexFailure):
    """There is no such agreement, place or meter."""
