# SPDX-License-Identifier: Apache-2.0
"""Make a meter so that little stays in memory: large arrays first, and nothing kept that is needed once."""

from ..heap import START_BYTES, collect_as, collect_every, forget_modules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..world import Board
    from .app import Meter
    from .settings import Settings

# What only reads the configuration, or makes tables of it: 15 KB.
_ONCE = (
    "electro_meter.sensing.calibration",
    "electro_meter.life.config",
    "electro_meter.sensing.linearisation",
    "electro_meter.life.migrations",
    "electro_meter.account.opening",
    "electro_meter.uplink.remembered",
    "electro_protocol.untrusted",
    "electro_protocol.eip712",
    "electro_protocol.address",
    "electro_meter.uplink.sources",
    "electro_meter.uplink.parsing",
)


def begin(configure: "Callable[[], tuple[Board, Settings]]") -> "tuple[Board, Meter]":
    """Return the board and its meter; configure imports the above inside, and gives bare settings.

    Raises SetupError.
    """
    before = collect_every(START_BYTES)
    board, settings = configure()
    forget_modules(_ONCE, True)
    from ..sensing.phases import Phases

    phases = Phases(board, settings)
    settings.linearisation = []  # the table is made
    forget_modules(_ONCE, True)
    from .app import Meter

    meter = Meter(board, settings, phases=phases)
    forget_modules(_ONCE, True)
    collect_as(before)
    return board, meter
