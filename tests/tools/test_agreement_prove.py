# SPDX-License-Identifier: Apache-2.0
"""`electro agreement show --prove`: on anvil as it is, and behind a front that has its blocks sealed as QBFT does."""

from __future__ import annotations

import json
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from tests.protocol.plant import Plant
from tests.protocol.receipts import address, seal, validators
from tests.tools.agreements import electro, refused

from electro_protocol.address import checksum

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEYS = validators(4)
SET = [address(one) for one in KEYS]
PINNED = ",".join(checksum(one) for one in SET)


class Front:
    """A node before the chain; `change` may answer otherwise, by method and result."""

    def __init__(self, target: str) -> None:
        self.change: Callable[[str, Any], Any] = lambda _method, result: result
        front = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = self.rfile.read(int(self.headers["Content-Length"]))
                request = urllib.request.Request(target, asked, {"Content-Type": "application/json"})
                with urllib.request.urlopen(request) as answered:
                    answer = json.load(answered)
                if "result" in answer:
                    changed = front.change(json.loads(asked)["method"], answer["result"])
                    answer = changed if isinstance(changed, Refused) else {**answer, "result": changed}
                raw = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Refused(dict[str, Any]):
    """A whole answer that is an error."""


@pytest.fixture(scope="module")
def plant(start_anvil: Callable[..., Any]) -> Iterator[tuple[Plant, Front]]:
    anvil = start_anvil()
    front = Front(anvil.url)
    yield Plant(anvil), front
    front.server.shutdown()
    front.server.server_close()


@pytest.fixture
def front(plant: tuple[Plant, Front], monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Front:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("ELECTRO_RPC", plant[1].url)
    monkeypatch.setenv("ELECTRO_CONTRACT", checksum(plant[0].contract))
    plant[1].change = lambda _method, result: result
    return plant[1]


def sealed(count: int) -> Callable[[str, Any], Any]:
    def change(method: str, result: Any) -> Any:
        return seal(result, SET, KEYS[:count]) if method == "eth_getBlockByNumber" else result

    return change


def test_without_validators_it_says_what_is_trusted(plant: tuple[Plant, Front], front: Front) -> None:
    shown = electro("agreement", "show", 1, "--prove")
    assert shown.code == 0, shown
    block = plant[0].node.ask("eth_getBlockByNumber", "latest", False)
    assert block["hash"] in shown.out
    assert "trusted is that this block's header" in shown.out
    assert "next 96 of 960, outage 1 open" in shown.out
    assert max(map(len, shown.out.splitlines())) <= 80
    proof = electro("agreement", "show", 1, "--prove", "--json").json["proof"]
    assert (proof["sealed"], proof["validators"]) == (0, 0)
    (meter,) = proof["meters"]
    assert meter["device"] == plant[0].meter.text
    assert (meter["next"], meter["end"], meter["overrides"][0]["pass"]) == (96, 960, 5)


def test_a_block_that_the_given_validators_sealed(front: Front) -> None:
    front.change = sealed(4)
    shown = electro("agreement", "show", 1, "--prove", "--validators", PINNED)
    assert "sealed by 3 of the 4 validators given" in shown.out, shown


def test_what_is_not_proved_is_refused(front: Front) -> None:
    line = ("agreement", "show", 1, "--prove")
    front.change = sealed(2)
    assert "not 3 to 4 seals" in refused(*line, "--validators", PINNED)
    front.change = sealed(3)
    assert "not the pinned ones" in refused(*line, "--validators", checksum(SET[0]))
    front.change = lambda _method, result: result
    assert "not QBFT's" in refused(*line, "--validators", PINNED)
    assert "give both" in refused("agreement", "show", 1, "--validators", PINNED)

    def lying(method: str, result: Any) -> Any:
        if method == "eth_getProof" and result["storageProof"]:
            result["storageProof"][0]["proof"].pop()
        return result

    front.change = lying
    assert "a node of a proof is missing" in refused(*line)


def test_a_node_without_proofs_is_one_sentence(front: Front) -> None:
    error = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32601, "message": "no such method"}}
    front.change = lambda method, result: Refused(error) if method == "eth_getProof" else result
    assert "serves no eth_getProof" in refused("agreement", "show", 1, "--prove")
