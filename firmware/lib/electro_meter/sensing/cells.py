# SPDX-License-Identifier: Apache-2.0
"""Choose the loops over a run of samples: viper where the chip has it, plain Python elsewhere; both give the same."""

TYPE_CHECKING = False
if TYPE_CHECKING:  # the twins are alike, and only one of them has types
    from ._cells_plain import follow, squares, straighten, sum_cells
else:
    try:
        from ._cells32 import follow, squares, straighten, sum_cells
    except (
        ImportError,
        SyntaxError,
        ValueError,
    ):  # no viper, words of 64 bits, or .mpy files of another chip
        from ._cells_plain import follow, squares, straighten, sum_cells

__all__ = ("follow", "squares", "straighten", "sum_cells")
