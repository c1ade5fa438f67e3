# SPDX-License-Identifier: Apache-2.0
"""A disclosure as a file: what shows one sealed report, and if wished its bands, to who has no viewing key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from electro_contracts.terms import MAX_SLOTS
from electro_protocol import address
from electro_protocol.eip712 import MessageError
from electro_protocol.sealing import KEY_BYTES
from electro_protocol.untrusted import hex_bytes
from electro_tools import papers
from electro_tools.errors import ToolError

from .offer import whole

if TYPE_CHECKING:
    from pathlib import Path

_KIND = "electro sealed report"
_SEED_BYTES = 32  # a seed of another length could move what the hash covers


@dataclass(frozen=True)
class Disclosure:
    """The seed and the key of a report; `bands`, packed, and their seed, both empty if they are not shown."""

    chain_id: int
    contract: bytes
    agreement_id: int
    device: bytes
    first_interval: int
    seed: bytes
    key: bytes
    bands: bytes = b""
    bands_seed: bytes = b""

    def to_json(self) -> dict[str, Any]:
        """Return the file's content."""
        content: dict[str, Any] = {
            "disclosure": _KIND,
            "chain_id": self.chain_id,
            "contract": address.checksum(self.contract),
            "agreement": self.agreement_id,
            "device": address.checksum(self.device),
            "first_interval": self.first_interval,
            "seed": "0x" + self.seed.hex(),
            "key": "0x" + self.key.hex(),
        }
        if self.bands:
            content |= {"bands": "0x" + self.bands.hex(), "bands_seed": "0x" + self.bands_seed.hex()}
        return content

    @classmethod
    def from_json(cls, untrusted: Any) -> Disclosure:
        """Return the disclosure of a JSON object.

        Raises:
            ValueError: with a sentence, if something is missing or does not fit.
        """
        if not isinstance(untrusted, dict) or untrusted.get("disclosure") != _KIND:
            raise ValueError(f'it does not say "disclosure": "{_KIND}"')
        try:
            shown = b"", b""
            if "bands" in untrusted or "bands_seed" in untrusted:
                bands = hex_bytes("bands", untrusted["bands"])
                if len(bands) % 4 or not 4 <= len(bands) <= 4 * MAX_SLOTS:
                    raise ValueError(f"bands has {len(bands)} bytes, which no schedule has")
                shown = bands, _sized("bands_seed", untrusted, _SEED_BYTES)
            return cls(
                whole(untrusted["chain_id"]),
                address.parse(untrusted["contract"]),
                _number("agreement", untrusted, 64),
                address.parse(untrusted["device"]),
                _number("first_interval", untrusted, 32),
                _sized("seed", untrusted, _SEED_BYTES),
                _sized("key", untrusted, KEY_BYTES),
                *shown,
            )
        except KeyError as error:
            raise ValueError(f"{error.args[0]} is missing") from error
        except (TypeError, MessageError) as error:
            raise ValueError(str(error)) from error


def read(file: Path) -> Disclosure:
    """Read a disclosure.

    Raises:
        ToolError: it is not there, or no disclosure.
    """
    try:
        return Disclosure.from_json(papers.content_of(file))
    except ValueError as error:
        raise ToolError(
            f"{file} is no disclosure: {error}", "electro agreement disclose writes such a file"
        ) from error


def _number(name: str, untrusted: dict[str, Any], bits: int) -> int:
    found = whole(untrusted[name])
    if found >> bits:
        raise ValueError(f"{name} has more than {bits} bits")
    return found


def _sized(name: str, untrusted: dict[str, Any], size: int) -> bytes:
    found = hex_bytes(name, untrusted[name])
    if len(found) != size:
        raise ValueError(f"{name} has {len(found)} bytes, not {size}")
    return found
