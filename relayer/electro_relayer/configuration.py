# SPDX-License-Identifier: Apache-2.0
"""Collect what people configured: keyword arguments, environment, a TOML file, and what all `electro` commands read.

An earlier source wins. What is found is text or a TOML value; `convert` makes a field's type of it.
"""

from __future__ import annotations

import math
import os
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from electro_contracts.node.access import VARIABLES
from electro_protocol import address
from electro_relayer.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PREFIX = "ELECTRO_RELAYER_"
SHARED = {
    "rpc_url": "ELECTRO_RPC",
    "contract": "ELECTRO_CONTRACT",
    **{f"rpc_{part}": name for part, name in VARIABLES.items()},
}  # read by every command; the key is each one's own
OPTIONS = {"rpc_url": "--rpc", "contract": "--contract", "key_file": "--key-file"}
# Kubernetes tells each pod of every Service around it, of one called electro-relayer, or electro-relayer-metrics, by
# these names.
_OF_A_SERVICE = re.compile(
    r"(\w+_)?(SERVICE_(HOST|PORT(_\w+)?)|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)"
)
_ADDRESS_OF_A_SERVICE = re.compile(r"(\w+_)?PORT")
_SERVICE_ADDRESS = re.compile(r"(tcp|udp|sctp)://")


def collect(
    file: Path | str | None, environ: Mapping[str, str] | None, overrides: Mapping[str, Any]
) -> Iterator[tuple[str, str, Any]]:
    """Yield (setting, how its source calls it, value), the most important source first; an override of None is none."""
    environment = os.environ if environ is None else environ
    for name, value in overrides.items():
        if value is not None:
            yield name, name, value
    for name, text in environment.items():
        if name.startswith(PREFIX) and not _is_kubernetes(name.removeprefix(PREFIX), text):
            yield name.removeprefix(PREFIX).lower(), name, text
    for name, value in _of_file(Path(file)).items() if file is not None else ():
        yield name, f"{name} in the settings file", value
    for name, variable in SHARED.items():
        if variable in environment:
            yield name, variable, environment[variable]


def missing(name: str, meaning: str) -> SettingError:
    """Say what is missing and all the places where it can be given."""
    places = [OPTIONS.get(name), PREFIX + name.upper(), SHARED.get(name), f"{name} in the settings file"]
    *others, last = [place for place in places if place is not None]
    return SettingError(name, f"is missing ({meaning}): give {', '.join(others)} or {last}")


def read_addresses(file: Path) -> str:
    """Return the node addresses that a file holds, one a line or with commas, as the setting writes them."""
    try:
        lines = file.read_text("utf-8").split()
    except OSError as error:
        raise SettingError("rpc_url_file", f"{file} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise SettingError("rpc_url_file", f"{file} is not text") from error
    if not lines:
        raise SettingError("rpc_url_file", f"{file} is empty")
    return ",".join(lines)


def convert(name: str, untrusted: Any, kind: Any) -> Any:
    """Bring text or a TOML value into the type of its field."""
    try:
        if kind is bytes:
            return untrusted if isinstance(untrusted, bytes) else _address(str(untrusted))
        if kind in (int, int | None):
            return _whole(untrusted)
        if kind is float:
            return _finite(untrusted)
        if kind in (Path, Path | None):
            return _path(untrusted)
        return ",".join(map(str, untrusted)) if isinstance(untrusted, list) else str(untrusted)
    except (TypeError, ValueError) as error:
        if kind is bytes:
            raise SettingError(name, f"must be an address: {error}") from error
        wanted = (
            "a number" if kind is float else "a path" if kind in (Path, Path | None) else "a whole number"
        )
        raise SettingError(name, f"must be {wanted}, not {str(untrusted)[:60]!r}") from error


def _is_kubernetes(name: str, text: str) -> bool:
    return _OF_A_SERVICE.fullmatch(name) is not None or (
        _ADDRESS_OF_A_SERVICE.fullmatch(name) is not None and _SERVICE_ADDRESS.match(text) is not None
    )


def _of_file(file: Path) -> dict[str, Any]:
    try:
        document = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise SettingError("settings file", f"{file} can't be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError("settings file", f"{file} is not TOML: {error}") from error
    table = document.get("relayer", document)
    if not isinstance(table, dict):
        raise SettingError("settings file", f"{file}: relayer must be a table")
    return table


def _address(text: str) -> bytes:
    return address.parse(text if text.startswith("0x") else "0x" + text)


def _path(untrusted: Any) -> Path:
    try:
        return Path(untrusted).expanduser()
    except RuntimeError as error:  # "~name" of nobody
        raise ValueError("not a path") from error


def _whole(untrusted: Any) -> int:
    if isinstance(untrusted, (bool, float)):
        raise ValueError("not a whole number")
    return int(untrusted)


def _finite(untrusted: Any) -> float:
    number = float(untrusted)
    if isinstance(untrusted, bool) or not math.isfinite(number):
        raise ValueError("not a number")
    return number
