# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: RUF009 - _setting is dataclasses.field with our metadata
"""Hold the relayer's settings in one frozen record, from keyword arguments, environment and a TOML file.

A later source loses to an earlier one: keyword arguments of `Settings.load`, then `ELECTRO_RELAYER_<NAME>`,
then the file (its table `[relayer]`, or its top level), then the default. Every error names the setting.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints
from urllib.parse import urlsplit

from electro_relayer.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "ELECTRO_RELAYER_"
FEE_MODES = ("auto", "dynamic", "legacy")
LOG_FORMATS = ("text", "json")


def _setting(
    meaning: str, default: Any = MISSING, *, low: float | None = None, high: float | None = None
) -> Any:
    return field(default=default, metadata={"meaning": meaning, "low": low, "high": high})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything the relayer is told; `meaning`, `low` and `high` of each stand in its field's metadata."""

    rpc_url: str = _setting(
        "HTTP address of the node's JSON-RPC; several, with commas, take each other's place"
    )
    contract: bytes = _setting("address of the Electro contract")
    key_file: Path = _setting(
        "the key that pays gas: an encrypted keystore, 32 bytes of hex, or a mnemonic, in a 0600 file"
    )
    key_password_file: Path | None = _setting("the keystore's password, in a 0600 file", None)
    key_ordinal: int | None = _setting(
        "which key of the mnemonic is this replica's", None, low=0, high=2**31 - 1
    )
    key_ordinal_file: Path | None = _setting(
        "the same from a file that holds or ends in it, as a pod's /etc/hostname", None
    )
    chain_id: int | None = _setting("refuse to start on any other chain", None, low=1)
    host: str = _setting("address to listen on", "127.0.0.1")
    port: int = _setting("port to listen on; 0 takes a free one", 8645, low=0, high=65535)
    finality: str = _setting("`auto`, `finalized`, `latest`, or a number of blocks", "auto")
    batch_size: int = _setting("messages in one transaction", 50, low=1, high=50)
    batch_ms: int = _setting("how long the first message of a batch waits for others", 75, low=0, high=60_000)
    batch_gas: int = _setting("gas limit of one transaction; EIP-7825 allows 2^24", 12_000_000, low=200_000)
    queue_size: int = _setting("messages held in memory, then 503", 20_000, low=1)
    device_in_flight: int = _setting("messages of one device held in memory, then 429", 200, low=1)
    unmined_transactions: int = _setting(
        "transactions in flight at once: geth promises an account 16 places, Besu's sequenced pool 5",
        16,
        low=1,
    )
    fees: str = _setting("`dynamic` (EIP-1559), `legacy`, or `auto` by the chain's blocks", "auto")
    fee_cap_gwei: float = _setting("never pay more for a unit of gas", 500.0, low=0)
    heal_s: float = _setting("send the same bytes again when nothing was mined for so long", 5.0, low=0.05)
    bump_s: float = _setting(
        "raise the fee of the oldest transaction when it waited for so long", 30.0, low=0.05
    )
    rpc_timeout_s: float = _setting("time the node has for one answer", 10.0, low=0.05)
    body_limit: int = _setting("bytes of one request body", 262_144, low=1024)
    body_timeout_s: float = _setting("time a request body has to arrive", 10.0, low=0.05)
    idle_timeout_s: float = _setting("time a connection has to bring the next request's head", 30.0, low=0.05)
    connections: int = _setting("connections at once, then 503", 2000, low=1)
    device_rate: float = _setting(
        "messages a second of one device in the long run, then 429; 0: no limit", 20.0, low=0
    )
    device_burst: int = _setting("messages of one device at once", 400, low=1)
    device_gas_per_day: int = _setting(
        "gas that one device's messages may need a day, then 429; 0: no limit", 50_000_000, low=0
    )
    log_format: str = _setting("`text`, or `json` for one object a line", "text")
    slots_ahead: int = _setting("slots of bounds told by GET /v1/meters", 96, low=0, high=672)
    drain_s: float = _setting("time a going-down relayer has to finish what it accepted", 30.0, low=0)

    def __post_init__(self) -> None:
        for item in fields(self):
            _check(item.name, getattr(self, item.name), item.metadata)
        if not self.rpc_urls or any(urlsplit(u).scheme not in ("http", "https") for u in self.rpc_urls):
            raise SettingError("rpc_url", "must start with http:// or https://")
        if self.log_format not in LOG_FORMATS:
            raise SettingError("log_format", f"must be one of {', '.join(LOG_FORMATS)}")
        if len(self.contract) != 20:
            raise SettingError("contract", "must be an address of 20 bytes")
        if self.finality not in ("auto", "finalized", "latest") and not self.finality.isdigit():
            raise SettingError("finality", "must be auto, finalized, latest or a number of blocks")
        if self.fees not in FEE_MODES:
            raise SettingError("fees", f"must be one of {', '.join(FEE_MODES)}")

    @classmethod
    def load(
        cls, file: Path | str | None = None, environ: Mapping[str, str] | None = None, **overrides: Any
    ) -> Settings:
        """Collect the settings; an override of None means "not given here".

        Values may be text (as from a shell or a file) or already of the field's type.
        """
        sources = [
            ({name: value for name, value in overrides.items() if value is not None}, "{}"),
            (_from_environment(os.environ if environ is None else environ), PREFIX + "{}"),
            (_from_file(Path(file)) if file is not None else {}, "{} in the settings file"),
        ]
        kinds = get_type_hints(cls)
        known = {item.name: item for item in fields(cls)}
        values: dict[str, Any] = {}
        for source, spelling in sources:
            for name, untrusted in source.items():
                shown = spelling.format(name.upper() if spelling.startswith(PREFIX) else name)
                if name not in known:
                    raise SettingError(shown, "is not a setting of the relayer")
                if name not in values:
                    values[name] = _convert(shown, untrusted, kinds[name])
        for name, item in known.items():
            if name not in values and item.default is MISSING:
                raise SettingError(name, f"is missing ({item.metadata['meaning']})")
        return cls(**values)

    @property
    def rpc_urls(self) -> tuple[str, ...]:
        return tuple(url for part in self.rpc_url.split(",") if (url := part.strip()))

    @property
    def fee_cap_wei(self) -> int:
        return int(self.fee_cap_gwei * 10**9)


