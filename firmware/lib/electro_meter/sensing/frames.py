# SPDX-License-Identifier: Apache-2.0
"""Name the words of the two frames in which the loops of `cells` keep what they know from run to run."""

# The frame of `follow`.
PIECES_TAKEN = 0  # the first sample not yet taken
PIECES_END = 1  # samples there are
PIECES_MIDDLE = 2  # the voltage at zero volts
PIECE_SUM = 3  # of the running piece: squares, in 16ths of a squared count
PIECE_COUNT = 4  # and samples
PIECE_LENGTH = 5  # in times
PIECE_EDGE = 6  # where the running piece ends
PIECES_DONE = 7  # so far; their ring has sixteen places
RING_SUM = 8  # of the ring
RING_COUNT = 9
CALM_LEAST = 10  # a mean square from here
CALM_MOST = 11  # to there, in squared counts, is not remarkable
CYCLE_MEAN = 12  # the mean square of the last cycle
CYCLE_END = 13  # and where it ended
LAST_EMPTY = 14  # the last piece without a sample
PIECE_SUMS = 15  # sixteen words: each piece's sum
PIECE_COUNTS = 31  # sixteen words: each piece's samples
PIECE_WORDS = 47

# The frame of `sum_cells`.
TAKEN = 0  # samples there are
LOOKED = 1  # the first sample not yet looked at
VOLTS_MIDDLE = 2  # the samples' values at zero volts
AMPS_MIDDLE = 3  # and zero amperes
DELAY = 4  # of the voltage that a current belongs to
LEVEL = 5  # a true negative half wave goes below it
QUARTER = 6  # by how much q is earlier than x, 6 ms at most
WANTED = 7  # cycles
CYCLES = 8  # that are there; -1: no crossing yet
ARMED = 9  # whether LEVEL was reached since the last crossing
EARLIEST = 10  # before this time it does not count
CROSSING = 11  # one that the cells have not reached yet; 0: none
AT = 12  # the voltage's sample before the last x
FIRST = 13  # the first crossing
LAST = 14  # and the last
ENDED = 15  # why the sums ended; 0: they go on
RUNNING = (
    16  # the running cycle: w, w·u, w·i, w·x, w·q; two words each (17 bits) of w·u·u, w·i·i, w·x·i, w·q·i
)
TOTAL_W = 29  # whole cycles: w
TOTAL_U = 30  # two words each (12 bits)
TOTAL_I = 32
TOTAL_X = 34
TOTAL_Q = 36
TOTAL_UU = 38  # three words each (12, 17 bits)
TOTAL_II = 41
TOTAL_XI = 44
TOTAL_QI = 47
AGO = 50  # the voltage's sample before the last q
CELL_WORDS = 51
