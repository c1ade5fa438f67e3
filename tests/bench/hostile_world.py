# SPDX-License-Identifier: Apache-2.0
"""Make a world that means a meter ill: sources, name servers, time servers and flash that change their mood at random.

The chain behind it is honest, and so is each of them now and then; how often is HONEST. Which mood holds when is drawn
from the seed alone, whenever anyone asks, so a life can be lived again, and looked into. Who lies of sealed bands has
the viewing key, as a party's relayer may.
"""

from __future__ import annotations

import asyncio
import json
import random
from typing import TYPE_CHECKING, Any

from hostile_flash import HostileFlash
from network_board import dns_answer, http_date, ntp_answer
from sealed_terms import SealedRelayer
from simulated_node import rpc
from simulated_relayer import LoopbackReader, SimulatedRelayer

from electro_protocol.readings import pack
from electro_tools.grid.virtual_time import VirtualTime

if TYPE_CHECKING:
    from collections.abc import Callable

    from hostile_chain import Chain

S = 1_000_000
CHAIN_ID = 1337
CONTRACT = bytes(range(20))
UNIT_WH = 10
DNS = ("10.9.9.1", "10.9.9.2")
TIME = ("time-one.example", "time-two.example", "time-three.example")
# name → (url, by, address): three relayers and two nodes; https where certificates prove who speaks
SOURCES = {
    "one.example": ("https://one.example", "operator", "10.0.0.1"),
    "two.example": ("http://two.example", "operator", "10.0.0.2"),
    "own.example": ("http://own.example", "consumer", "10.0.0.3"),
    "node.example": ("https://node.example", "other", "10.0.0.4"),
    "home.example": ("http://home.example", "consumer", "10.0.0.5"),
}
PLAIN = ("two.example", "own.example", "home.example")
NODES = ("node.example", "home.example")
ADDRESSES = {name: address for name, (_, _, address) in SOURCES.items()} | {
    name: f"10.0.1.{k}" for k, name in enumerate(TIME)
}
_FAILING = ("refuse", "stall", "cut", "garbage", "silent", "503", "long", "deep", "digits", "null", "errno")
_LYING = (
    "next",
    "back",
    "made up",
    "terms",
    "bounds",
    "absent",
    "cancelled",
    "lose",
    "wrong chain",
    "other code",
    "end",
)
_DNS_MOODS = ("silent", "unknown", "garbage", "elsewhere", "nowhere", "loop")
_TIME_MOODS = ("silent", "hour", "zero", "death", "garbage", "short", "minute")