def _check(name: str, value: Any, metadata: Mapping[str, Any]) -> None:
    low, high = metadata["low"], metadata["high"]
    if value is None or (low is None and high is None):
        return
    if (low is not None and value < low) or (high is not None and value > high):
        limits = f"at least {low}" if high is None else f"between {low} and {high}"
        raise SettingError(name, f"must be {limits}, not {value}")


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    return {name[len(PREFIX) :].lower(): text for name, text in environ.items() if name.startswith(PREFIX)}


def _from_file(file: Path) -> dict[str, Any]:
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


def _convert(name: str, untrusted: Any, kind: Any) -> Any:
    """Bring text or a TOML value into the type of its field."""
    try:
        if kind is bytes:
            return (
                untrusted
                if isinstance(untrusted, bytes)
                else bytes.fromhex(str(untrusted).removeprefix("0x"))
            )
        if kind in (int, int | None):
            return _whole(untrusted)
        if kind is float:
            return float(untrusted)
        if kind in (Path, Path | None):
            return Path(untrusted).expanduser()
        return ",".join(map(str, untrusted)) if isinstance(untrusted, list) else str(untrusted)
    except (TypeError, ValueError) as error:
        wanted = {bytes: "0x-hex", float: "a number", int: "a whole number"}.get(kind, "a whole number")
        raise SettingError(name, f"must be {wanted}, not {str(untrusted)[:60]!r}") from error


def _whole(untrusted: Any) -> int:
    if isinstance(untrusted, (bool, float)):
        raise ValueError("not a whole number")
    return int(untrusted)
