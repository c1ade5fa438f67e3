# SPDX-License-Identifier: Apache-2.0
"""Brokers that lie, stall, cut and flood: the meter leaves them, and waits longer each time until one has lasted."""

import asyncio
import unittest

from things import Thing

from electro_meter.life import mqtt
from electro_meter.world import Board

EVERY_S = 60
STATE = b'{"import_wh": 7}'
CONNACK, PUBACK = b"\x20\x02\x00\x00", b"\x40\x02\x00\x01"


class DoneError(Exception):
    """The test has seen enough."""


class _Broker:
    """One connection: says some bytes, then stalls, or ends if `ends`; `takes`: publications until it resets."""

    def __init__(self, says=b"", ends=True, takes=1 << 30, reads=True):
        self.says = says
        self.heard = b""
        self.closed = False
        self._ends = ends
        self._takes = takes
        self._reads = reads

    async def readexactly(self, count):
        if len(self.says) < count:
            if not self._ends:
                await asyncio.sleep(1_000)
            raise EOFError
        said, self.says = self.says[:count], self.says[count:]
        return said

    def write(self, octets):
        self.heard += octets
        if STATE in octets:
            self._takes -= 1
            if self._takes < 0:
                raise OSError("reset")

    async def drain(self):
        if not self._reads:
            await asyncio.sleep(1_000)

    def close(self):
        pass

    async def wait_closed(self):
        self.closed = True
        if not self._reads:
            raise OSError("gone")


class _Board(Board):
    def __init__(self, brokers):
        self.brokers = brokers
        self.met = []
        self.pauses_ms = []
        self.logged = []
        self.now_us = 0
        self.states = 1 << 30

    def uptime_us(self):
        return self.now_us

    async def connect(self, address, port, server_hostname):
        if len(self.met) == len(self.brokers):
            self.brokers.append(OSError("no route"))
        one = self.brokers[len(self.met)]
        self.met.append(one)
        if isinstance(one, Exception):
            raise one
        return one, one

    async def sleep_ms(self, ms):
        self.now_us += ms * 1000
        if ms == EVERY_S * 1000:
            return
        self.pauses_ms.append(ms)
        if len(self.met) >= len(self.brokers):
            raise DoneError

    def log(self, sentence):
        self.logged.append(sentence)


class _Resolver:
    async def resolve(self, name):
        return "192.0.2.7"


class Brokers(unittest.TestCase):
    def setUp(self):
        if not hasattr(asyncio, "run"):
            raise unittest.SkipTest("the WebAssembly build has no event loop of its own")
        kept = mqtt._ANSWER_S, mqtt.state
        mqtt._ANSWER_S = 0.05
        mqtt.state = lambda meter: {"import_wh": 7}

        def restore():
            mqtt._ANSWER_S, mqtt.state = kept

        self.addCleanup(restore)

    def meet(self, *brokers):
        """Publish to one broker after the other; return the board that did."""
        board = _Board(list(brokers))
        meter = Thing(signer=Thing(address=b"\x12" * 20), uplink=Thing(resolver=_Resolver))
        with self.assertRaises(DoneError):
            asyncio.run(mqtt.publish(board, meter, Thing(mqtt="mqtt://broker", mqtt_every_s=EVERY_S)))
        self.assertTrue(all(one.closed for one in brokers if isinstance(one, _Broker)))
        return board

    def test_what_is_no_broker_is_left_and_the_pause_grows(self):
        bad = [
            _Broker(b""), _Broker(b"", ends=False), _Broker(b"HTTP/1.1 400 Bad Request\r\n"), _Broker(CONNACK[:3]),
            _Broker(b"\x20\x02\x00\x05"), _Broker(b"\x20\x00"), _Broker(b"\x20\x7f" + b"x" * 127),
            _Broker(b"\x20\xff\xff\xff\x7f"), _Broker(b"\x30\x80\x80\x80\x80\x80"), _Broker(bytes(4)),
            _Broker(CONNACK + PUBACK[:3]), _Broker(CONNACK + b"\x40\x02\x00\x02"), _Broker(CONNACK, ends=False),
            _Broker(CONNACK + b"\x31\x7f" + b"\xff" * 127), _Broker(CONNACK, reads=False), OSError("refused"),
        ]  # fmt: skip
        board = self.meet(*bad)
        self.assertEqual(len(board.met), len(bad))
        self.assertEqual(board.pauses_ms[:4], [5_000, 10_000, 20_000, 40_000])
        self.assertEqual(board.pauses_ms[7:], [300_000] * (len(bad) - 7))
        self.assertEqual(len(board.logged), len(bad))
        self.assertFalse(any(STATE in one.heard for one in bad if isinstance(one, _Broker)))

    def test_one_that_takes_all_and_throws_out_is_met_ever_less(self):
        board = self.meet(*[_Broker(CONNACK + PUBACK, takes=1) for _ in range(9)])
        self.assertEqual(
            board.pauses_ms, [5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000, 300_000]
        )

    def test_after_a_session_that_lasted_the_pause_is_short_again(self):
        board = self.meet(_Broker(), _Broker(), _Broker(CONNACK + PUBACK, takes=9), _Broker())
        self.assertEqual(board.pauses_ms, [5_000, 10_000, 5_000, 10_000])

    def test_what_a_broker_says_unasked_is_never_read(self):
        flood = b"\x31\xff\xff\xff\x7f" + b"#" * 9_000
        broker = _Broker(CONNACK + PUBACK + flood, takes=3)
        self.meet(broker)
        self.assertEqual(broker.says, flood)
        self.assertEqual(broker.heard.count(STATE), 4)


if __name__ == "__main__":
    unittest.main()
