# SPDX-License-Identifier: Apache-2.0
"""Read the head of an HTTP answer that anyone may have sent: status, how its body comes, date, and pause asked for."""

from .errors import SourceError, UnreachableError
from .parsing import MOST_BYTES, are_digits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .http import Answer, Peer

MOST_LINES = 64  # of a head, and of what may follow a chunked body
MOST_PAUSE_S = 3_600  # whoever asks for more is asked again in an hour all the same
_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"


async def read_head(peer: "Peer", answer: "Answer") -> "tuple[bool, int, bool]":
    """Read the head into an answer; return whether the connection is kept, how long the body is, if it is in chunks."""
    words = (await peer.line()).split(None, 2)
    if len(words) < 2 or words[0] not in (b"HTTP/1.1", b"HTTP/1.0"):
        raise UnreachableError("the peer does not speak HTTP")
    answer.status = _status(words[1])
    keep = words[0] == b"HTTP/1.1"
    length = -1
    chunked = aged = False
    for _ in range(MOST_LINES):
        line = await peer.line()
        if not line:
            break
        name, value = _header(line)
        if name == "content-length":
            if not are_digits(value, 9) or int(value) > MOST_BYTES or length not in (-1, int(value)):
                raise SourceError(f"the answer is longer than {MOST_BYTES} bytes, or nobody knows how long")
            length = int(value)
        elif name == "transfer-encoding":
            if value.lower() != "chunked":
                raise SourceError("the answer comes in an encoding that the meter does not know")
            chunked = True
        elif name == "content-encoding" and value.lower() != "identity":
            raise SourceError("the answer is compressed")
        elif name == "retry-after":
            answer.pause_s = pause_s(value)
        elif name == "date":
            answer.date_s = date_s(value)
        elif name == "age":
            aged = True
        elif name == "connection" and value.lower() == "close":
            keep = False
    else:
        raise SourceError(f"the answer's head has more than {MOST_LINES} lines")
    if aged:
        answer.date_s = 0  # somebody kept the answer for later: its date says when it was made
    return keep, length, chunked


def _status(word: bytes) -> int:
    if len(word) != 3 or not all(48 <= c <= 57 for c in word) or word[0] < 50:
        # whoever asks to go on (1xx) was not asked for that
        raise SourceError("the answer has no status")
    return int(word)


def _header(line: bytes) -> "tuple[str, str]":
    """Return name, in small letters, and value; what is no ASCII becomes question marks."""
    name, _, value = line.partition(b":")
    if max(line) > 126:
        value = bytes([c if c < 127 else 63 for c in value])
        name = b"?"
    return name.strip().lower().decode(), value.strip().decode()


def pause_s(value: str) -> int:
    """Return the seconds of a Retry-After, an hour at most; a date there counts as a minute."""
    if not are_digits(value, 20):
        return 60
    return min(int(value), MOST_PAUSE_S)


def date_s(value: str) -> int:
    """Return the unix time of an HTTP date, "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7), 0 if it is none."""
    if len(value) != 29 or value[3:5] != ", " or value[25:] != " GMT" or value[19] != ":" or value[22] != ":":
        return 0
    month = _MONTHS.find(value[8:11])
    numbers = value[5:7] + value[12:16] + value[17:19] + value[20:22] + value[23:25]
    if month < 0 or month % 3 or not are_digits(numbers, 12):
        return 0
    day, year = int(value[5:7]), int(value[12:16])
    hour, minute, second = int(value[17:19]), int(value[20:22]), int(value[23:25])
    month = month // 3 + 1
    if not 1 <= day <= 31 or not 1970 <= year <= 2399 or hour > 23 or minute > 59 or second > 60:
        return 0
    # days since 1 March of year 0, where leap days come last (Hinnant, "chrono-compatible low-level date algorithms")
    if month < 3:
        year -= 1
        month += 12
    days = 365 * year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5 + day - 719_469
    return ((days * 24 + hour) * 60 + minute) * 60 + second
