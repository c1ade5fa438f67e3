# SPDX-License-Identifier: Apache-2.0
"""A clock that only the converter's reads move: a bench's minutes pass in a test's seconds."""

from utime import *  # noqa: F403  # the rest is as it was

_LOOP_US = 60  # what the loop around two reads takes
_STALL_US = 1_000
_STALL_EVERY_US = 53_000


class _Clock:
    us = 0
    stalled_us = 0


clock = _Clock()


def ticks_us():
    was = clock.us
    clock.us += _LOOP_US
    if clock.us - clock.stalled_us > _STALL_EVERY_US:  # the radio's interrupts
        clock.us += _STALL_US
        clock.stalled_us = clock.us
    return was


def ticks_diff(after, before):
    return after - before


def sleep(seconds):
    clock.us += int(seconds * 1_000_000)
