# SPDX-License-Identifier: Apache-2.0
"""Put a meter's status into lines for a person; what an older meter does not tell is left out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_BASE_FLAGS = ("joined", "stepped", "unsure", "restarted", "sparse", "sensor", "phase", "outage")


def lines(told: dict[str, Any]) -> list[tuple[str, str]]:
    """Return pairs of a label and its words."""
    return [(label, words) for part in (_grid, _record, _chain, _chip) for label, words in part(told)]


def _grid(told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    yield "device", str(told.get("device", "?"))
    for number, phase in enumerate(told.get("phases", []), 1):
        label = "now" if len(told["phases"]) == 1 else f"phase {number}"
        yield label, phase_words(phase, told.get("frequency_mhz", 0))
    if len(told.get("phases", [])) > 1:
        yield (
            "together",
            f"{told['power_mw'] / 1e6:,.3f} kW, power factor {told['power_factor_permille'] / 1000:.3f}",
        )
    yield "supply", "there" if told.get("supplied") else "lost"
    if told.get("outage_open"):
        yield "outage", "declared, and not over"
    yield "sensors", ", ".join(told.get("sensors") or ["all is well"])


def phase_words(phase: dict[str, Any], frequency_mhz: int) -> str:
    """Return volts, amperes, watts, power factor and frequency."""
    return (
        f"{phase['urms_mv'] / 1000:.1f} V, {phase['irms_ma'] / 1000:,.2f} A, {phase['power_mw'] / 1e6:,.3f} kW, "
        f"power factor {phase['power_factor_permille'] / 1000:.3f}, {frequency_mhz / 1000:.2f} Hz"
    )


def _record(told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    exported = told.get("export_wh", 0)
    yield (
        "register",
        f"{told.get('register_wh', 0) / 1000:,.3f} kWh"
        + (f", exported {exported / 1000:,.3f}" if exported else ""),
    )
    flags = told.get("base_flags", 0)
    names = [name for bit, name in enumerate(_BASE_FLAGS) if flags >> bit & 1 and name != "joined"]
    yield (
        "last base",
        f"{told.get('base_measured_s', 0)} s measured, {told.get('base_dark_s', 0)} s without supply, longest gap "
        f"{told.get('longest_gap_ms', 0)} ms" + (f"; {', '.join(names)}" if names else ""),
    )
    yield "clock", clock_words(told)
    calibration = told.get("calibration")
    if calibration is not None:
        yield "calibration", _calibration(calibration)


def clock_words(told: dict[str, Any]) -> str:
    """Return how sure the meter is of its time, what it is, and who contradicts."""
    now_s, clock = told.get("now_s", 0), told.get("clock", {})
    said = str(clock.get("state", "unknown"))
    if now_s:
        said += f", {datetime.fromtimestamp(now_s, UTC):%Y-%m-%d %H:%M:%S} UTC"
    return said + (f"; {clock['contradiction']}" if clock.get("contradiction") else "")


def _calibration(calibration: dict[str, Any]) -> str:
    if calibration.get("damaged"):
        return "damaged"
    if not calibration.get("hash"):
        return "none"
    date = datetime.fromtimestamp(calibration.get("date", 0), UTC)
    return f"of {date:%Y-%m-%d}, {calibration['hash'][:16]}…"


def _chain(told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if not told.get("agreements"):
        yield "agreement", "none is known"
    for number, one in told.get("agreements", {}).items():
        yield (
            f"agreement {number}",
            f"interval {one['next_latest']} of {one['intervals']} is next (final {one['next_final']}), "
            f"{one['closed']} measured"
            + (f"; of the bonus {int(one['bonus']):,} minor units are left" if one.get("bonus") else "")
            + ("" if one["confirmed"] else "; told by one side only")
            + ("" if one.get("may_tell", True) else ", and reported once another tells the same")
            + ("; sealed, and its viewing key is not here" if one.get("needs_viewing_key") else "")
            + ("; not certain yet which bands hold" if one.get("lacks_bands") else "")
            + ("" if one["fits"] else "; its intervals don't fit the base interval"),
        )
    if told.get("proved"):
        yield "proof", proof_words(told["proved"])
    slot = told.get("slot")
    if slot:
        yield "slot", slot_words(slot)
    for source in told.get("sources", []):
        yield "source", source_words(source)
    for contradiction in told.get("contradictions", []):
        yield "contradiction", str(contradiction)


def proof_words(proved: dict[str, Any]) -> str:
    """Return which block was proved last, by whom, and why the last receipt was none."""
    said = "none yet"
    if proved["block"]:
        by = "told by two sources"
        if proved["sealed"]:
            by = f"sealed by {proved['sealed']} validators of version {proved['set']}"
        at = datetime.fromtimestamp(proved["time_s"], UTC)
        said = f"block {proved['block']} of {at:%Y-%m-%d %H:%M:%S} UTC, {by}"
    return said + (f"; {proved['why']}" if proved["why"] else "")


def slot_words(slot: dict[str, Any]) -> str:
    """Return the running slot's energy against its band, in the agreement's units and in kWh."""
    unit_kwh = slot["unit_wh"] / 1000
    left_s = slot["began_s"] + slot["length_s"] - slot["now_s"]
    said = f"interval {slot['interval']}, {left_s // 60}:{left_s % 60:02d} left"
    if slot.get("so_far_wh") is not None:
        said += f", {slot['so_far_wh'] / 1000:,.3f} kWh so far"
    if slot.get("projected_units", -1) >= 0:
        said += f", {slot['projected_units'] * unit_kwh:,.1f} kWh at its end"
    if slot.get("least") is not None:
        said += f", band {slot['least'] * unit_kwh:,.1f} to {slot['most'] * unit_kwh:,.1f} kWh"
    return said


def source_words(source: dict[str, Any]) -> str:
    """Return who a source is, when it answered, and what is wrong with it."""
    ago = source.get("asked_s_ago", -1)
    said = f"{source['url']} ({source['by']}), " + ("never answered" if ago < 0 else f"answered {ago} s ago")
    if source.get("failures"):
        said += f"; {source['failures']} failures: {source['why']}"
    elif source.get("why"):
        said += f"; {source['why']}"
    return said + (f"; left for {source['left_for_s']} s" if source.get("left_for_s") else "")


def _chip(told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    update = told.get("update")
    if update:
        yield "program", _update(update)
        yield (
            "release keys",
            ", ".join(f"{role} {update[role + '_key'] or 'none'}" for role in ("operator", "consumer")),
        )
    network = told.get("network")
    if network:
        joined = f"{network['address']}, {network['dbm']} dBm" if network["joined"] else "not joined"
        yield "WiFi", f"{network['ssid']}: {joined}"
    free = told.get("memory_free", -1)
    if free >= 0:
        flash = told.get("flash_free", -1)
        yield (
            "memory",
            f"{free:,} bytes free" + (f", flash {flash / 1024:,.0f} KB free" if flash >= 0 else ""),
        )
    waiting = told.get("journal_waiting", 0)
    if told.get("flash") or waiting:
        yield "flash", f"{told.get('flash') or 'slow'}; {waiting} records wait in memory"
    yield "started", f"{told.get('uptime_s', 0):,} s ago, after: {told.get('start', '?')}"
    restarts = told.get("restarts") or {}
    if restarts:
        each = ", ".join(f"{name} {count} times" for name, count in restarts.items())
        yield "restarted", f"{each}; last: {told.get('last_failure', '')}"


def _update(update: dict[str, Any]) -> str:
    version = f"version {update['version']}" if update["version"] else "installed over the serial line"
    if update["state"] != "idle":
        version += f"; version {update['next']} is {update['state']}"
    return version + (f"; {update['why']}" if update.get("why") else "")
