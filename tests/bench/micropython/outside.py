# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: PT018, PTH123  # no pytest: what fails is printed with its seed; MicroPython has no pathlib
"""Give everything that the meter reads from outside made-up and spoiled input; run by tests/bench/outside.py,
both Pythons.

outside.py SEED COUNT FOLDER    prints a JSON object: inputs of each kind, how many were taken, the longest time of one

Nothing but SourceError (from a datagram: ValueError) may come out, and what is taken is in range. An input that fails
is printed with its kind and number: the same seed makes it again.
"""

import gc
import json
import sys
import time
from array import array

from electro_meter.uplink import agreements, bands, contract, dns, http, parsing, sntp, sources
from electro_meter.uplink.errors import SourceError
from electro_meter.uplink.passes import MOST as MOST_PASSES
from electro_meter.uplink.passes import PATIENCE_S, Passes, Said

CHAIN_ID = 1337
CONTRACT = bytes(range(20))
ADDRESS = "0x000102030405060708090a0b0c0d0e0f10111213"


class Chance:
    def __init__(self, seed):
        self.state = (seed * 2654435761 + 1) & 0x7FFFFFFFFFFF

    def below(self, count):
        self.state = (self.state * 25214903917 + 11) & 0xFFFFFFFFFFFF  # java.util.Random
        return (self.state >> 17) % count

    def of(self, some):
        return some[self.below(len(some))]

    def octets(self, count):
        return bytes([self.below(256) for _ in range(count)])


ODD = (
    None, True, False, -1, 0, 1, 65_535, 65_536, 1 << 31, 1 << 63, 1 << 64, 1 << 200, 1.5, -1e300, "", "0", "7",
    "x" * 90,
    "9" * 30, "\u0661", "0x", "0x00", "0x" + "f" * 64, "cancelled", [], [[]], {}, [1] * 700, {"latest": 1},
)  # fmt: skip
SPOILERS = (
    b"[",
    b"{",
    b'"',
    b"\\",
    b"9" * 90,
    b"\x00",
    b"\xff",
    b"null",
    b"-",
    b"e999",
    b"[" * 600,
    b",",
    b":",
    b"}",
    b"]",
)


