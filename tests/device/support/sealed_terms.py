# SPDX-License-Identifier: Apache-2.0
"""Keep the terms of sealed agreements as the contract does, and judge sealed reports as those with the key do."""

import json
from binascii import hexlify

from simulated_relayer import SimulatedRelayer

from electro_protocol import judging, sealing
from electro_protocol.address import checksum
from electro_protocol.keccak import keccak256
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
        SimulatedRelayer.__init__(self, chain_id, contract, agreement)
        self.bands = {-1: bands}  # the agreed ones, and others by pass
        self.numbers = {"interval_s": agreement["interval_seconds"], "intervals": agreement["intervals"]}
        self.codes = {-1: code(VIEWING, bands, **self.numbers)}
        self._told_terms = named(self.codes[-1])
        self.refused = 0

    def replace(self, pass_, bands):
        self.bands[pass_] = bands
        self.codes[pass_] = override(bands, pass_, **self.numbers)

    def schedule(self, pass_):
        return self.codes.get(pass_, self.codes[-1])

    def answer(self, method, path, body):
        parts = path.split("/")
        if parts[2:3] == ["terms"]:
            for each in self.codes.values():
                if named(each)["account"] == parts[3]:
                    return 200, each
            return 404, {}
        if parts[4:5] == ["schedules"]:
            told = named(self.schedule(int(parts[6]) // self.agreement["slots"]))
            told["place"] = 0
            return 200, told
        return SimulatedRelayer.answer(self, method, path, body)

    def _take(self, untrusted):
        signed = SignedMessage.from_json(untrusted)
        message, device = signed.message, signed.signer(self.domain)
        readings = self.readings[checksum(device)]
        pass_, slot = divmod(message.first_interval, self.agreement["slots"])
        schedule = keccak256(self.schedule(pass_))[:16]
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


def named(raw):
    """Return account and hash of code as a relayer tells them; the account is made up of the hash."""
    code_hash = keccak256(raw)
    return {"account": checksum(code_hash[12:]), "code_hash": "0x" + hexlify(code_hash).decode()}


def node(ledger, chain_id):
    """Return a node's answers to a meter, over a relayer's ledger."""
    from simulated_node import rpc, word

    def answer(method, path, body):
        asked = json.loads(body)
        if asked["method"] == "eth_getCode":
            for each in ledger.codes.values():
                if int(named(each)["account"], 16) == int(asked["params"][0], 16):
                    return 200, {"jsonrpc": "2.0", "id": 1, "result": "0x" + hexlify(each).decode()}
        elif asked["method"] == "eth_call" and len(asked["params"][0]["data"]) == 2 + 8 + 3 * 64:
            interval = int(asked["params"][0]["data"][-64:], 16)
            told = named(ledger.schedule(interval // ledger.agreement["slots"]))
            raw = word(int(told["account"], 16)) + word(int(told["code_hash"], 16))
            return 200, {"jsonrpc": "2.0", "id": 1, "result": "0x" + hexlify(raw).decode()}
        address = next(iter(ledger.readings))
        _, told = ledger.answer("GET", "/v1/meters/" + address, b"")
        return 200, rpc(body, chain_id, told["agreements"], [ledger.codes[-1]])

    return answer
