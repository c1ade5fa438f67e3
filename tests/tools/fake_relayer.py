# SPDX-License-Identifier: Apache-2.0
"""A relayer and its contract in memory, strict about signatures and sequence, that tests can switch off and rewind."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from electro_protocol.address import checksum
from electro_protocol.eip712 import Domain
from electro_protocol.messages import EnergyReport
from electro_protocol.readings import unpack
from electro_protocol.signed import SignedMessage


class FakeRelayer:
    def __init__(self, chain_id: int, contract: bytes, agreement: dict) -> None:
        self.domain = Domain(chain_id, contract)
        self.chain_id, self.contract, self.agreement = chain_id, contract, agreement
        self.devices: dict[str, list[int]] = {}  # address → readings on the chain
        self.outages: list[dict] = []
        self.registers: list[int] = []
        self.requests = 0
        self.drop = False  # answer 202 and forget
        self.down = False
        relayer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def _answer(self, status: int, body: dict) -> None:
                raw = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def do_GET(self) -> None:
                relayer.requests += 1
                self._answer(*relayer.state(self.path.rsplit("/", 1)[1]))

            def do_POST(self) -> None:
                relayer.requests += 1
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if relayer.down:
                    self._answer(503, {"error": {"code": "NODE_DOWN", "status": 503, "message": "down"}})
                elif "messages" in body:
                    results = []
                    for one in body["messages"]:
                        status, answer = relayer.take(one)
                        results.append({"status_code": status, **answer})
                    self._answer(200, {"results": results})
                else:
                    self._answer(*relayer.take(body))

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def state(self, address: str) -> tuple[int, dict]:
        if address not in self.devices:
            return 404, {"error": {"code": "UNKNOWN_DEVICE", "status": 404, "message": "who?"}}
        position = len(self.devices[address])
        return 200, {
            "device": address,
            "chain_id": self.chain_id,
            "contract": checksum(self.contract),
            "time": 0,
            "block": {"latest": 1, "final": 1},
            "agreements": [{**self.agreement, "next": {"latest": position, "final": position}}],
        }

    def take(self, untrusted: dict) -> tuple[int, dict]:
        signed = SignedMessage.from_json(untrusted)
        address = checksum(signed.signer(self.domain))
        if address not in self.devices:
            return 403, {"error": {"code": "UNKNOWN_DEVICE", "status": 403, "message": "who?"}}
        message = signed.message
        if self.drop:
            return 202, {"status": "accepted"}
        if isinstance(message, EnergyReport):
            readings = self.devices[address]
            if message.first_interval != len(readings):
                error = {"code": "WRONG_SEQUENCE", "status": 409, "message": "another is expected"}
                return 409, {"error": {**error, "expected": len(readings), "got": message.first_interval}}
            readings += unpack(message.readings)
            self.registers.append(message.register_wh)
            return 202, {"status": "accepted"}
        report = message.to_json()
        if report in self.outages:
            return 200, {"status": "final"}
        self.outages.append(report)
        return 202, {"status": "accepted"}
