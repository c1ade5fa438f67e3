# SPDX-License-Identifier: Apache-2.0
"""Shake hands over TLS in pieces, and let the meter measure between them.

Mbed TLS goes on with a handshake while there is something to read, in one call of C; nothing is sampled meanwhile. Here
it reads from a stream that begins one record a call and then has nothing, as a network that is slow: so each call
works on one message, where the server gives each a record of its own (OpenSSL does). Messages that share a record
can't be told apart from here, and are one piece.

TLS 1.2 with keys on P-256 makes three long pieces, a third each: the certificate, the server's signature, the common
secret. What each takes on a chip is in tests/bench/coverage.py.
"""

import asyncio
import io
import select
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

REST = 15  # times as long as a piece took: a sixteenth of the time is the handshake's
MOST_REST_MS = 3_000  # three of them and a handshake of 5 s are over in time
WITHIN_MS = 20_000  # as a request
_LOOK_MS = 10  # for what the network brings

_HEADER = 5  # bytes
_CHANGE_CIPHER_SPEC, _HANDSHAKE, _APPLICATION_DATA = 20, 22, 23  # types: RFC 5246, 6.2.1
_POLL, _CLOSE = 3, 4  # MicroPython's py/stream.h: MP_STREAM_POLL, MP_STREAM_CLOSE
_EINVAL = 22


class Records(io.IOBase):
    """A non-blocking socket that begins one record a turn, until the handshake is over; then it is all the socket's."""

    def __init__(self, connection: "Any") -> None:
        self._socket = connection
        self._events = select.POLLIN
        self._poll = select.poll()
        self._poll.register(connection, self._events)
        self._head = bytearray(_HEADER)  # of the record that has begun: its type, its version, its length
        self._has = self._lacks = 0  # bytes of that, and of what follows it
        self._before = 0  # type of the record before
        self.may_begin = True
        self.over = False

    def readinto(self, raw: bytearray) -> "int | None":
        if not (self.over or self._has or self._lacks):  # a record begins
            if self._before == _CHANGE_CIPHER_SPEC and self._head[0] == _HANDSHAKE:
                self.over = True  # that was the server's last word in TLS 1.2
                return None
            if not self.may_begin:
                return None
        try:
            count: "int | None" = self._socket.readinto(raw)
        except OSError as error:  # none may pass through Mbed TLS
            return -(error.errno or _EINVAL)
        if count and not self.over:
            self._follow(raw, count)
        return count

    def _follow(self, raw: bytearray, count: int) -> None:
        """Know where the next record begins; Mbed TLS asks for a head, then for as much as that says."""
        if self._lacks:
            self._lacks -= count
        else:
            if not self._has:
                self._before = self._head[0]
            for k in range(count):
                self._head[self._has + k] = raw[k]
            self._has += count
            if self._has == _HEADER:
                self._has, self._lacks = 0, self._head[3] << 8 | self._head[4]
        if not (self._has or self._lacks):
            self.may_begin = False

    def write(self, raw: bytearray) -> "int | None":
        if raw[0] == _APPLICATION_DATA:
            self.over = True  # so TLS 1.3 wraps our last word, and every version what follows
        try:
            count: "int | None" = self._socket.write(raw)
        except OSError as error:
            return -(error.errno or _EINVAL)
        return count

    def ioctl(self, request: int, argument: int) -> int:
        if request == _POLL:
            if argument != self._events:
                self._events = argument
                self._poll.modify(self._socket, argument)
            ready = 0
            for one in self._poll.ipoll(0):
                ready = one[1]
            return ready
        if request == _CLOSE:
            self._socket.close()
            return 0
        return -_EINVAL


async def shake_hands(
    context: "Any", connection: "Any", server_hostname: str, within_ms: int = WITHIN_MS
) -> "Any":
    """Return the connection, a socket that does not block, with TLS around it once the server has proved its name.

    Raises OSError, also if that is not so in time, and closes it then.
    """
    records = Records(connection)
    tls: "Any" = records
    try:
        tls = context.wrap_socket(records, server_hostname=server_hostname, do_handshake_on_connect=False)
        await _go_through(tls, records, within_ms)
    except BaseException as error:  # a caller that does not wait any longer, too
        tls.close()
        connection.close()  # Mbed TLS closes nothing once it has refused a handshake
        if isinstance(error, ValueError):
            raise OSError(f"{error}")  # in Mbed TLS' words: what is wrong with the certificate
        raise
    return tls


async def _go_through(tls: "Any", records: Records, within_ms: int) -> None:
    nothing = bytearray(1)
    since_ms = time.ticks_ms()
    while not records.over:
        records.may_begin = True
        began_ms = time.ticks_ms()
        if time.ticks_diff(began_ms, since_ms) > within_ms:
            raise OSError("the TLS handshake takes too long")
        if tls.readinto(nothing) is not None:
            raise OSError("the peer closed the connection")
        took_ms = time.ticks_diff(time.ticks_ms(), began_ms)
        await asyncio.sleep_ms(min(MOST_REST_MS, max(_LOOK_MS, REST * took_ms)))
