# SPDX-License-Identifier: Apache-2.0
"""Keep the terms of sealed agreements as the contract does, and judge sealed reports as those with the key do."""

from binascii import unhexlify

from simulated_relayer import SimulatedRelayer

from electro_protocol import judging, sealing
from electro_protocol.address import checksum
from electro_protocol.readings import pack, unpack
from electro_protocol.signed import SignedMessage

VIEWING = bytes(range(7, 39))
SLOTS = 96
BANDS = pack([100] * SLOTS + [800] * SLOTS)  # units of 10 Wh


def header(slots, interval_s=900, intervals=96, points=1):
    """Return the byte and the three words before the bands, as far as a meter reads them; the rest is zero."""
    raw = b"\0" + slots.to_bytes(2, "big") + interval_s.to_bytes(4, "big") + b"\0\x01"
    raw += intervals.to_bytes(2, "big") + (10).to_bytes(4, "big")
    return raw + bytes(5) + bytes([points]) + bytes(76)


def code(key=VIEWING, bands=BANDS, points=1, tail=b"", **numbers):
    """Return the code of sealed terms."""
    nonce, lanes = sealing.seal_bands(key, bands)
    head = header(len(bands) // 4, points=points, **numbers)
    return head + lanes + nonce + bytes(20 * (1 + points)) + sealing.key_hash(key) + tail


def override(bands, pass_, key=VIEWING, number=7, place=0, **numbers):
    """Return the code with other bands for a pass."""
    nonce, lanes = sealing.seal_bands(key, bands, sealing.of_pass(number, place, pass_))
    return header(len(bands) // 4, **numbers) + lanes + nonce


class SealedRelayer(SimulatedRelayer):
    """Relayer and contract of a sealed agreement: it opens each report, and holds it to the bands of its pass."""

    def __init__(self, chain_id, contract, agreement, bands):
        self.numbers = {"interval_s": agreement["interval_seconds"], "intervals": agreement["intervals"]}
        SimulatedRelayer.__init__(self, chain_id, contract, agreement, code(VIEWING, bands, **self.numbers))
        self.bands = {-1: bands}  # the agreed ones, and others by pass
        self.told = {-1: self._told_terms}  # account and hash of their code
        self.refused = 0

    def other(self, pass_, bands):
        """Return the code with other bands for a pass."""
        return override(bands, pass_, number=self.agreement["agreement_id"], **self.numbers)

    def replace(self, pass_, bands):
        self.bands[pass_] = bands
        self.told[pass_] = self.keep(self.other(pass_, bands))

    def schedule(self, interval):
        """Return account and hash of the code with the bands that hold in an interval."""
        return self.told.get(interval // self.agreement["slots"], self.told[-1])

    def settles_s(self, interval):
        """Return when nobody can replace the bands of an interval's pass any more: its first one is over."""
        first = interval - interval % self.agreement["slots"]
        return self.agreement["start"] + (first + 1) * self.agreement["interval_seconds"]

    def answer(self, method, path, body):
        parts = path.split("/")
        if parts[4:5] == ["schedules"]:
            return 200, dict(self.schedule(int(parts[6])), place=0)
        return SimulatedRelayer.answer(self, method, path, body)

    def _take(self, untrusted):
        if untrusted["type"] == "EnergyReport":
            return 409, {
                "error": {"code": "OTHER_TERMS", "status": 409, "message": "its readings are sealed"}
            }
        if untrusted["type"] != "SealedReport":
            return SimulatedRelayer._take(self, untrusted)
        signed = SignedMessage.from_json(untrusted)
        message, device = signed.message, signed.signer(self.domain)
        readings = self.readings[checksum(device)]
        pass_, slot = divmod(message.first_interval, self.agreement["slots"])
        schedule = unhexlify(self.schedule(message.first_interval)["code_hash"][2:])[:16]
        if message.schedule != schedule:
            self.refused += 1
            return 409, {"error": {"code": "OTHER_TERMS", "status": 409, "message": ""}}
        if message.first_interval != len(readings):
            return 409, {"error": {"code": "WRONG_SEQUENCE", "status": 409, "expected": len(readings)}}
        about = sealing.report(
            self.domain.separator, device, message.agreement_id, len(readings), schedule, message.intervals
        )
        _, lanes = sealing.open_report(VIEWING, about, message.sealed, message.deviations)
        bands = self.bands.get(pass_, self.bands[-1])
        assert judging.deviations(lanes, bands, slot) == message.deviations, "it judged by other bands"
        readings += unpack(lanes)
        return 202, {"status": "accepted"}


def node(ledger, chain_id):
    """Return a node's answers to a meter, over a relayer's ledger."""
    from simulated_node import rpc

    def answer(method, path, body):
        address = next(iter(ledger.readings))
        _, told = ledger.answer("GET", "/v1/meters/" + address, b"")
        return 200, rpc(
            body, chain_id, told["agreements"], ledger.codes, lambda _, interval: ledger.schedule(interval)
        )

    return answer
