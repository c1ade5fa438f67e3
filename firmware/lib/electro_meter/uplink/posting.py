# SPDX-License-Identifier: Apache-2.0
"""Sign what a relayer lacks, post it, and note what it says of each message; there while there is an exchange."""

from electro_protocol.reports import MAX_INTERVALS, OutageReport
from electro_protocol.signed import SignedMessage

from ..heap import EXCHANGE_BYTES, collect_as, collect_every
from .errors import SourceError
from .sources import verdicts
from .turns import LEAST_BACKOFF_MS, Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from electro_protocol.reports import EnergyReport
    from electro_protocol.sealed import SealedReport

    from .http import Client
    from .sending import Sending

KEPT_SIGNATURES = 2  # with their digests; a longer backlog is signed anew
_TAKEN = (200, 202)


async def send(sending: "Sending", client: "Client", source: Source) -> int:
    """Sign and post what is due; return the seconds to pause if the relayer can't take more."""
    messages: "list[EnergyReport | SealedReport | OutageReport]" = []
    turns = sending.turns
    version = sending.reports.outage_version
    owed = False
    now_us = sending.board.uptime_us()
    for agreement in sending.agreements.all:
        told = agreement.told.get(source.url)
        if told is None:
            continue
        outages = turns.outages(agreement, told)
        following = sending.reports.outage(agreement, told.next_outage)
        owed = owed or (following is not None and (bool(following.ended_at) or not told.outage_open))
        if outages and turns.outage_due_us(source, agreement, told) <= now_us + LEAST_BACKOFF_MS * 1000:
            for number in outages[: turns.at_once - len(messages)]:
                outage = sending.reports.outage(agreement, number)
                if outage is not None:
                    messages.append(outage)
        first, end, _ = turns.unsent(source, agreement, told, now_us)
        while first < end and len(messages) < turns.at_once:
            if agreement.seal and not sending.reports.terms(agreement, first, source.url):
                break
            # none across a pass of the schedule
            report = await sending.reports.build(agreement, first, end, source.url)
            messages.append(report)
            first += report.intervals
        if len(messages) >= turns.at_once:
            break
    if not owed:
        sending.accepted_outages = version
    if not messages:
        return 0
    before = collect_every(EXCHANGE_BYTES)
    try:
        signed = []
        for message in messages:
            signed.append(_sign(sending, message).to_json())
            await sending.board.sleep_ms(0)
        sending.signer.rest()
        body = signed[0] if len(signed) == 1 else {"messages": signed}
        answer = await client.request("POST", source.url + "/v1/messages", body)
    finally:
        sending.signer.rest()
        collect_as(before)
    if answer.status >= 500 or answer.status == 429:
        return answer.pause_s or 1
    _judge(sending, source, messages, verdicts(answer.status, answer.json(), len(messages)), version)
    return 0


def _judge(
    sending: "Sending",
    source: Source,
    messages: "list[EnergyReport | SealedReport | OutageReport]",
    answers: "list[tuple[int, str, int]]",
    version: int,
) -> None:
    """Note what was taken and what was refused.

    Raises SourceError if it refused something.
    """
    now_us = sending.board.uptime_us()
    refused = ""
    outages: "set[bool]" = set()  # whether it took them
    stopped: "set[tuple[int, bytes]]" = set()
    for message, (status, code, expected) in zip(messages, answers):  # noqa: B905 - no strict= on MicroPython
        if not isinstance(message, OutageReport):
            number = message.agreement_id, message.terms
            if number in stopped:
                continue  # behind a refused one none can be in sequence; it says nothing of its own
            if status in _TAKEN:
                source.note_report(message, message.first_interval + message.intervals, now_us)
                continue
            stopped.add(number)
            _doubt(sending, message)
            if message.first_interval < expected <= message.first_interval + MAX_INTERVALS:
                # what it has beyond our start is on its way already: wait for it as if we had sent it
                source.note_report(message, expected, now_us)
                continue
        else:
            source.note_outage(message, version, now_us)
            outages.add(status in _TAKEN)
            if status in _TAKEN:
                continue
        refused = refused or code or str(status)
    if outages == {True}:
        sending.accepted_outages = version
    if refused:
        raise SourceError(f"it refused a message: {refused}")
    sending.turns.leave(source)


def _doubt(sending: "Sending", message: "EnergyReport | SealedReport") -> None:
    """Ask anew by which bands a sealed report is judged that a source has refused: a chain may have gone back."""
    for agreement in sending.agreements.all:
        if agreement.id == message.agreement_id and agreement.passes is not None:
            agreement.passes.forget(message.first_interval)


def _sign(sending: "Sending", message: "EnergyReport | SealedReport | OutageReport") -> SignedMessage:
    digest = sending.signer.digest(message)
    for known, signature in sending.signed:
        if known == digest:
            return SignedMessage(message, signature)
    signed = sending.signer.sign(message)
    sending.signatures += 1
    sending.signed = sending.signed[1 - KEPT_SIGNATURES :] + [(digest, signed.signature)]
    if sending.on_signed is not None:
        sending.on_signed(signed)
    return signed
