# SPDX-License-Identifier: Apache-2.0
"""Answer a person at the serial line while the meter measures: a line "electro WORD …" in, a line of JSON out.

An answer begins with the byte 30 and ends with a newline (RFC 7464), so that it is told from what the meter says of
itself on the same line. Nothing that is asked here changes anything but the LED; what answers is imported then.
"""

import json

from ..heap import forget_modules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..world import Board
    from .app import Meter

RECORD = "\x1e"
_MOST_CHARACTERS = 80
_ANSWERERS = ("electro_meter.life.answers", "electro_meter.life.status")


async def listen(board: "Board", meter: "Meter") -> None:
    """Answer for ever."""
    line = ""
    while True:
        character = await board.heard()
        if character not in ("\n", "\r"):
            line = (line + character)[:_MOST_CHARACTERS]
            continue
        words = line.split()
        line = ""
        if len(words) > 1 and words[0] == "electro":
            from .answers import answer

            try:
                said = json.dumps(answer(board, meter, words[1:]))
            except Exception as error:  # noqa: BLE001 - whatever the radio or the flash has: whoever asks is told
                said = json.dumps({"error": f"the meter can't tell: {str(error) or type(error).__name__}"})
            board.log(RECORD + said)
            forget()


def forget() -> None:
    """Let go of what answers, until somebody asks again."""
    forget_modules(_ANSWERERS)
