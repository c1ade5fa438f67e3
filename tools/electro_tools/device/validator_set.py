# SPDX-License-Identifier: Apache-2.0
"""A set of validators that both release keys sign, for every meter of a contract: its file, which `provision` takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from electro_protocol import address
from electro_protocol.eip712 import Domain
from electro_protocol.messages import ValidatorSet
from electro_tools import papers, validators
from electro_tools.errors import ToolError

from . import two_keys

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


@dataclass(frozen=True)
class Paper(two_keys.Paper):
    """A set for the meters of one contract."""

    NAME = "set of validators"

    message: ValidatorSet
    addresses: tuple[bytes, ...] = field(kw_only=True)  # in rising order

    def content(self) -> dict[str, Any]:
        """Return what `electro_tools.validators` reads, and whose hash is signed."""
        return {
            "validators": [address.checksum(each) for each in self.addresses],
            "version": self.message.version,
            "deadline": self.message.deadline,
        }


def paper_of(addresses: Iterable[bytes], version: int, deadline: int, domain: Domain) -> Paper:
    """Return the paper of a set, signed by nobody."""
    listed = tuple(sorted(addresses))
    return Paper(domain, ValidatorSet(ValidatorSet.hash_of(listed), version, deadline), addresses=listed)


def read_paper(file: Path) -> Paper:
    """Read a set's paper; each signature in it is somebody's.

    Raises:
        ToolError: it is not there, or no such paper.
    """
    content = papers.content_of(file)
    try:
        domain = Domain(int(content["chain_id"]), address.parse(content["contract"]))
        listed = validators.read(str(file)).addresses
        message = ValidatorSet(
            ValidatorSet.hash_of(listed), int(content["version"]), int(content["deadline"])
        )
        signatures = two_keys.signatures_of(content)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        wrong = papers.what_is_wrong(error)
        raise ToolError(
            f"{file} is no set of validators: {wrong}", "electro device validators writes one"
        ) from error
    return Paper(domain, message, signatures=signatures, addresses=listed).checked()
