# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: RUF009 - _setting is dataclasses.field with our metadata
"""Hold the relayer's settings in one frozen record, from keyword arguments, environment and a TOML file.

A later source loses to an earlier one: keyword arguments of `Settings.load`, then `ELECTRO_RELAYER_<NAME>`,
then the file (its table `[relayer]`, or its top level), then ELECTRO_RPC and ELECTRO_CONTRACT, then the default. Every
error names the setting.
"""

from __future__ import annotations

import math
import re
from dataclasses import MISSING, dataclass, field, fields
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path  # noqa: TC003 - get_type_hints reads it
from typing import TYPE_CHECKING, Any, get_type_hints

from electro_contracts.node.access import MEANINGS, VARIABLES, Access, AccessError, Endpoint
from electro_contracts.node.profiles import PROFILES
from electro_relayer.configuration import SHARED, collect, convert, missing, read_addresses
from electro_relayer.errors import SettingError

if TYPE_CHECKING:
    from collections.abc import Mapping

FEE_MODES = ("auto", "dynamic", "legacy")
LOG_FORMATS = ("text", "json")
METRICS_ABOVE = 1000  # so much above its own port a relayer listens for metrics and health


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
    rpc_url_file: Path | None = _setting(
        "a file with `rpc_url`, whose addresses may hold a provider's secret; one a line, or with commas",
        None,
    )
    rpc_token_file: Path | None = _setting(MEANINGS["token_file"], None)
    rpc_jwt_secret_file: Path | None = _setting(MEANINGS["jwt_secret_file"], None)
    rpc_basic_file: Path | None = _setting(MEANINGS["basic_file"], None)
    rpc_ca: Path | None = _setting(MEANINGS["ca"], None)
    rpc_cert: Path | None = _setting(MEANINGS["cert"], None)
    rpc_key: Path | None = _setting(MEANINGS["key"], None)
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
    chain_profile: str = _setting(f"kind of chain: `auto`, or {', '.join(PROFILES)}", "auto")
    host: str = _setting("address to listen on", "127.0.0.1")
    port: int = _setting("port to listen on; 0 takes a free one", 8645, low=0, high=65535)
    metrics_host: str = _setting("address to listen on for metrics and health", "127.0.0.1")
    metrics_port: int | None = _setting(
        "port of metrics and health, else 1000 above `port`, or a free one if that is 0",
        None,
        low=0,
        high=65535,
    )
    trusted_proxies: str | None = _setting(
        "addresses or networks, with commas, whose X-Forwarded-For says who sends", None
    )
    finality: str = _setting("`auto`, `finalized`, `latest`, or a number of blocks", "auto")
    batch_size: int = _setting("messages in one transaction", 50, low=1, high=50)
    batch_ms: int = _setting("how long the first message of a batch waits for others", 75, low=0, high=60_000)
    batch_gas: int = _setting("gas limit of one transaction; EIP-7825 allows 2^24", 12_000_000, low=200_000)
    queue_size: int = _setting("messages held in memory, then 503", 20_000, low=1)
    device_in_flight: int = _setting("messages of one device held in memory, then 429", 200, low=1)
    unmined_transactions: int | None = _setting(
        "transactions in flight at once, else as many as a pool of that chain is sure to hold of an account",
        None,
        low=1,
    )
    fees: str = _setting("`dynamic` (EIP-1559), `legacy`, or `auto` by the chain's blocks", "auto")
    fee_cap_gwei: float = _setting("never pay more for a unit of gas", 500.0, low=0)
    heal_s: float = _setting("send the same bytes again when nothing was mined for so long", 5.0, low=0.05)
    bump_s: float = _setting(
        "raise the fee of the next transaction when blocks were made without it for so long", 30.0, low=0.05
    )
    rpc_timeout_s: float = _setting("time the node has for one answer", 10.0, low=0.05)
    body_limit: int = _setting("bytes of one request body", 262_144, low=1024)
    body_timeout_s: float = _setting("time a request body has to arrive", 10.0, low=0.05)
    head_timeout_s: float = _setting(
        "time a new connection has to bring a request's head, and a head that has begun to come whole",
        30.0,
        low=0.05,
    )
    idle_timeout_s: float = _setting(
        "time an answered connection may be silent: longer than a meter's report period of a quarter of an hour spares "
        "each of its reports a TLS handshake",
        1200.0,
        low=0.05,
    )
    connections: int = _setting(
        "connections at once; one more takes the place of one silent for a second, or of who has most, or gets 503",
        2000,
        low=1,
        high=1_000_000,
    )
    device_rate: float = _setting(
        "messages a second of one device in the long run, then 429; 0: no limit", 20.0, low=0
    )
    device_burst: int = _setting("messages of one device at once", 400, low=1)
    device_gas_per_day: int = _setting(
        "gas that one device's messages may need a day, then 429; 0: no limit", 50_000_000, low=0
    )
    stranger_rate: float = _setting(
        "signers and addresses the contract does not know that one sender may show a second, then 429, and meters "
        "whose receipts it may have made, then 503; 0: no limit",
        20.0,
        low=0,
    )
    stranger_burst: int = _setting("of these at once", 1000, low=1)
    meters_remembered: int = _setting(
        "meters, and senders, whose state is kept in memory: a kilobyte each", 50_000, low=100
    )
    stalled_s: float = _setting(
        "not ready when messages waited, or the chain stood still, for so long", 120.0, low=1
    )
    log_format: str = _setting("`text`, or `json` for one object a line", "text")
    slots_ahead: int = _setting("slots of bounds told by GET /v1/meters", 96, low=0, high=672)
    releases: Path | None = _setting(
        "a folder of firmware releases that meters are handed at /v1/releases; none: 404", None
    )
    viewing_keys: Path | None = _setting(
        "a folder of viewing keys, each wrapped for one meter, that these are handed at /v1/viewing-keys, and of the "
        "meters' words that they have them; none: 404",
        None,
    )
    drain_s: float = _setting("time a going-down relayer has to finish what it accepted", 30.0, low=0)

    def __post_init__(self) -> None:
        for item in fields(self):
            _check(item.name, getattr(self, item.name), item.metadata)
        self._check_nodes()
        self._check_listeners()
        if self.log_format not in LOG_FORMATS:
            raise SettingError("log_format", f"must be one of {', '.join(LOG_FORMATS)}")
        try:
            self.trusted_networks  # noqa: B018 - reads the setting once, to say at the start what is wrong with it
        except ValueError as error:
            raise SettingError("trusted_proxies", f"must be addresses or networks: {error}") from error
        if len(self.contract) != 20:
            raise SettingError("contract", "must be an address of 20 bytes")
        if self.finality not in ("auto", "finalized", "latest") and not re.fullmatch(
            "[0-9]{1,9}", self.finality
        ):
            raise SettingError("finality", "must be auto, finalized, latest or a number of blocks")
        if self.fees not in FEE_MODES:
            raise SettingError("fees", f"must be one of {', '.join(FEE_MODES)}")

    def _check_nodes(self) -> None:
        if not self.rpc_urls:
            raise SettingError("rpc_url", "names no node")
        try:
            for url in self.rpc_urls:
                Endpoint(url, self.access)
        except AccessError as error:
            raise SettingError(f"rpc_{error.part}", error.problem) from error
        if self.chain_profile not in ("auto", *PROFILES):
            raise SettingError("chain_profile", f"must be auto, or one of {', '.join(PROFILES)}")

    def _check_listeners(self) -> None:
        for name in ("host", "metrics_host"):  # an empty one would mean every address of the machine
            if not getattr(self, name).strip():
                raise SettingError(name, "must be an address to listen on; 0.0.0.0 is all of them")
        if self.metrics_port is None and self.port > 65535 - METRICS_ABOVE:
            raise SettingError("metrics_port", f"is needed where port is above {65535 - METRICS_ABOVE}")
        if self.port and self.metrics_port == self.port and self.metrics_host == self.host:
            raise SettingError("metrics_port", f"must be another than port, {self.port}")

    @classmethod
    def load(
        cls, file: Path | str | None = None, environ: Mapping[str, str] | None = None, **overrides: Any
    ) -> Settings:
        """Collect the settings; an override of None means "not given here".

        Values may be text (as from a shell or a file) or already of the field's type.
        """
        kinds = get_type_hints(cls)
        known = {item.name: item for item in fields(cls)}
        values: dict[str, Any] = {}
        shared = set()
        for name, shown, untrusted in collect(file, environ, overrides):
            if name not in known:
                raise SettingError(shown, "is not a setting of the relayer")
            if name not in values:
                values[name] = convert(shown, untrusted, kinds[name])
                shared |= {name} if shown in SHARED.values() else set()
        if "rpc_url_file" in values:
            if "rpc_url" in values and "rpc_url" not in shared:
                raise SettingError("rpc_url_file", "and rpc_url are both given, and one is enough")
            values["rpc_url"] = read_addresses(values["rpc_url_file"])
        for name, item in known.items():
            if name not in values and item.default is MISSING:
                raise missing(name, item.metadata["meaning"])
        return cls(**values)

    @property
    def rpc_urls(self) -> tuple[str, ...]:
        return tuple(url for part in self.rpc_url.split(",") if (url := part.strip()))

    @property
    def access(self) -> Access:
        """The way to the nodes."""
        return Access(**{part: getattr(self, f"rpc_{part}") for part in VARIABLES})

    @property
    def listens_for_metrics_on(self) -> int:
        """The port of metrics and health."""
        if self.metrics_port is not None:
            return self.metrics_port
        return self.port + METRICS_ABOVE if self.port else 0

    @property
    def trusted_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        parts = (self.trusted_proxies or "").split(",")
        return tuple(ip_network(part.strip()) for part in parts if part.strip())

    @property
    def fee_cap_wei(self) -> int:
        return int(self.fee_cap_gwei * 10**9)


def _check(name: str, value: Any, metadata: Mapping[str, Any]) -> None:
    low, high = metadata["low"], metadata["high"]
    if isinstance(value, float) and not math.isfinite(value):
        raise SettingError(name, f"must be a number, not {value}")
    if value is None or (low is None and high is None):
        return
    if (low is not None and value < low) or (high is not None and value > high):
        limits = f"at least {low}" if high is None else f"between {low} and {high}"
        raise SettingError(name, f"must be {limits}, not {value}")
