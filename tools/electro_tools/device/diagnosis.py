# SPDX-License-Identifier: Apache-2.0
"""Say of each thing that a meter needs whether it is well, and what to do where it is not; told from its status."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_WEAK_DBM = -80  # below it WiFi drops packets: vendors' tables of RSSI
_LEAST_MEMORY = 8_192  # an exchange takes about so much in one piece
_LEAST_FLASH = 131_072  # a month of records
_TIRED_SOURCE = 3  # failures in a row
_STALE_S = 7_200


class Finding(NamedTuple):
    """What was looked at, whether it is well, what was found, and what to do."""

    name: str
    well: bool
    sentence: str
    hint: str = ""


def findings(told: dict[str, Any]) -> list[Finding]:
    """Return one finding or more for each thing, in the order in which they depend on each other."""
    looks = (_wifi, _dns, _time, _sources, _contract, _proof, _calibration, _sensors, _flash, _memory, _tasks)
    return [finding for look in looks for finding in look(told)]


def _wifi(told: dict[str, Any]) -> Iterator[Finding]:
    network = told.get("network") or {}
    if not network:
        return
    if not network.get("joined"):
        yield Finding(
            "WiFi",
            well=False,
            sentence=f"the network {network.get('ssid')!r} is not joined",
            hint="is its name right, is it 2.4 GHz, is it in reach? electro device wifi changes it",
        )
    elif network.get("dbm", 0) < _WEAK_DBM:
        yield Finding(
            "WiFi",
            well=False,
            sentence=f"{network['ssid']} is weak: {network['dbm']} dBm",
            hint="bring the antenna out of the cabinet, or an access point nearer",
        )
    else:
        yield Finding("WiFi", True, f"{network['ssid']}, {network['address']}, {network['dbm']} dBm")


def _dns(told: dict[str, Any]) -> Iterator[Finding]:
    failed = [
        one
        for one in told.get("sources", [])
        if "resolve" in one.get("why", "") or "name" in one.get("why", "")
    ]
    if failed:
        yield Finding(
            "DNS",
            well=False,
            sentence=f"a name is not resolved: {failed[0]['url']}: {failed[0]['why']}",
            hint="does the network's name server answer? put dns_servers into the settings, or an address into the URL",
        )
    elif any(one.get("asked_s_ago", -1) >= 0 for one in told.get("sources", [])):
        yield Finding("DNS", True, "names are resolved")


def _time(told: dict[str, Any]) -> Iterator[Finding]:
    state = told.get("clock", {}).get("state", "unknown")
    if state == "sure":
        yield Finding("time", True, "dated by an authenticated source")
    elif state == "unsure":
        yield Finding(
            "time",
            well=False,
            sentence="dated by sources that nothing proves",
            hint="give a relayer over https with --ca: its answers' dates are authenticated",
        )
    else:
        yield Finding(
            "time",
            well=False,
            sentence=f"nothing may be signed: the clock was {state}",
            hint="two sources must agree: reach the relayers, and let UDP port 123 through to time_servers",
        )


def _sources(told: dict[str, Any]) -> Iterator[Finding]:
    for one in told.get("sources", []):
        name = f"source {one['url']}"
        ago = one.get("asked_s_ago", -1)
        if one.get("failures", 0) >= _TIRED_SOURCE or (ago < 0 and one.get("failures")):
            yield Finding(
                name,
                well=False,
                sentence=f"{one['failures']} failures in a row: {one['why']}",
                hint="is it up, and reachable from this network? electro relayer check looks at it from there",
            )
        elif ago < 0 or ago > _STALE_S:
            yield Finding(name, False, "it has not answered lately", "wait for its turn, then look again")
        else:
            yield Finding(name, True, f"answered {ago} s ago")
    roles = {one.get("by") for one in told.get("sources", [])}
    if len(roles) == 1:
        yield Finding(
            "confirmation",
            well=False,
            sentence=f"all sources are the {roles.pop()}'s: nothing is confirmed, and no load is shed",
            hint="configure a second relayer or a node that somebody else runs",
        )
    for sentence in told.get("contradictions", []):
        yield Finding(
            "contradiction", False, str(sentence), "ask those who run the sources which of them is right"
        )


def _contract(told: dict[str, Any]) -> Iterator[Finding]:
    agreements = told.get("agreements") or {}
    if not agreements and any(one.get("asked_s_ago", -1) >= 0 for one in told.get("sources", [])):
        yield Finding(
            "enrolment",
            well=False,
            sentence="no source knows an agreement of this meter",
            hint="is it enrolled (electro device enrol), and an agreement with it proposed and accepted?",
        )
    for number, one in agreements.items():
        if not one["fits"]:
            yield Finding(
                f"agreement {number}",
                well=False,
                sentence="its start or interval is no multiple of base_seconds: nothing can be reported",
                hint="the agreement, or base_seconds in the settings, must change",
            )
        elif one.get("needs_viewing_key"):
            yield Finding(
                f"agreement {number}",
                well=False,
                sentence="it is sealed, and its viewing key is not here: nothing can be reported",
                hint="electro device viewing-key brings it",
            )
        elif one.get("lacks_bands"):
            yield Finding(
                f"agreement {number}",
                well=False,
                sentence="what holds in the pass that is to be reported nobody has confirmed: reports wait up to a day",
                hint="two relayers or nodes of different hands must answer, or one that proves it",
            )
        elif not one.get("may_tell", True):
            yield Finding(
                f"agreement {number}",
                well=False,
                sentence="one side alone tells it, and who holds a viewing key reports nothing on that",
                hint="configure a second relayer or node, run by somebody else, or validators",
            )
        elif one["closed"] - one["next_latest"] > 8:
            yield Finding(
                f"agreement {number}",
                well=False,
                sentence=f"{one['closed'] - one['next_latest']} intervals wait to be taken by the chain",
                hint="look at the sources: somebody takes reports and does not bring them to the chain",
            )
        else:
            yield Finding(f"agreement {number}", True, f"interval {one['next_latest']} is next")


def _proof(told: dict[str, Any]) -> Iterator[Finding]:
    """Only of a meter that asks for receipts."""
    proved = told.get("proved")
    if not proved:
        return
    if proved["why"]:
        yield Finding(
            "proof",
            well=False,
            sentence=f"the last receipt proved nothing: {proved['why']}",
            hint="were the validators changed? sign the new set with electro device sign-validators",
        )
    elif proved["block"]:
        yield Finding("proof", True, f"block {proved['block']}")


def _calibration(told: dict[str, Any]) -> Iterator[Finding]:
    calibration = told.get("calibration")
    if calibration is None:
        return
    if calibration.get("damaged"):
        yield Finding("calibration", False, "it is damaged", "electro device calibrate, or its --undo")
    elif not calibration.get("hash"):
        yield Finding(
            "calibration",
            well=False,
            sentence="there is none: what is measured may be wrong by a fifth",
            hint="electro device calibrate",
        )
    else:
        yield Finding("calibration", True, calibration["hash"][:16])


def _sensors(told: dict[str, Any]) -> Iterator[Finding]:
    for word in told.get("sensors", []):
        yield Finding(
            "sensors", False, str(word), "have a qualified person look at the transformers and their leads"
        )
    if not told.get("sensors"):
        yield Finding("sensors", True, "all is well")
    if told.get("windows") == 0 and told.get("supplied"):
        yield Finding(
            "sensors", False, "nothing was measured yet", "is the mains' frequency that of mains_hz?"
        )


def _flash(told: dict[str, Any]) -> Iterator[Finding]:
    free = told.get("flash_free", -1)
    if told.get("flash"):
        yield Finding(
            "flash",
            well=False,
            sentence=f"it takes no records: {told['flash']}; {told.get('journal_waiting', 0)} wait in memory",
            hint="free some of it, or replace the board before its supply goes",
        )
    elif 0 <= free < _LEAST_FLASH:
        yield Finding("flash", False, f"{free // 1024} KB are free", "remove files that are not the meter's")
    else:
        yield Finding("flash", True, f"{free // 1024} KB are free" if free >= 0 else "records are taken")


def _memory(told: dict[str, Any]) -> Iterator[Finding]:
    free = told.get("memory_free", -1)
    if free >= 0:
        yield Finding(
            "memory",
            free >= _LEAST_MEMORY,
            f"{free:,} bytes are free",
            "" if free >= _LEAST_MEMORY else "take a chip with PSRAM, or a build with the packages frozen",
        )


def _tasks(told: dict[str, Any]) -> Iterator[Finding]:
    for name, count in (told.get("restarts") or {}).items():
        yield Finding(
            "tasks",
            well=False,
            sentence=f"{name} was started again {count} times; last failure: {told.get('last_failure', '')}",
            hint="electro device logs shows where; report it with those lines",
        )
