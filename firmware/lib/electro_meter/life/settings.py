# SPDX-License-Identifier: Apache-2.0
"""Hold a checked configuration and nothing else: `config` made it, and is forgotten on a chip (10 KB)."""


class Channel:
    """The calibration of one pair of voltage and current; attributes are those of the table in `config`."""

    uv_per_count: int
    ua_per_count: int
    phase_mdeg: int
    fine_ua_per_count: int
    no_load_mw: int
    fine_no_load_mw: int
    sensors: "list[tuple[int, int, int]]"


class Source:
    """A relayer, or a node of the chain, and who runs it: operator, consumer or other."""

    def __init__(self, url: str, is_node: bool, by: str) -> None:
        self.url = url
        self.is_node = is_node
        self.by = by


class Settings:
    """The configuration; attributes are those of the table in `config`."""

    version: int
    chain_id: int
    base_seconds: int
    report_every: int
    mains_hz: int
    nominal_mv: int
    creep_mw: int
    rated_ma: int
    exports: int
    window_period_ms: int
    max_gap_ms: int
    least_coverage_permille: int
    outage_declare_ms: int
    shed_min_on_ms: int
    shed_min_off_ms: int
    reserve_mj: int
    resend_ms: int
    max_backoff_ms: int
    linearisation: "list[tuple[int, int]]"  # empty once the table is made of it
    channels: "list[Channel]"
    board: str
    releases: str
    page_port: int
    mqtt: str
    mqtt_every_s: int
    contract: bytes
    validators: "tuple[bytes, ...]"  # in rising order
    validators_version: int
    receipts: int
    hardware_id: bytes
    sources: "list[Source]"  # relayers first
    time_servers: "list[str]"
    dns_servers: "list[str]"
    wifi_ssid: str
    wifi_password: str
