# SPDX-License-Identifier: Apache-2.0
"""A plant whose agreement is sealed, as its parties and its meter run it on the embedded chain."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.tools.agreements import START, World, electro, inside

from electro_contracts.terms import pack_bands
from electro_protocol import address, judging, sealing
from electro_protocol.messages import SealedReport, ViewingKeyReady
from electro_protocol.readings import pack
from electro_protocol.signed import SignedMessage
from electro_tools import viewing
from electro_tools.contract.deploy import at

if TYPE_CHECKING:
    from pathlib import Path

    from electro_contracts.terms import Bands

SILENCE = (
    500 + 1_200 * 7 + 1_000 + 60 * 10
)  # of any band: a violation, the whole connection, an outage of an hour
BANDS = tuple((400, 1200) if 6 <= hour < 22 else (100, 600) for hour in range(24))
OVER_AT_12 = [*inside(0, 12), 1300, *inside(13, 11)]


class Plant:
    """A sealed agreement's files and its meter, with the bands of TERMS."""

    def __init__(self, world: World, hours: int = 48) -> None:
        self.world = world
        self.hours = hours
        self.meter = world.account("meter")
        self.key = world.folder / "plant.viewing"
        self.other = world.folder / "other.viewing"
        for file in (self.key, self.other):
            assert electro("key", "viewing", file, "--json").json["key_file"] == str(file)
        self.unsealed = ("--viewing-key", self.key)
        self.wrong = ("--viewing-key", self.other)
        world.enrol(self.meter)

    def terms(self) -> Path:
        return self.world.terms(hours=self.hours, missing=str(SILENCE))

    def propose(self, *more: object) -> int:
        line = ("--consumer", self.world.consumer.address, "--device", self.meter.address, "--bonus", 100_000)
        done = electro(
            "agreement", "propose", self.terms(), *line, *self.unsealed, *more, *self.world.as_("operator"),
            "--json",
        )  # fmt: skip
        agreement_id: int = done.json["agreement"]
        return agreement_id

    def hand_key(self) -> None:
        """Send the meter's word that it has the key."""
        ready = ViewingKeyReady(sealing.key_hash(viewing.read(self.key)))
        self.carry("ready", ready)

    def carry(self, name: str, message: ViewingKeyReady | SealedReport) -> Any:
        file = self.world.folder / f"{name}.json"
        signed = SignedMessage.make(message, self.world.domain, bytes(self.meter.key))
        file.write_text(json.dumps(signed.to_json()))
        return electro("agreement", "submit", file, *self.world.as_("anyone"), "--json").json

    def agree(self) -> None:
        self.propose()
        self.hand_key()
        done = electro("agreement", "accept", 1, *self.unsealed, *self.world.as_("consumer"), "--json")
        assert done.json["state"] == "accepted"

    def report(
        self,
        first: int,
        lanes: list[int],
        register_wh: int,
        words: bytes | None = None,
        *,
        spoiled: bool = False,
        bands: Bands = BANDS,
    ) -> Any:
        """Send what a meter seals of these readings; words: what it tells instead; bands: by which it judges."""
        world = self.world
        contract = at(world.web3, world.contract)
        schedule = contract.functions.scheduleOf(1, 0, first).call()[1][:16]
        if words is None:
            words = judging.deviations(pack(lanes), pack_bands(bands), first % 24)
        device = address.parse(self.meter.address)
        about = sealing.report(world.domain.separator, device, 1, first, schedule, len(lanes))
        sealed = sealing.seal_report(viewing.read(self.key), about, register_wh, pack(lanes), words)
        if spoiled:
            sealed = sealed[:-1] + bytes([sealed[-1] ^ 1])
        return self.carry(f"report-{first}", SealedReport(1, START, schedule, first, sealed, words))