class HostileBoard(HostileFlash):
    """A simulated Board in that world; `chain`, `moods` and `address` are set once they are there."""

    clock_is_true = False
    chain: Chain
    address = ""
    kept_us = 0
    broken_since = False

    def begin_life(self, seed: int, start_us: int) -> None:
        self.chance = random.Random(seed)
        self._begin_us = start_us
        self.requests = 0
        self.resets: list[str] = []
        self.said: list[str] = []
        self.lied = {}

    def uptime_us(self) -> int:
        return self.time.now_us - self._begin_us

    async def start_again(self) -> None:
        """End all tasks, as a reset or a loss of power does; uptime begins anew."""
        tasks = self.time._tasks
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.time = VirtualTime(self.time.now_us)
        self._begin_us = self.time.now_us - 1

    def pass_dark(self, seconds: int) -> None:
        """Let time pass that the meter does not live through."""
        self.time.now_us += seconds * S
        self._begin_us = self.time.now_us - 1

    def kept_unix_us(self) -> int:
        return 0 if not self.kept_us else self.time.now_us + self.kept_us

    def set_chip_clock(self, unix_s: int) -> None:
        self.kept_us = unix_s * S - self.time.now_us or 1

    def reset(self, reason: str) -> None:
        self.resets.append(reason)

    def log(self, sentence: str) -> None:
        self.said = [*self.said[-200:], sentence]

    def dns_servers(self) -> list[str]:
        return list(DNS)

    # names and time

    async def ask_datagram(
        self, address: str, port: int, question: bytes, timeout_ms: int, is_answer: Callable[[bytes], bool]
    ) -> bytes:
        answers = self._names(address, question) if port == 53 else self._times(address, question)
        for raw in answers:
            if is_answer(raw):
                await self.sleep_ms(30)
                return raw
        await self.sleep_ms(timeout_ms)
        raise OSError("no answer")

    def _names(self, server: str, question: bytes) -> list[bytes]:
        mood = self.suffer(self.moods.of(server, _DNS_MOODS, self.now_s))
        at, labels = 12, []
        while question[at]:
            labels.append(question[at + 1 : at + 1 + question[at]].decode())
            at += 1 + question[at]
        address = ADDRESSES.get(".".join(labels), "10.0.9.9")
        if mood in ("silent", "garbage"):
            return [] if mood == "silent" else [question, bytes(self.chance.randbytes(90)), question[:2]]
        if mood == "unknown":
            return [dns_answer(question, [], code=3)]
        if mood == "loop":
            return [
                question[:2]
                + b"\x81\x80\x00\x01\x00\x01"
                + bytes(4)
                + question[12:]
                + bytes([0xC0, len(question)])
            ]
        if mood:
            address = self.chance.choice(sorted(ADDRESSES.values())) if mood == "elsewhere" else "10.0.9.9"
        return [dns_answer(question, [address], self.chance.choice((0, 30, 300, 10**6)))]

    def _times(self, address: str, question: bytes) -> list[bytes]:
        mood = self.suffer(self.moods.of(f"time {address}", _TIME_MOODS, self.now_s))
        own = 1 + int(address[-1])  # each lies in its own way: that two agree is what the meter builds on
        off_us = {"hour": own * 3_600 * S, "minute": own * -60 * S}.get(
            mood, self.chance.randint(-9_000, 9_000)
        )
        true = ntp_answer(question, self.time.now_us + off_us, stratum=0 if mood == "death" else 2)
        if mood == "zero":
            return [true[:40] + bytes(8)]
        if mood == "garbage":
            return [bytes(self.chance.randbytes(48)), question]
        return {"silent": [], "short": [true[:47]]}.get(mood, [true])

    # sources

    async def connect(self, address: str, port: int, server_hostname: str | None) -> tuple[Any, Any]:
        names = [name for name, (_, _, its) in SOURCES.items() if its == address]
        mood = self.moods.of(names[0], _FAILING + _LYING, self.now_s) if names else "refuse"
        if server_hostname is not None and names != [server_hostname]:
            raise OSError("the certificate is another's")
        if mood in ("refuse", "stall"):
            self.suffer(mood)
            await self.sleep_ms(19_000 if mood == "stall" else 50)
            raise OSError(110, "nobody answers")
        reader = LoopbackReader()
        return reader, _Writer(self, names[0], reader)

    def answer(self, name: str, method: str, path: str, body: bytes) -> bytes:
        """Return a source's answer, in HTTP."""
        self.requests += 1
        mood = self.suffer(self.moods.of(name, _FAILING + _LYING, self.now_s))
        if mood in ("errno", "refuse", "stall"):
            raise OSError(104, "the peer closed the connection")
        status, content = self._content(name, method, path, body, mood)
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        spoiled = {
            "garbage": self.chance.randbytes(200), "deep": b"[" * 20_000,
            "digits": b'{"results": ' + b"7" * 9_000 + b"}",
            "null": self.chance.choice((b"null", b"5", b'{"results": null}', b"[]", b"{}")), "long": bytes(40_000),
        }  # fmt: skip
        raw = spoiled.get(mood, raw)
        lines = f"HTTP/1.1 {status} Word\r\nDate: {http_date(self.now_s + self._date_off_s(name, mood))}\r\n"
        if mood == "503":
            lines = f"HTTP/1.1 503 No\r\nRetry-After: {self.chance.choice((1, 30, 10**10))}\r\n"
        if self.chance.random() < 0.5:
            half = len(raw) // 2
            raw = b"".join(
                [b"%x\r\n" % len(part) + part + b"\r\n" for part in (raw[:half], raw[half:]) if part]
            )
            answer = lines.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + raw + b"0\r\n\r\n"
        else:
            answer = lines.encode() + b"Content-Length: %d\r\n\r\n" % len(raw) + raw
        if mood == "silent":
            return b""
        return answer[: self.chance.randrange(len(answer))] if mood == "cut" else answer

    def _date_off_s(self, name: str, mood: str) -> int:
        """A liar without a certificate lies about the date, too."""
        return 7_200 + 60 * list(SOURCES).index(name) if mood in _LYING and name in PLAIN else 0

    def _content(self, name: str, method: str, path: str, body: bytes, mood: str) -> tuple[int, Any]:
        told = self.chain.standing(self.address)
        for agreement, ledger in zip(told["agreements"], self.chain.ledgers, strict=True):
            agreement["bounds"] = _bounds_ahead(agreement, self.now_s, ledger)
        if mood in _LYING:
            self._lie(name, mood, told)

        def schedule(number: int, interval: int) -> dict[str, str]:
            return self._schedule(name, mood, number, interval)

        if name in NODES:
            return 200, rpc(body, told["chain_id"], told["agreements"], self.chain.codes, schedule)
        parts = path.split("/")
        if "schedules" in parts:
            return 200, schedule(int(parts[-2]), int(parts[-1]))
        if method == "GET" and "terms" in parts:
            code = self.chain.codes.get(int(parts[-1], 16), b"")
            if code:
                return 200, code[:-1] + b"\x07" if mood == "other code" else code
            return 404, {"error": {"code": "NO_SUCH_TERMS"}}
        if method == "GET":
            return 200, told
        return self._post(json.loads(body), mood)

    def _post(self, untrusted: dict[str, Any], mood: str) -> tuple[int, Any]:
        messages = untrusted.get("messages", [untrusted])
        results = []
        for message in messages:
            if mood == "lose":
                status, answer = 202, {"status": "accepted"}
            elif mood == "made up":
                status, answer = (
                    409,
                    {"error": {"code": "WRONG_SEQUENCE", "expected": self.chance.randrange(900)}},
                )
            else:
                status, answer = self.chain.take(message, self.now_s)
            results.append({**answer, "status_code": status})
        if "messages" in untrusted:
            return 200, {"results": results}
        return results[0]["status_code"], results[0]

    def _schedule(self, name: str, mood: str, number: int, interval: int) -> dict[str, str]:
        """Tell account and hash of the code with a sealed agreement's bands in an interval."""
        ledger = self.chain.sealed(number)
        salt = _salt(name)
        if ledger is None or mood in ("terms", "made up"):
            return {"account": f"0x{salt:040x}", "code_hash": f"0x{salt:064x}"}
        told: dict[str, str] = ledger.schedule(interval)
        if mood == "back" and SOURCES[name][1] == "operator":
            told = ledger.told[-1]  # the agreed ones, whatever replaced them
        elif mood == "bounds":
            slots = ledger.agreement["slots"]
            told = ledger.keep(ledger.other(interval // slots, pack([0] * slots + [salt] * slots)))
        return told

    def _lie(self, name: str, mood: str, told: dict[str, Any]) -> None:
        """Change what a source tells; each lies in its own way, so that two never confirm each other."""
        salt = _salt(name)
        if mood == "wrong chain":
            told["chain_id"] += salt
        elif mood == "absent":
            told["agreements"].clear()
        elif mood in ("made up", "terms"):
            self._make_up(salt, mood, told)
        for agreement in told["agreements"]:
            count = len(agreement["bounds"]["max"])
            position = min(agreement["end"], 30 + 9 * salt)
            lies: dict[str, dict[str, Any]] = {
                "next": {"next": {"latest": position, "final": position}},
                "back": {"next": {"latest": 0, "final": 0}},
                "end": {"end": 4 * salt},
                "bounds": {"bounds": {**agreement["bounds"], "max": [salt] * count, "min": [0] * count}},
                # if one of another `by` said so too it would be believed
                "cancelled": {"state": "cancelled"} if SOURCES[name][1] == "operator" else {},
            }
            agreement.update(lies.get(mood, {}))

    def _make_up(self, salt: int, mood: str, told: dict[str, Any]) -> None:
        """Tell false terms, and false agreements that have them."""
        for agreement, ledger in zip(told["agreements"], self.chain.ledgers, strict=True):
            false = bytearray(ledger.code)
            false[14] = UNIT_WH + salt
            agreement["terms"] = ledger.keep(bytes(false))
            if mood == "made up":
                agreement["agreement_id"] = self.chance.randrange(1, 1 << 40)
                agreement["start"] -= 300 * self.chance.randrange(1, 2_000)


class _Writer:
    """A drained request is answered at once."""

    def __init__(self, board: HostileBoard, name: str, reader: LoopbackReader) -> None:
        self._board = board
        self._name = name
        self._reader = reader
        self._request = b""

    def write(self, raw: bytes) -> None:
        self._request += raw

    async def drain(self) -> None:
        head, _, body = self._request.partition(b"\r\n\r\n")
        self._request = b""
        method, path, _ = head.split(b"\r\n")[0].decode().split(" ")
        self._reader.raw += self._board.answer(self._name, method, path, body)

    def close(self) -> None:
        pass  # nothing is open

    async def wait_closed(self) -> None:
        pass  # nothing is open


def _salt(name: str) -> int:
    """Return in which way a source lies."""
    return 1 + list(SOURCES).index(name)


def _bounds_ahead(agreement: dict[str, Any], now_s: int, ledger: SimulatedRelayer) -> dict[str, Any]:
    """Return the bounds of the running and the next intervals, as the contract tells them: none of sealed ones."""
    if isinstance(ledger, SealedRelayer):
        return {"first_interval": 0, "min": [], "max": []}
    running = max(0, (now_s - agreement["start"]) // agreement["interval_seconds"])
    count = max(0, min(6, agreement["end"] - running))
    least, most = ledger.agreement["band"]
    return {"first_interval": running, "min": [least] * count, "max": [most] * count}
