# SPDX-License-Identifier: Apache-2.0
"""Open a TLS connection as the meter does, in MicroPython, and print as JSON how it went.

Arguments: the port, the name, the seconds that a connection is waited for, the milliseconds that a handshake may take.

In its folder lies ca.der. With a connection it sends 2,000 bytes and reads 20,000, or what comes before with them.
"""

import asyncio
import gc
import json
import sys
import time

from electro_meter import handshake, radio

PORT, NAME, WAIT_S, WITHIN_MS = int(sys.argv[1]), sys.argv[2], float(sys.argv[3]), int(sys.argv[4])
SENT, ANSWERED = 2_000, 20_000


class Station:
    """One that has joined."""

    def active(self, on=None):
        return True

    def isconnected(self):
        return True


RECORDS, SHAKE_HANDS = handshake.Records, handshake.shake_hands


class Watched(RECORDS):
    """Tells the types of records as they begin, and a 0 wherever Mbed TLS was given nothing: there it returns."""

    last = None

    def __init__(self, connection):
        super().__init__(connection)
        Watched.last = self
        self.connection = connection
        self.read = []

    def readinto(self, raw):
        begins = not (self.over or self._has or self._lacks)
        count = super().readinto(raw)
        if count is None:
            self.read.append(0)
        elif begins and count:
            self.read.append(raw[0])
        return count


def is_open(connection):
    try:
        connection.read(1)
    except OSError:
        return False
    return True


def garbage(function, *arguments):
    """Return the bytes that a call takes of the heap."""
    function(*arguments)
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    function(*arguments)
    took = gc.mem_alloc() - before
    gc.enable()
    return took


async def others(counted):
    while True:
        counted[0] += 1
        await asyncio.sleep_ms(1)


async def main():
    one = radio.Radio(Station(), "PLANT", "", print)
    told = {}
    counted = [0]
    task = asyncio.create_task(others(counted))
    began_ms = time.ticks_ms()
    try:
        reader, writer = await asyncio.wait_for(one.connect("127.0.0.1", PORT, NAME), WAIT_S)
    except (OSError, asyncio.TimeoutError) as error:  # noqa: UP041 - not the same in MicroPython
        told["error"] = repr(error)
        told["open"] = Watched.last is not None and is_open(Watched.last.connection)
    told["ms"] = time.ticks_diff(time.ticks_ms(), began_ms)
    told["others"] = counted[0]
    told["handshake"] = list(Watched.last.read) if Watched.last else []
    if "error" not in told:
        told["version"] = reader.s.cipher()[1]
        told["connected"] = True
        writer.write(b"x" * SENT)
        await writer.drain()
        read = 0
        piece = b"x"
        while piece and read < ANSWERED:
            piece = await reader.read(256)
            read += len(piece)
        told["read"] = read
        raw = bytearray(5)
        told["garbage"] = [
            garbage(Watched.last.ioctl, 3, 1),
            garbage(RECORDS.readinto, Watched.last, raw),
        ]
        writer.close()
        await writer.wait_closed()
    task.cancel()
    print(json.dumps(told))


handshake.Records = Watched
handshake.shake_hands = lambda context, connection, name: SHAKE_HANDS(context, connection, name, WITHIN_MS)
asyncio.run(main())
