# SPDX-License-Identifier: Apache-2.0
"""Keep the calibration in the chip's own storage, apart from the settings: a set with its date and its hash.

| bytes | what |
|---|---|
| 0-31 | SHA-256 of what follows |
| 32- | JSON: {"date": unix seconds, and entries of the configuration by their names} |

What a set has wins over config.json. The set before is kept, so that a calibration can be undone; undone twice, it is
back. Before the first there is the empty one.
"""

import hashlib
import json

from ..world import Board, ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CURRENT = "calibration"
PREVIOUS = "calibration0"
MOST_BYTES = 4_000  # of a set: NVS has 20 KB for everything, and the board's buffer holds no more
_HASH_BYTES = 32
_NONE = b'{"date": 0}'


def read(board: Board, name: str = CURRENT) -> "tuple[str, dict[str, Any]]":
    """Return (hash, set with its date); the hash is empty if there is none.

    Raises ConfigError if the set is damaged: a meter must not measure with what it can't vouch for.
    """
    stored = board.load_blob(name)
    if stored is None:
        return "", {"date": 0}
    text = stored[_HASH_BYTES:]
    digest: bytes = hashlib.sha256(text).digest()
    if digest != stored[:_HASH_BYTES]:
        raise ConfigError("the calibration is damaged: run `electro device calibrate`, or its --undo")
    found: "dict[str, Any]" = json.loads(text)
    return "" if text == _NONE else digest.hex(), found


def entries(board: Board) -> "dict[str, Any]":
    """Return the entries that win over config.json's.

    Raises ConfigError.
    """
    _, found = read(board)
    found.pop("date")
    return found


def store(board: Board, text: str) -> str:
    """Keep a set that was checked, and the one it replaces as the previous one; return its hash.

    Raises ConfigError if it is no set, or too large.
    """
    content = text.encode()
    if len(content) > MOST_BYTES:
        raise ConfigError(f"a calibration must not exceed {MOST_BYTES} bytes")
    try:
        date = json.loads(text)["date"]
    except (ValueError, KeyError, TypeError):
        date = None
    if not isinstance(date, int):
        raise ConfigError("a calibration is a JSON object with its date")
    digest: bytes = hashlib.sha256(content).digest()
    # the previous one first: whatever moment the power fails at, the current one is whole
    board.store_blob(PREVIOUS, board.load_blob(CURRENT) or _whole(_NONE))
    board.store_blob(CURRENT, digest + content)
    return digest.hex()


def undo(board: Board) -> str:
    """Change the current set and the previous one with each other; return the hash of the one that is back.

    Raises ConfigError if there is no previous one, or it is damaged.
    """
    previous = board.load_blob(PREVIOUS)
    if previous is None:
        raise ConfigError("there is no previous calibration to go back to")
    was, _ = read(board, PREVIOUS)
    current = board.load_blob(CURRENT) or _whole(_NONE)
    board.store_blob(CURRENT, previous)
    board.store_blob(PREVIOUS, current)
    return was


def _whole(text: bytes) -> bytes:
    digest: bytes = hashlib.sha256(text).digest()
    return digest + text
