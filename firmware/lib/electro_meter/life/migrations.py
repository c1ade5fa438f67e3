# SPDX-License-Identifier: Apache-2.0
"""Bring a configuration of an older version to the present one, step by step; the file stays as it is.

| version | since | what changed |
|---|---|---|
| 1 | 0.1 | the first; it did not say its version |
| 2 | 0.2 | what belongs to one pair of voltage and current moved into `channels`, of which there are up to three |
"""

from ..world import ConfigError

VERSION = 2
# What version 2 took into its channels.
OF_A_CHANNEL = (
    "uv_per_count",
    "ua_per_count",
    "phase_mdeg",
    "fine_ua_per_count",
    "no_load_mw",
    "fine_no_load_mw",
    "sensors",
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def migrate(untrusted: object) -> "dict[str, Any]":
    """Return the entries in the present version.

    Raises ConfigError if they are of a version that does not exist yet, or no entries at all.
    """
    if not isinstance(untrusted, dict):
        raise ConfigError("the configuration must be a JSON object")
    version = untrusted.get("version", 1)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ConfigError("version must be a whole number from 1")
    if version > VERSION:
        raise ConfigError(
            f"the configuration is of version {version}, this firmware knows {VERSION}: run `electro device install`"
        )
    entries = dict(untrusted)
    for step in _STEPS[version - 1 :]:
        step(entries)
    entries["version"] = VERSION
    return entries


def merge(entries: "dict[str, Any]", calibrated: "dict[str, Any]") -> "dict[str, Any]":
    """Return a configuration of the present version with those entries of a calibration, of whatever version.

    Raises ConfigError.
    """
    newer = migrate(calibrated)
    channels, others = entries.get("channels"), newer["channels"]
    if not isinstance(channels, list) or len(channels) < len(others):
        raise ConfigError("the calibration has more channels than the configuration")
    merged = dict(entries)
    merged.update(newer)
    merged["channels"] = [dict(channel) for channel in channels]
    for channel, changes in zip(merged["channels"], others):  # noqa: B905 - no strict= on MicroPython
        channel.update(changes)
    return merged


def _into_channels(entries: "dict[str, Any]") -> None:
    """1 to 2: there was one channel, and its entries stood beside the others."""
    channel = {}
    for name in OF_A_CHANNEL:
        if name in entries:
            channel[name] = entries.pop(name)
    entries["channels"] = [channel]


_STEPS = (_into_channels,)
