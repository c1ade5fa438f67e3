# SPDX-License-Identifier: Apache-2.0
"""Stand in for relayer and contract in tests of the meter: strict about signer and sequence, and able to misbehave."""

import json
from binascii import unhexlify

from agreed import terms_code, with_terms

from electro_protocol.address import checksum
from electro_protocol.eip712 import Domain
from electro_protocol.messages import EnergyReport
from electro_protocol.readings import unpack
from electro_protocol.signed import SignedMessage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class SimulatedRelayer:
    """What the contract knows, and the relayer's HTTP answers about it; `answer` is all of HTTP it has."""

    def __init__(self, chain_id: int, contract: bytes, agreement: "dict[str, Any]") -> None:
        """agreement: the relayer's JSON for it, without `next`."""
        self.domain = Domain(chain_id, contract)
        self._chain_id = chain_id
        self._contract = contract
        self.agreement = agreement
        self.readings: "dict[str, list[int]]" = {}  # by enrolled address
        self.outages: "list[dict[str, Any]]" = []
        self.registers: "list[int]" = []
        self.requests = 0
        self.down = False  # answers 503
        self.forgets = False  # accepts and loses
        self.final_lag = 0  # intervals by which the final block is behind the latest

    def enrol(self, address: str) -> None:
        self.readings[address] = []

    def answer(self, method: str, path: str, body: bytes) -> "tuple[int, dict[str, Any] | bytes]":
        """Return (status, JSON or bytes) of a request."""
        self.requests += 1
        if self.down:
            return 503, _error("NODE_DOWN", 503)
        if path.startswith("/v1/terms/"):
            return 200, terms_code(self.agreement)
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
        agreement = with_terms(self.agreement)
        del agreement["code"]
        agreement["end"] = self.agreement.get("end", self.agreement["intervals"])
        agreement["next"] = {"latest": latest, "final": max(0, latest - self.final_lag)}
        agreement["next_outage"] = {"latest": self._ended(agreement["agreement_id"]), "final": 0}
        return 200, {
            "device": address,
            "chain_id": self._chain_id,
            "contract": checksum(self._contract),
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
        if not isinstance(message, EnergyReport):
            return self._take_outage(message.to_json(), len(self.readings[address]))
        told = with_terms(self.agreement)
        if message.agreement_id == told["agreement_id"] and (
            message.start != told["start"] or message.terms != unhexlify(told["terms"]["code_hash"][2:34])
        ):
            return 409, _error("OTHER_TERMS", 409)
        readings = self.readings[address]
        if message.first_interval != len(readings):
            refusal = _error("WRONG_SEQUENCE", 409)
            refusal["error"]["expected"] = len(readings)
            refusal["error"]["got"] = message.first_interval
            return 409, refusal
        readings += unpack(message.readings)
        self.registers.append(message.register_wh)
        return 202, {"status": "accepted"}

    def _take_outage(self, report: "dict[str, Any]", reported: int) -> "tuple[int, dict[str, Any]]":
        """Take outages in their order, and closed ones once their intervals are reported."""
        if report in self.outages:
            return 200, {"status": "final"}
        agreement = self.agreement
        if report["agreementId"] == agreement["agreement_id"]:
            ended_s = min(
                report["endedAt"] - agreement["start"], agreement["intervals"] * agreement["interval_seconds"]
            )
            if ended_s > reported * agreement["interval_seconds"]:
                return 409, _error("AHEAD_OF_REPORTS", 409)
        if report["number"] != self._ended(report["agreementId"]):
            return 409, _error("WRONG_OUTAGE", 409)
        self.outages.append(report)
        return 202, {"status": "accepted"}

    def _ended(self, agreement_id: int) -> int:
        return sum([one["agreementId"] == agreement_id and one["endedAt"] != 0 for one in self.outages])


def _error(code: str, status: int) -> "dict[str, Any]":
    return {"error": {"code": code, "status": status, "message": code}}


class LoopbackReader:
    """The client's reader over an answer that is there already; the part of asyncio's StreamReader that HTTP needs."""

    def __init__(self) -> None:
        self.raw = b""

    async def readline(self) -> bytes:
        line, mark, self.raw = self.raw.partition(b"\n")
        return line + mark

    async def readexactly(self, count: int) -> bytes:
        if len(self.raw) < count:
            raise EOFError("the peer closed the connection")
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