def spoiled(chance, raw):
    """Return bytes with a few places changed, cut, doubled or filled with what parsers stumble over."""
    raw = bytearray(raw)
    for _ in range(1 + chance.below(3)):
        at = chance.below(len(raw) + 1)
        kind = chance.below(6)
        if kind == 0:
            raw = raw[:at]
        elif kind == 1:
            raw[at : at + 1] = bytes([chance.below(256)])
        elif kind == 2:
            raw[at:at] = chance.of(SPOILERS)
        elif kind == 3:
            raw[at:at] = raw[at : at + chance.below(40)]
        elif kind == 4:
            raw[at : at + 4] = chance.of(
                (b"\x00\x00\x00\x00", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\x00\x00\x00")
            )
        else:
            raw[at : at + chance.below(9)] = b""
    return bytes(raw)


def agreement(chance):
    told = {
        "agreement_id": chance.of((1, 7, "7", (1 << 64) - 1)),
        "state": chance.of(("accepted", "cancelled", "settled")),
        "place": chance.below(64),
        "start": 1_800_000_000 + 900 * chance.below(9),
        "end": chance.below(97),
        "terms": {"account": "0x" + "ab" * 20, "code_hash": "0x" + chance.of(("cd", "ef")) * 32},
        "next": {"latest": chance.below(97), "final": chance.below(97)},
        "next_outage": {"latest": chance.below(5), "final": 0},
        "outage_open": chance.below(2) == 1,
        "remaining_bonus": chance.of(("0", "7647000", str((1 << 128) - 1))),
        "bounds": {"first_interval": chance.below(90), "min": [1] * chance.below(9), "max": []},
    }
    told["bounds"]["max"] = [9] * len(told["bounds"]["min"])
    if chance.below(2):
        part = chance.of([told, told, told, told["next"], told["terms"], told["bounds"], told["next_outage"]])
        name = chance.of(sorted(part))
        if chance.below(4):
            part[name] = chance.of(ODD)
        else:
            del part[name]
    return told


def standing(chance):
    told = {
        "chain_id": CHAIN_ID,
        "contract": ADDRESS,
        "agreements": [agreement(chance) for _ in range(chance.below(4))],
    }
    if chance.below(6) == 0:
        told[chance.of(sorted(told))] = chance.of(ODD)
    return told


def told_soundly(listed):
    for told in listed:
        assert 1 <= told.id < 1 << 64 and 0 <= told.start_s < 1 << 40
        assert (
            len(told.account) == 20 and len(told.code_hash) == 32 and len(told.least) == len(told.most) <= 672
        )
        for value in (told.next_latest, told.next_final, told.end, told.bounds_from):
            assert 0 <= value <= 65_535
        assert 0 <= told.next_outage < 1 << 32 and isinstance(told.outage_open, bool)
        assert -1 <= told.bonus < 1 << 128


def try_json(chance):
    raw = json.dumps(standing(chance)).encode()
    if chance.below(2):
        raw = spoiled(chance, raw)
    buffer = bytearray(chance.octets(chance.of((0, 0, 40)))) if chance.below(9) == 0 else bytearray(len(raw))
    if len(buffer) < len(raw):
        buffer = bytearray(len(raw))
    buffer[: len(raw)] = raw
    told_soundly(sources.standing(parsing.parsed(buffer, len(raw)), CHAIN_ID, CONTRACT))


def word(value):
    return value.to_bytes(32, "big")


def try_states(chance):
    count = chance.below(3)
    records = b""
    offsets = b""
    for _ in range(count):
        offsets += word(32 * count + len(records))
        bounds = chance.octets(4 * chance.below(5))
        words = [chance.below(1 << 16) for _ in range(19)]
        words[0] += 1
        words[1], words[15], words[18] = chance.below(6), chance.below(2), 19 * 32
        words[2] = chance.below(256)
        words[12] = 0xCD << 248
        if chance.below(3) == 0:
            words[chance.below(19)] = chance.of((1 << 255, 1 << 40, 1 << 16, 31, 1, 0))
        records += (
            b"".join([word(one) for one in words]) + word(len(bounds)) + bounds + bytes(-len(bounds) % 32)
        )
    raw = word(32) + word(count) + offsets + records
    told_soundly(contract.states(spoiled(chance, raw) if chance.below(3) == 0 else raw))


def try_results(chance):
    listed = [chance.of(VERDICTS) for _ in range(3)]
    untrusted = chance.of(
        ({"results": listed}, {"results": listed[:2]}, {"results": chance.of(ODD)}, chance.of(ODD))
    )
    for status, code, expected in sources.verdicts(chance.of((200, 409, 503)), untrusted, chance.of((1, 3))):
        assert 100 <= status <= 599 and len(code) <= 40 and -1 <= expected <= 65_535
    raw = json.dumps({"jsonrpc": "2.0", chance.of(("result", "error")): chance.of(ODD)}).encode()
    text = contract.result(parsing.parsed(bytearray(raw), len(raw)), chance.below(2) == 1)
    assert isinstance(sources.octets("it", text, 9), bytes)


VERDICTS = (
    {"status_code": 202}, {"status_code": 202}, {"status_code": 409, "error": {"code": "X", "expected": 7}}, None,
    5, [], {"status_code": "202"}, {"status_code": 1 << 70}, {"status_code": 200, "error": []},
    {"error": None},
)  # fmt: skip


def try_terms(chance):
    raw = (
        b"\x00"
        + chance.of((1, 96, 672, 0, 673)).to_bytes(2, "big")
        + (900).to_bytes(4, "big")
        + (96).to_bytes(4, "big")
    )
    raw += (10).to_bytes(4, "big") + bytes(chance.of((82, 81, 400, 4_081, 4_082)))
    slots, interval_s, intervals, unit_wh = sources.terms(spoiled(chance, raw) if chance.below(2) else raw)
    assert (
        1 <= slots <= 672
        and 1 <= interval_s <= 86_400
        and 1 <= intervals <= 65_535
        and 1 <= unit_wh < 1 << 32
    )


class Pieces:
    """A peer's bytes in pieces of any size."""

    def __init__(self, chance, raw):
        self._chance = chance
        self._raw = raw

    async def read(self, count):
        count = min(count, 1 + self._chance.below(300))
        piece, self._raw = self._raw[:count], self._raw[count:]
        return piece


HEADS = (
    b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n", b"Retry-After: 7\r\n", b"Retry-After: 99999999999\r\n", b"Age: 1\r\n",
    b"Connection: close\r\n", b"Connection: keep-alive\r\n", b"Server: x\r\n", b"X: \xff\r\n", b"Content-Length: 9\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Date: x\r\n",
)  # fmt: skip
USUAL = bytearray(http.USUAL_BYTES)


def try_http(chance):
    body = chance.octets(chance.below(300)) if chance.below(30) else bytes(chance.below(40_000))
    head = b"HTTP/1.1 " + chance.of((b"200 OK", b"503 No", b"404 None", b"204 Empty", b"101 x")) + b"\r\n"
    for _ in range(chance.below(4)):
        head += chance.of(HEADS)
    if chance.below(2):
        raw = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    else:
        raw = head + b"Transfer-Encoding: chunked\r\n\r\n"
        while body:
            size = 1 + chance.below(min(len(body), 9_000))
            raw += b"%x\r\n" % size + body[:size] + b"\r\n"
            body = body[size:]
        raw += b"0\r\n\r\n"
    if chance.below(2):
        raw = spoiled(chance, raw)
    reading = http.read_answer(http.Peer(Pieces(chance, raw)), USUAL)
    try:
        reading.send(None)
    except StopIteration as done:
        answer = done.value[0]
        assert (
            200 <= answer.status <= 999
            and 0 <= answer.pause_s <= 3_600
            and answer.length <= parsing.MOST_BYTES
        )
        assert len(answer.octets()) == answer.length


ASKED = dns.question("relayer.example", b"\x12\x34")


def try_dns(chance):
    def name():
        return chance.of(
            (
                b"\xc0\x0c",
                b"\x07relayer\x07example\x00",
                b"\x05other\x00",
                b"\xc0\x14",
                b"\xc0\x30",
                b"\x01a\xc0\x0c",
            )
        )

    records = b""
    count = chance.below(5)
    for _ in range(count):
        value = chance.of((b"\x0a\x00\x00\x07", name(), chance.octets(chance.below(6))))
        kind = chance.of((b"\x00\x01", b"\x00\x05", b"\x00\x1c"))
        records += name() + kind + b"\x00\x01" + chance.octets(4) + len(value).to_bytes(2, "big") + value
    raw = b"\x12\x34\x81\x80\x00\x01" + count.to_bytes(2, "big") + bytes(4) + ASKED[12:] + records
    raw = spoiled(chance, raw) if chance.below(2) else raw
    if dns.repeats(raw, ASKED):
        addresses, life_s = dns.answer(raw, len(ASKED))
        assert 60 <= life_s <= 86_400 and 1 <= len(addresses) <= 4
        assert all(dns.is_address(address) for address in addresses)


NONCE = b"\x01\x02\x03\x04\x05\x06\x07\x08"


def try_sntp(chance):
    raw = (
        bytes([0x24, 1 + chance.below(15), 6, 0xEC])
        + b"\x00\x00\x01\x00" * 2
        + b"GPS\x00"
        + chance.octets(8)
        + NONCE
    )
    stamp = (3_900_000_000 + chance.below(1_000)).to_bytes(4, "big") + chance.octets(4)
    raw += stamp + stamp
    raw = spoiled(chance, raw) if chance.below(2) else raw
    if sntp.repeats(raw, NONCE):
        low_us, high_us = sntp.bound(raw, chance.of((0, 40_000, -5, 1 << 40)), 1_750_000_000)
        assert 1_740_000_000 < low_us // 1_000_000 <= high_us // 1_000_000 < 1_750_000_000 + (1 << 32) + 9
        assert high_us - low_us < 9_000_000


FOLDER = "."


def try_file(chance):
    kept = [
        [[chance.of((7, 8)), 1_800_000_000, 96, 900, 96, 10], "cd" * 32, chance.below(2) == 1, "http://one"]
    ]
    if chance.below(3) == 0:
        kept[0][chance.below(4)] = chance.of(ODD)
    elif chance.below(3) == 0:
        kept[0][0][chance.below(6)] = chance.of(ODD)
    raw = json.dumps(kept).encode()
    raw = spoiled(chance, raw) if chance.below(2) else raw
    with open(FOLDER + "/" + agreements.FILE, "wb") as file:
        file.write(raw)
    for one in agreements.Agreements(FOLDER).all:
        assert one.id and 1 <= one.slots <= 672 and one.interval_s and one.unit_wh and len(one.terms) == 16


KNOWN = [None]
HEADERS = {b"\x01" * 32: (96, 900, 96, 10), b"\x02" * 32: (1, 60, 65_535, 1)}


def try_learning(chance):
    """Let random sources tell random things to one object that lives on; what it holds stays bounded."""
    if KNOWN[0] is None or chance.below(200) == 0:
        KNOWN[0] = agreements.Agreements("/nowhere")
    known = KNOWN[0]
    listed = []
    for _ in range(chance.below(sources.MOST_TOLD + 1)):
        told = sources.Told()
        told.id, told.start_s = 1 + chance.below(30), 1_800_000_000 + 900 * chance.below(3)
        told.code_hash, told.account = chance.of((b"\x01" * 32, b"\x02" * 32, b"\x03" * 32)), bytes(20)
        told.next_latest, told.next_final, told.end = [chance.below(65_536) for _ in range(3)]
        told.next_outage, told.bounds_from = chance.below(9), chance.below(200)
        told.outage_open, told.cancelled = chance.below(2) == 1, chance.below(9) == 0
        told.least = told.most = array("H", bytes(2 * chance.below(5)))
        listed.append(told)
    who = chance.below(6)
    now_us = chance.below(1 << 45)
    known.learn(
        f"http://{who}",
        ("operator", "consumer", "other")[who % 3],
        listed,
        HEADERS,
        now_us,
        chance.of((0, 1 << 31)),
    )
    assert len([one for one in known.all if not one.pinned]) <= 6 * agreements.MOST_OF_A_SOURCE
    assert len(known.contradictions) <= 8
    pinned = [one.id for one in known.all if one.pinned]
    assert len(pinned) == len(set(pinned)) and not any(
        one.id in pinned for one in known.all if not one.pinned
    )
    for one in known.all:
        one.bounds(chance.below(200), 0)
        assert 0 <= one.next_final <= one.next_latest <= one.intervals and one.end <= one.intervals
    known.at(1_800_000_000 + chance.below(10**6))


AGREED = b"\x01" * 32


class Agreed:
    """As much of an agreement as its passes need: slots of an hour, two a pass."""

    code_hash, opened, pinned = AGREED, b"\0\1\0\1\0\2\0\2", True
    start_s, interval_s, slots = 1_800_000_000, 3_600, 2


class Hand:
    """A source, as far as it matters who runs it."""

    def __init__(self, by):
        self.by = by


HANDS = [Hand(by) for by in ("operator", "consumer", "other")]
PASSES = [Passes(Agreed, None)]


def try_passes(chance):
    """Let random sources tell of the passes of one agreement; what it holds stays bounded, and no source is enough."""
    if chance.below(200) == 0:
        PASSES[0] = Passes(Agreed, None)
    passes = PASSES[0]
    told = {"place": 0, "account": "0x" + "ab" * 20, "code_hash": "0x" + chance.of(("01", "02", "03")) * 32}
    if chance.below(3) == 0:
        told[chance.of(sorted(told))] = chance.of(ODD)
    account, code_hash = bands.schedule(chance.of((told, told, told, told, chance.of(ODD))))
    raw = bytes(12) + account + code_hash
    assert contract.schedule(raw) == (account, code_hash)
    who, pass_ = chance.below(6), chance.below(9)
    passes.tell(
        pass_, f"http://{who}", Said(HANDS[who % 3], code_hash, chance.below(1 << 45), chance.below(2) == 1)
    )
    if chance.below(3) == 0:
        passes.open(pass_, b"\x02" * 32, bytes(8))
    held = [said for (number, _), said in passes._said.items() if number == pass_]
    settled = passes.settled(pass_)
    assert (
        not settled
        or len({said.source.by for said in held if said.code_hash == settled and said.is_over}) > 1
    )
    assert len({number for number, _ in passes._said}) <= MOST_PASSES >= len(passes._order)
    bounds = passes.bounds(2 * pass_ + 1, chance.below(1 << 45))
    assert bounds in (None, (1, 2, True), (1, 2, False), (0, 0, True), (0, 0, False))
    assert bounds is None or not bounds[2] or len({said.source.by for said in held}) > 1
    for late_s in (0, PATIENCE_S):
        judged = passes.terms(2 * pass_, f"http://{who}", passes.over_s(pass_) + late_s)
        assert judged in (b"", AGREED, b"\x02" * 32) and (late_s or judged in (b"", settled))


KINDS = (
    try_json, try_states, try_results, try_terms, try_http, try_dns, try_sntp, try_file, try_learning, try_passes,
)  # fmt: skip
NAMES = ("json", "states", "results", "terms", "http", "dns", "sntp", "file", "learning", "passes")
FAST = hasattr(time, "ticks_us")


def now_us():
    return time.ticks_us() if FAST else time.perf_counter_ns() // 1000


def main(seed, count):
    taken = [0] * len(KINDS)
    longest_us = [0] * len(KINDS)
    for i in range(count):
        kind = i % len(KINDS)
        chance = Chance(seed + i)
        if i % 900 == 0:
            gc.collect()
        began_us = now_us()
        try:
            KINDS[kind](chance)
            taken[kind] += 1
        except SourceError as error:
            str(error).encode()
        except ValueError:
            if NAMES[kind] not in ("dns", "sntp"):
                print("FAILED", NAMES[kind], "seed", seed + i)
                raise
        except BaseException:
            print("FAILED", NAMES[kind], "seed", seed + i)
            raise
        longest_us[kind] = max(longest_us[kind], now_us() - began_us)
    tried = [(count + len(KINDS) - 1 - kind) // len(KINDS) for kind in range(len(KINDS))]
    told = {}
    for k in range(len(KINDS)):
        told[NAMES[k]] = {"inputs": tried[k], "taken": taken[k], "longest_ms": longest_us[k] // 1000}
    print(json.dumps(told))


FOLDER = sys.argv[3]
main(int(sys.argv[1]), int(sys.argv[2]))
