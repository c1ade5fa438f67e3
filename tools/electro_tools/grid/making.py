# SPDX-License-Identifier: Apache-2.0
"""Make a simulated meter from its settings: the board with grid, load and chip, and on it the meter's own code."""

from electro_meter.life.app import Meter
from electro_meter.life.new_key import make_key
from electro_tools.grid.board import SimulatedBoard
from electro_tools.grid.converter import Converter
from electro_tools.grid.randomness import Randomness

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from electro_protocol.signed import SignedMessage
    from electro_tools.grid.settings import Settings


def board_of(
    settings: "Settings",
    kind: "type[SimulatedBoard]" = SimulatedBoard,
    start_s: "int | None" = None,
) -> SimulatedBoard:
    """Return a board of a kind that was switched on at start_s, by default when the settings say."""
    randomness = Randomness(settings.seed)
    converter = Converter(
        randomness, settings.mains_hz, settings.power_factor, settings.harmonics, settings.noise_lsb
    )
    return kind(
        settings.directory,
        settings.start_s if start_s is None else start_s,
        settings.load,
        converter,
        randomness,
        settings.nominal_v,
        settings.rated_a,
        settings.power_factor,
        settings.interruptions,
        settings.network_down,
        settings.private_key,
    )


def meter_on(
    board: SimulatedBoard, settings: "Settings", on_signed: "Callable[[SignedMessage], None] | None"
) -> Meter:
    """Return the meter on a board; without a key it makes one."""
    if board.load_key() is None:
        make_key(board, b"")
    return Meter(board, settings.meter, on_signed)
