# SPDX-License-Identifier: Apache-2.0
"""Stand in for relayer and contract in tests of the meter: strict about signer and sequence, and able to misbehave."""

import json
from binascii import hexlify, unhexlify

from electro_protocol.address import checksum
from electro_protocol.eip712 import Domain
from electro_protocol.keccak import keccak256
from electro_protocol.readings import unpack
from electro_protocol.signed import SignedMessage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def terms_code(slots: int, interval_s: int, intervals: int, unit_wh: int) -> bytes:
    """Return terms as the contract keeps them, as far as a meter reads them; the rest is zero."""
    header = slots.to_bytes(2, "big") + interval_s.to_bytes(4, "big") + intervals.to_bytes(4, "big")
    return b"\x00" + header + unit_wh.to_bytes(4, "big") + bytes(82 + 4 * slots + 40)


class SimulatedRelayer:
    """What the contract knows, and the relayer's HTTP answers about it; `answer` is all of HTTP it has."""

    def __init__(
        self, chain_id: int, contract: bytes, agreement: "dict[str, Any]", code: "bytes | None" = None
    ) -> None:
        """agreement: the relayer's JSON for it; positions and terms are added. code: of terms, if not the usual."""
        self.domain = Domain(chain_id, contract)
        self._chain_id = chain_id
        self.agreement = agreement
        self.code = code or terms_code(
            agreement["slots"], agreement["interval_seconds"], agreement["intervals"], agreement["unit_wh"]
        )
        self.codes: "dict[int, bytes]" = {}  # by account
        self._told_contract = checksum(contract)
        self._told_terms = self.keep(self.code)
        self.terms = unhexlify(self._told_terms["code_hash"][2:])[:16]  # what a report must sign of them
        self.readings: "dict[str, list[int]]" = {}  # by enrolled address
        self.outages: "list[dict[str, Any]]" = []
        self.registers: "list[int]" = []
        self.requests = 0
        self.down = False  # answers 503
        self.forgets = False  # accepts and loses
        self.final_lag = 0  # intervals by which the final block is behind the latest

    def keep(self, code: bytes) -> "dict[str, str]":
        """Keep code in an account, which is made up of its hash; return both as each answer tells them."""
        code_hash = keccak256(code)
        self.codes[int.from_bytes(code_hash[12:], "big")] = code
        return {"account": checksum(code_hash[12:]), "code_hash": "0x" + hexlify(code_hash).decode()}

    def enrol(self, address: str) -> None:
        self.readings[address] = []

    def answer(self, method: str, path: str, body: bytes) -> "tuple[int, dict[str, Any] | bytes]":
        """Return (status, JSON or bytes) of a request."""
        self.requests += 1
        if self.down:
            return 503, _error("NODE_DOWN", 503)
        if path.startswith("/v1/terms/"):
            code = self.codes.get(int(path[len("/v1/terms/") :], 16))
            return (404, _error("NO_SUCH_TERMS", 404)) if code is None else (200, code)
        if method == "GET":
            return self._state(path[path.rfind("/") + 1 :].partition("?")[0])
        untrusted = json.loads(body)
        if "messages" not in untrusted:
            return self._take(untrusted)
        results = []
        for one in untrusted["messages"]:
            status, result = self._take(one)
            result["status_code"] = status
            results.append(result)
        return 200, {"results": results}

    def _state(self, address: str) -> "tuple[int, dict[str, Any]]":
        if address not in self.readings:
            return 404, _error("UNKNOWN_DEVICE", 404)
        latest = len(self.readings[address])
        agreement = dict(self.agreement)
        if "bounds" not in agreement:
            agreement["bounds"] = {"first_interval": 0, "min": [], "max": []}
        agreement["next"] = {"latest": latest, "final": max(0, latest - self.final_lag)}
        agreement["place"] = 0
        agreement["end"] = self.agreement.get("end", self.agreement["intervals"])
        agreement["reports_until"] = self.agreement["start"] + 365 * 86_400
        agreement["terms"] = dict(self._told_terms)
        closed = len([one for one in self.outages if one["endedAt"]])
        agreement["next_outage"] = {"latest": closed, "final": closed}
        agreement["outage_open"] = bool(self.outages and not self.outages[-1]["endedAt"])
        return 200, {
            "device": address,
            "chain_id": self._chain_id,
            "contract": self._told_contract,
            "time": 0,
            "block": {"latest": 1, "final": 1},
            "agreements": [agreement],
        }

    def _take(self, untrusted: "dict[str, Any]") -> "tuple[int, dict[str, Any]]":
        signed = SignedMessage.from_json(untrusted)
        address = checksum(signed.signer(self.domain))
        if address not in self.readings:
            return 403, _error("UNKNOWN_DEVICE", 403)
        if self.forgets:
            return 202, {"status": "accepted"}
        message = signed.message
        readings = self.readings[address]
        if untrusted["type"] != "EnergyReport":
            return self._take_outage(message.to_json(), len(readings))
        if message.start != self.agreement["start"] or message.terms != self.terms:
            return 409, _error("OTHER_TERMS", 409)
        if message.first_interval != len(readings):
            refusal = _error("WRONG_SEQUENCE", 409)
            refusal["error"]["expected"] = len(readings)
            refusal["error"]["got"] = message.first_interval
            return 409, refusal
        readings += unpack(message.readings)
        self.registers.append(message.register_wh)
        return 202, {"status": "accepted"}

    def _take_outage(self, outage: "dict[str, Any]", reported: int) -> "tuple[int, dict[str, Any]]":
        closed = len([one for one in self.outages if one["endedAt"]])
        if outage in self.outages:
            return 200, {"status": "final"}
        if outage["number"] != closed:
            return 409, _error("WRONG_OUTAGE", 409)
        seconds = outage["endedAt"] - self.agreement["start"]
        touched = -(-seconds // self.agreement["interval_seconds"]) if outage["endedAt"] else 0
        if reported < min(max(0, touched), self.agreement["intervals"]):
            return 409, _error("AHEAD_OF_REPORTS", 409)
        if outage["endedAt"]:
            self.outages = [one for one in self.outages if one["endedAt"]]
        elif self.outages and not self.outages[-1]["endedAt"]:
            return 409, _error("KNOWN_OUTAGE", 409)
        self.outages.append(outage)
        return 202, {"status": "accepted"}


def _error(code: str, status: int) -> "dict[str, Any]":
    return {"error": {"code": code, "status": status, "message": code}}


class LoopbackReader:
    """The client's reader over an answer that is there already; the part of asyncio's StreamReader that HTTP needs."""

    def __init__(self) -> None:
        self.raw = b""

    async def read(self, count: int) -> bytes:
        taken, self.raw = self.raw[:count], self.raw[count:]
        return taken


class LoopbackWriter:
    """The client's writer: a drained request is answered at once."""

    def __init__(self, ledger: SimulatedRelayer, reader: LoopbackReader) -> None:
        self._ledger = ledger
        self._reader = reader
        self._request = b""

    def write(self, raw: bytes) -> None:
        self._request += raw

    async def drain(self) -> None:
        head, _, body = self._request.partition(b"\r\n\r\n")
        self._request = b""
        method, path, _ = head.split(b"\r\n")[0].decode().split(" ")
        status, answer = self._ledger.answer(method, path, body)
        raw = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self._reader.raw = f"HTTP/1.1 {status} Word\r\nContent-Length: {len(raw)}\r\n\r\n".encode() + raw

    def close(self) -> None:
        pass  # nothing is open

    async def wait_closed(self) -> None:
        pass  # nothing is open


def connect(ledger: SimulatedRelayer) -> "tuple[LoopbackReader, LoopbackWriter]":
    """Return (reader, writer) of a connection that needs no network."""
    reader = LoopbackReader()
    return reader, LoopbackWriter(ledger, reader)
