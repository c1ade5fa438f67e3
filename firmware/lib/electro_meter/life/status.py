# SPDX-License-Identifier: Apache-2.0
"""Put into one dictionary what a person, or a test, wants to see of a meter."""

from ..account.account import UJ_PER_J
from ..account.outages import NAMES
from ..account.records import gap_ms
from ..heap import ram_free
from ..sensing.watching import WORDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..sensing.phases import Phase
    from ..uplink.clock import Clock
    from ..uplink.turns import Source
    from .app import Meter

_J_PER_WH = 3_600
_STATES = ("never set", "kept through a reset", "unsure", "sure")  # of the clock


def status(meter: "Meter") -> "dict[str, object]":
    """Return it; sums are over all phases, urms_mv, irms_ma and frequency_mhz are the first one's."""
    phases, account, uplink, reserve = meter.phases, meter.account, meter.uplink, meter.reserve
    window = phases.all[0].window
    power_mw = reactive_mvar = apparent_mva = 0
    for phase in phases.all:
        power_mw += phase.window.power_mw
        reactive_mvar += phase.window.reactive_mvar
        apparent_mva += phase.window.apparent_mva
    agreements = {}
    for agreement in uplink.agreements.all:
        closed, first = meter.reports.closed(agreement), agreement.next_latest
        agreements[str(agreement.id)] = {
            "closed": closed,
            "fits": meter.reports.fits(agreement),
            "confirmed": agreement.confirmed,
            "needs_viewing_key": not meter.reports.opens(agreement),
            "may_tell": meter.reports.may_tell(agreement),
            "lacks_bands": bool(agreement.seal)
            and first < closed
            and not meter.reports.terms(agreement, first, ""),
            "next_latest": first,
            "next_final": agreement.next_final,
            "outages_to_tell": max(len(meter.reports.outages(agreement)) - agreement.next_outage, 0),
            "intervals": agreement.intervals,
            "bonus": str(agreement.bonus) if agreement.bonus >= 0 else None,  # JSON's numbers end before it
        }
    last = account.last
    told: "dict[str, object]" = {
        "register_wh": account.import_uj // (UJ_PER_J * _J_PER_WH),
        "export_wh": account.export_uj // (UJ_PER_J * _J_PER_WH),
        "bases_closed": account.closed,
        "base_flags": last[1] if last else 0,
        "base_measured_s": last[2] // 10 if last else 0,
        "base_dark_s": last[6] // 10 if last else 0,
        "longest_gap_ms": gap_ms(last[7]) if last else 0,
        "doubt_permille": last[8] if last else 0,
        "windows": meter.windows,
        "supplied": phases.supplied,
        "sensors": _words(phases.trouble),
        "clock": _clock(meter.clock, meter.board.uptime_us()),
        "journal_waiting": meter.ring.waiting + meter.outage_ring.waiting,
        "journal_skipped": meter.ring.skipped + meter.outage_ring.skipped,
        "flash": meter.ring.trouble or meter.outage_ring.trouble or meter.snapshot.trouble,
        "reached": uplink.reached,
        "exchanges": uplink.exchanges,
        "signatures": uplink.sending.signatures,
        "outage_open": meter.outages.open,
        "warning": meter.shedding.warning,
        "shed": meter.shedding.shed,
        "projected_units": meter.shedding.projected_units,
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
        "memory_free": ram_free(),
        "start": meter.start_reason,
        "restarts": meter.supervisor.restarts,
        "last_failure": meter.supervisor.last,
    }
    now_us = meter.board.uptime_us()
    told["sources"] = [_source(source, now_us) for source in uplink.turns.sources]
    told["contradictions"] = uplink.agreements.contradictions
    proved = uplink.proved
    if proved is not None:
        told["proved"] = {
            "block": proved.number,
            "time_s": proved.time_s,
            "sealed": proved.sealed,
            "set": uplink.settings.validators_version,
            "why": proved.why,
        }
    counters = meter.snapshot.counters
    for place, name in enumerate(NAMES):
        told[name] = counters[place]
    return told


def _phase(phase: "Phase") -> "dict[str, object]":
    window = phase.window
    return {
        "supplied": phase.detector.supplied,
        "sensors": _words(phase.trouble),
        "urms_mv": window.urms_mv,
        "irms_ma": window.irms_ma,
        "power_mw": window.power_mw,
        "reactive_mvar": window.reactive_mvar,
        "apparent_mva": window.apparent_mva,
        "power_factor_permille": window.power_factor_permille,
    }


def _source(source: "Source", now_us: int) -> "dict[str, object]":
    return {
        "url": source.url,
        "by": source.by,
        "asked_s_ago": (now_us - source.asked_us) // 1_000_000 if source.asked_us else -1,
        "failures": source.failures,
        "why": source.why,
        "left_for_s": max(0, source.not_before_us - now_us) // 1_000_000,
    }


def _clock(clock: "Clock", now_us: int) -> "dict[str, object]":
    """Return the state, and how far from the meter's time each source's is, in ms."""
    offsets = {}
    for source in clock.heard:
        low_us, high_us = clock.bound(source, now_us)
        offsets[source] = ((low_us + high_us) // 2 - clock.offset_us) // 1000
    return {
        "state": _STATES[clock.state],
        "steps": clock.steps,
        "slewing_ms": clock.ahead_us // 1000,
        "sources_ms": offsets,
        "contradiction": clock.contradiction,
    }


def _words(trouble: int) -> "list[str]":
    """Return what looks wrong with the sensors, in words."""
    return [word for place, word in enumerate(WORDS) if trouble >> place & 1]
