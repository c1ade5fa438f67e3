# SPDX-License-Identifier: Apache-2.0
"""Put into one dictionary what a person, or a test, wants to see of a meter."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .app import Meter
    from .phases import Phase


def status(meter: "Meter") -> "dict[str, object]":
    """Return it; sums are over all phases, urms_mv, irms_ma and frequency_mhz are the first one's."""
    phases, intervals, uplink, reserve = meter.phases, meter.intervals, meter.uplink, meter.reserve
    window = phases.all[0].window
    power_mw = reactive_mvar = apparent_mva = 0
    for phase in phases.all:
        power_mw += phase.window.power_mw
        reactive_mvar += phase.window.reactive_mvar
        apparent_mva += phase.window.apparent_mva
    agreements = {}
    for agreement in meter.agreements.all:
        agreements[str(agreement.id)] = {
            "closed": intervals.open_index(agreement),
            "next_latest": agreement.next_latest,
            "next_final": agreement.next_final,
            "intervals": agreement.intervals,
        }
    last = intervals.running.last_quality
    told: "dict[str, object]" = {
        "register_wh": intervals.register_wh,
        "export_wh": intervals.registers.export_wh,
        "intervals_closed": intervals.closed,
        "coverage_permille": last.coverage_permille if last else 0,
        "longest_gap_ms": last.longest_gap_ms if last else 0,
        "doubt_permille": last.doubt_permille if last else 0,
        "quality_flags": last.flags if last else 0,
        "windows": meter.windows,
        "supplied": phases.supplied,
        "sensor_fault": meter.sensor_fault,
        "clock_set": meter.clock.is_set(),
        "clock_sure": meter.clock.is_sure(),
        "clock_steps": meter.clock.steps,
        "reached": uplink.reached,
        "exchanges": uplink.exchanges,
        "signatures": uplink.signatures,
        "outages_to_tell": len(meter.journal.outages),
        "warning": meter.acting.warning,
        "shed": meter.acting.shed,
        "projected_units": meter.acting.projected_units,
        "reserve_level": reserve.level if reserve else 0,
        "reserve_left_mj": reserve.left_mj if reserve else 0,
        "urms_mv": window.urms_mv,
        "irms_ma": window.irms_ma,
        "power_mw": power_mw,
        "reactive_mvar": reactive_mvar,
        "apparent_mva": apparent_mva,
        "power_factor_permille": power_mw * 1000 // apparent_mva if apparent_mva else 0,
        "frequency_mhz": window.frequency_mhz,
        "phases": [_phase(phase) for phase in phases.all],
        "agreements": agreements,
    }
    meter.counters.gather(phases.tally, intervals.registers)
    told.update(meter.counters.shown())
    return told


def _phase(phase: "Phase") -> "dict[str, object]":
    window = phase.window
    return {
        "supplied": phase.detector.supplied,
        "fault": phase.fault,
        "urms_mv": window.urms_mv,
        "irms_ma": window.irms_ma,
        "power_mw": window.power_mw,
        "reactive_mvar": window.reactive_mvar,
        "apparent_mva": window.apparent_mva,
        "power_factor_permille": window.power_factor_permille,
    }
