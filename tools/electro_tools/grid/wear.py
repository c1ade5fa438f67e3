# SPDX-License-Identifier: Apache-2.0
"""Compute how the journal wears the flash: littlefs 2 on an ESP32, as MicroPython formats it.

| what | value | source |
|---|---|---|
| block, erased as a whole | 4,096 bytes | SPI flash |
| an append | copies the file's last, unfinished block into a fresh one | littlefs DESIGN.md, CTZ skip-lists |
| its metadata | a commit of about 64 bytes into a pair of blocks, compacted when full | the same, Metadata pairs |
| fresh blocks that take turns | half of a 2 MB partition | partitions of ESP32_GENERIC, 4 MB |
| endurance | 100,000 erasures a block | usual for SPI NOR flash |

littlefs levels fresh blocks among all that are free. It moves a folder's metadata pair, too, after some compactions
(block_cycles, 100 in MicroPython); that is not counted, so the figure is on the safe side.
"""

BLOCK_BYTES = 4_096
COMMIT_BYTES = 64
FREE_BLOCKS = 256
ENDURANCE = 100_000


def erasures_a_year(records_a_day: int) -> int:
    """Return how often the block that wears most is erased in a year."""
    appends = records_a_day * 365
    data = -(-appends // FREE_BLOCKS)  # each append takes one fresh block
    metadata = -(-appends * COMMIT_BYTES // BLOCK_BYTES // 2)  # the two of a pair take turns
    return data + metadata


def years(records_a_day: int) -> int:
    """Return how long the flash lasts."""
    return ENDURANCE // erasures_a_year(records_a_day)
