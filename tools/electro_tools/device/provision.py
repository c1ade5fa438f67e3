# SPDX-License-Identifier: Apache-2.0
"""Give the chip its settings and let it make its key; its enrolment comes back, the key does not.

The chip checks everything before it changes anything.
"""

from __future__ import annotations

import json
import secrets
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from electro_protocol import address
from electro_tools.errors import ToolError

from .enrolment import Enrolment
from .plausible import answered

if TYPE_CHECKING:
    from pathlib import Path

    from electro_tools.validators import Validators

    from .chip import Chip

_CHIP_TIMEOUT_S = 180  # the radio comes up, a key is made, one message signed in plain Python

# The chip's own name for itself, for a hardware id when the person gives none.
_UNIQUE_ID = """
import binascii, json, machine
print(json.dumps(binascii.hexlify(machine.unique_id()).decode()))
"""


_OPTIONS = {
    "chain_id",
    "contract",
    "hardware_id",
    "relayers",
    "wifi_ssid",
    "wifi_password",
    "host_entropy",
    "unix_s",
    "certificate",
    "release_keys",
    "validators",
    "validators_version",
    "validator_set",
}


@dataclass(frozen=True)
class Settings:
    """What the chip is told; the password shows in no repr."""

    chain_id: int
    contract: bytes
    relayers: tuple[str, ...]
    wifi_ssid: str
    wifi_password: str
    hardware_id: bytes
    further: dict[str, Any]  # entries of electro_meter.life.config, such as the calibration
    certificate: bytes | None = None  # DER; None: the one on the chip stays
    release_keys: dict[str, str | None] | None = None  # by role; None: those that are pinned stay
    validators: Validators | None = None  # None: those on the chip stay
    validators_version: int | None = None  # None: the file's, else 1

    def __repr__(self) -> str:
        return f"Settings(chain_id={self.chain_id}, contract={address.checksum(self.contract)})"

    def config(self) -> dict[str, Any]:
        """Return the device's config.json."""
        return {
            "chain_id": self.chain_id,
            "contract": address.checksum(self.contract),
            "hardware_id": "0x" + self.hardware_id.hex(),
            "relayers": list(self.relayers),
            "wifi_ssid": self.wifi_ssid,
            "wifi_password": self.wifi_password,
            **self.further,
            **self._validators(),
        }

    def _validators(self) -> dict[str, Any]:
        if self.validators is None:
            return {}
        return {
            "validators": [address.checksum(each) for each in self.validators.addresses],
            "validators_version": self.validators_version or self.validators.paper.get("version", 1),
        }


def read_settings(file: Path | None) -> dict[str, Any]:
    """Return the further settings of a JSON file; the chip checks their names and values.

    Raises:
        ToolError: the file can't be read, is no JSON object, or holds what has an option of its own.
    """
    if file is None:
        return {}
    try:
        further = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ToolError(f"the settings file {file} can't be read: {error.strerror}") from error
    except ValueError as error:
        raise ToolError(f"{file} is not JSON") from error
    if not isinstance(further, dict):
        raise ToolError(f"{file} holds no JSON object")
    if twice := _OPTIONS & set(further):
        raise ToolError(f"{file} must not hold {', '.join(sorted(twice))}: there are options for that")
    return further


def read_certificate(file: Path | None) -> bytes | None:
    """Return a certificate file's content in DER.

    Raises:
        ToolError: the file can't be read or is no certificate.
    """
    if file is None:
        return None
    try:
        content = file.read_bytes()
        if content.lstrip().startswith(b"-----BEGIN"):
            return ssl.PEM_cert_to_DER_cert(content.decode("ascii").strip())
    except OSError as error:
        raise ToolError(f"the certificate {file} can't be read: {error.strerror}") from error
    except ValueError as error:
        raise ToolError(f"{file} is no certificate: {error}") from error
    if content[:1] != b"\x30":  # DER of any certificate begins with a SEQUENCE
        raise ToolError(f"{file} is no certificate, neither PEM nor DER")
    return content


def hardware_id_of(chip: Chip) -> bytes:
    """Return the chip's factory number (its MAC address), filled up with zeros to 32 bytes."""
    try:
        number = bytes.fromhex(chip.ask(_UNIQUE_ID))
    except (ToolError, ValueError, TypeError) as error:
        raise ToolError("the chip does not tell its factory number", "give one with --hardware-id") from error
    return number.ljust(32, b"\0")


def provision(chip: Chip, settings: Settings) -> Enrolment:
    """Run electro_meter.provision on the chip and verify what it gives back.

    Raises:
        ToolError: the meter's files are not on the chip, it refuses, its signature does not hold, or the validators
            are signed for other meters.
    """
    _must_be_for(settings)
    chip.hold_watchdog()
    now_s = int(time.time())
    request = {**settings.config(), "host_entropy": "0x" + secrets.token_hex(32), "unix_s": now_s}
    if settings.certificate is not None:
        request["certificate"] = "0x" + settings.certificate.hex()
    if settings.release_keys is not None:
        request["release_keys"] = settings.release_keys
    if settings.validators is not None and "signatures" in settings.validators.paper:
        request["validator_set"] = settings.validators.paper
    # json escapes everything beyond ASCII; repr makes a Python literal of it
    script = f"from electro_meter import provision\nprovision.run({json.dumps(request)!r})\n"
    answer = answered(chip.ask_meter(script, _CHIP_TIMEOUT_S))
    return _verified(answer, settings, now_s)


def _must_be_for(settings: Settings) -> None:
    signed_for = settings.validators.domain if settings.validators else None
    if signed_for not in (None, (settings.chain_id, settings.contract)):
        chain_id, contract = signed_for
        raise ToolError(
            f"the validators are for the meters of {address.checksum(contract)} on chain {chain_id}",
            "name that chain and contract, or have a set signed for these",
        )


def change(chip: Chip, entries: dict[str, Any]) -> None:
    """Change entries of the chip's settings, all of them or none.

    Raises:
        ToolError: the meter's files or settings are not on the chip, or it refuses.
    """
    chip.hold_watchdog()
    text = json.dumps({"change": entries})
    answered(
        chip.ask_meter(f"from electro_meter import provision\nprovision.run({text!r})\n", _CHIP_TIMEOUT_S)
    )


def _verified(untrusted_answer: dict[str, Any], settings: Settings, now_s: int) -> Enrolment:
    try:
        enrolment = Enrolment.from_json(
            {
                "device": untrusted_answer.get("address"),
                "chain_id": settings.chain_id,
                "contract": address.checksum(settings.contract),
                "enrollment": untrusted_answer.get("enrollment"),
            }
        )
    except ValueError as error:
        raise ToolError(f"what the chip signed does not hold: {error}") from error
    if enrolment.message.hardware_id != settings.hardware_id or enrolment.message.deadline <= now_s:
        raise ToolError("the chip signed another hardware id than it was given, or a time that has passed")
    return enrolment
