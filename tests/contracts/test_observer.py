# SPDX-License-Identifier: Apache-2.0
"""What somebody without the viewing key sees of a sealed agreement: two plants that deviate alike look alike."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from electro_contracts import calldata, events
from electro_contracts.terms import pack_bands
from electro_protocol.readings import NO_DATA, pack

from .twins import METER, SHORT, VIEWING
from .world import START, World

if TYPE_CHECKING:
    from electro_contracts.terms import Terms

CUT_OFF = 0x8000
# 30 over, 20 under, interrupted and 7 over, interrupted, no data; the others are inside, anywhere.
LANES = [500, 1031, 82, CUT_OFF | 1010, CUT_OFF | 400, NO_DATA, 300, 700, 900, 150, 600, 610]
SHIFT = 60


def seen(terms: Terms, lanes: list[int], register: int) -> tuple[list[Any], list[bytes]]:
    """Play a day; return all that is public, with ciphertext as its length, and transactions and logs as they are."""
    world = World()
    raw: list[bytes] = []
    shown: list[Any] = []
    send = world.send

    def noted(data: bytes, caller: str = "") -> bytes:
        answer = send(data, caller)
        raw.append(data)
        for event in world.events:
            match event:
                case events.SealedReported():
                    raw.append(event.sealed)
                    shown.append(replace(event, sealed=len(event.sealed)))
                case events.AgreementProposed():
                    assert event.terms.seal is not None
                    shown.append(
                        (event.agreement_id, event.bonus, replace(event.terms, bands=((0, 0),), seal=None))
                    )
                    shown.append(len(event.terms.bands))
                case events.AgreementAccepted():
                    shown.append(event.consumer)  # and hashes, of the ciphertext too
                case _:
                    shown.append(event)
        return answer

    world.send = noted  # type: ignore[method-assign]
    agreement_id = world.agree_sealed([METER], terms, VIEWING)
    world.set_time(START + 50_000)
    item = world.sealed_report(METER, agreement_id, 0, lanes, VIEWING, terms.bands, register=register)
    world.send(calldata.submit_sealed(item))
    state = calldata.decode_meter_state(world.ask(calldata.meter_state(METER.address, 96)))[0]
    shown.append(replace(state, code_hash=b""))
    shown.append(vars(world.agreement(agreement_id)))
    world.set_time(terms.settles_at + 1)
    world.call("settle", agreement_id)
    return shown, raw


def test_two_plants_that_deviate_alike_look_alike() -> None:
    """Another load in other bands, as far from them: nothing public differs but ciphertext, of the same length."""
    other = replace(SHORT, bands=tuple((least + SHIFT, greatest + SHIFT) for least, greatest in SHORT.bands))
    moved = [lane if lane == NO_DATA else lane + SHIFT for lane in LANES]
    one, _ = seen(SHORT, LANES, 10_000_000)
    two, _ = seen(other, moved, 99_999_999)
    assert one == two
    assert any(isinstance(each, events.Violations) for each in one)
    three, _ = seen(other, LANES, 10_000_000)
    assert one != three  # what deviates otherwise is seen


def test_no_reading_register_or_band_stands_in_a_transaction_or_a_log() -> None:
    register = 0x0123456789ABCDEF
    _, raw = seen(SHORT, LANES, register)
    assert len(raw) > 5
    secrets = [register.to_bytes(8, "big"), pack(LANES), pack_bands(SHORT.bands), VIEWING]
    secrets += [pack(LANES[at : at + 4]) for at in range(len(LANES) - 3)]
    bands = pack_bands(SHORT.bands)
    secrets += [bands[at : at + 8] for at in range(0, len(bands) - 7, 2)]
    for data in raw:
        for secret in secrets:
            assert secret not in data
