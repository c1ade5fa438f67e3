# SPDX-License-Identifier: Apache-2.0
# Viper: its types are annotations, and some of its names only its compiler knows.
# mypy: ignore-errors
# ruff: noqa: ANN202, ARG001, F821
"""Keccak-f[1600] for 32-bit chips, written by electro_tools.generate; read that.

There is one state: one hash at a time.
"""

import sys

if sys.maxsize >> 31:
    raise ImportError("the words are not of 32 bits")

from array import array

import micropython
from uctypes import addressof

from ._word32 import wipe

_words = array("i", bytes(480))
_hash = memoryview(_words)[:8]
_CONSTANTS = (
    b"\x01\x00\x00\x00\x00\x00\x00\x00\x82\x80\x00\x00\x00\x00\x00\x00\x8a\x80\x00\x00\x00\x00\x00\x80"
    b"\x00\x80\x00\x80\x00\x00\x00\x80\x8b\x80\x00\x00\x00\x00\x00\x00\x01\x00\x00\x80\x00\x00\x00\x00"
    b"\x81\x80\x00\x80\x00\x00\x00\x80\x09\x80\x00\x00\x00\x00\x00\x80\x8a\x00\x00\x00\x00\x00\x00\x00"
    b"\x88\x00\x00\x00\x00\x00\x00\x00\x09\x80\x00\x80\x00\x00\x00\x00\x0a\x00\x00\x80\x00\x00\x00\x00"
    b"\x8b\x80\x00\x80\x00\x00\x00\x00\x8b\x00\x00\x00\x00\x00\x00\x80\x89\x80\x00\x00\x00\x00\x00\x80"
    b"\x03\x80\x00\x00\x00\x00\x00\x80\x02\x80\x00\x00\x00\x00\x00\x80\x80\x00\x00\x00\x00\x00\x00\x80"
    b"\x0a\x80\x00\x00\x00\x00\x00\x00\x0a\x00\x00\x80\x00\x00\x00\x80\x81\x80\x00\x80\x00\x00\x00\x80"
    b"\x80\x80\x00\x00\x00\x00\x00\x80\x01\x00\x00\x80\x00\x00\x00\x00\x08\x80\x00\x80\x00\x00\x00\x80"
)
if addressof(_CONSTANTS) & 3:  # frozen bytes may begin anywhere
    _CONSTANTS = bytearray(_CONSTANTS)


def start() -> "list[int]":
    """Return the state, cleared."""
    wipe(0, _words, 50)
    return _words


def absorb(state: "list[int]", data: "bytes | bytearray | memoryview", at: int) -> None:
    """Add 136 bytes of data, from byte `at`, to the state, and permute it."""
    _absorb(at, state, data, _CONSTANTS)


def squeeze(state: "list[int]") -> bytes:
    """Return the first 32 bytes of the state."""
    return bytes(_hash)


@micropython.viper
def _absorb(x: int, w: ptr32, d: ptr8, c: ptr32):
    d = ptr8(int(d) + x)
    n = 34
    while True:
        w[0] = w[0] ^ (d[0] | d[1] << 8 | d[2] << 16 | d[3] << 24)
        d = ptr8(int(d) + 4)
        w = ptr32(int(w) + 4)
        n -= 1
        if n == 0:
            break
    w = ptr32(int(w) - 136)
    u = 0
    n = 24
    while True:
        u = 10
        while True:
            w[100] = w[0] ^ w[10] ^ w[20] ^ w[30] ^ w[40]
            w = ptr32(int(w) + 4)
            u -= 1
            if u == 0:
                break
        w = ptr32(int(w) - 40)
        x = w[102]
        u = w[103]
        w[110] = (x << 1 | uint(u) >> 31) ^ w[108]
        w[111] = (u << 1 | uint(x) >> 31) ^ w[109]
        x = w[104]
        u = w[105]
        w[112] = (x << 1 | uint(u) >> 31) ^ w[100]
        w[113] = (u << 1 | uint(x) >> 31) ^ w[101]
        x = w[106]
        u = w[107]
        w[114] = (x << 1 | uint(u) >> 31) ^ w[102]
        w[115] = (u << 1 | uint(x) >> 31) ^ w[103]
        x = w[108]
        u = w[109]
        w[116] = (x << 1 | uint(u) >> 31) ^ w[104]
        w[117] = (u << 1 | uint(x) >> 31) ^ w[105]
        x = w[100]
        u = w[101]
        w[118] = (x << 1 | uint(u) >> 31) ^ w[106]
        w[119] = (u << 1 | uint(x) >> 31) ^ w[107]
        x = w[0] ^ w[110]
        u = w[1] ^ w[111]
        w[50] = x
        w[51] = u
        x = w[10] ^ w[110]
        u = w[11] ^ w[111]
        w[82] = u << 4 | uint(x) >> 28
        w[83] = x << 4 | uint(u) >> 28
        x = w[20] ^ w[110]
        u = w[21] ^ w[111]
        w[64] = x << 3 | uint(u) >> 29
        w[65] = u << 3 | uint(x) >> 29
        x = w[30] ^ w[110]
        u = w[31] ^ w[111]
        w[96] = u << 9 | uint(x) >> 23
        w[97] = x << 9 | uint(u) >> 23
        x = w[40] ^ w[110]
        u = w[41] ^ w[111]
        w[78] = x << 18 | uint(u) >> 14
        w[79] = u << 18 | uint(x) >> 14
        x = w[2] ^ w[112]
        u = w[3] ^ w[113]
        w[70] = x << 1 | uint(u) >> 31
        w[71] = u << 1 | uint(x) >> 31
        x = w[12] ^ w[112]
        u = w[13] ^ w[113]
        w[52] = u << 12 | uint(x) >> 20
        w[53] = x << 12 | uint(u) >> 20
        x = w[22] ^ w[112]
        u = w[23] ^ w[113]
        w[84] = x << 10 | uint(u) >> 22
        w[85] = u << 10 | uint(x) >> 22
        x = w[32] ^ w[112]
        u = w[33] ^ w[113]
        w[66] = u << 13 | uint(x) >> 19
        w[67] = x << 13 | uint(u) >> 19
        x = w[42] ^ w[112]
        u = w[43] ^ w[113]
        w[98] = x << 2 | uint(u) >> 30
        w[99] = u << 2 | uint(x) >> 30
        x = w[4] ^ w[114]
        u = w[5] ^ w[115]
        w[90] = u << 30 | uint(x) >> 2
        w[91] = x << 30 | uint(u) >> 2
        x = w[14] ^ w[114]
        u = w[15] ^ w[115]
        w[72] = x << 6 | uint(u) >> 26
        w[73] = u << 6 | uint(x) >> 26
        x = w[24] ^ w[114]
        u = w[25] ^ w[115]
        w[54] = u << 11 | uint(x) >> 21
        w[55] = x << 11 | uint(u) >> 21
        x = w[34] ^ w[114]
        u = w[35] ^ w[115]
        w[86] = x << 15 | uint(u) >> 17
        w[87] = u << 15 | uint(x) >> 17
        x = w[44] ^ w[114]
        u = w[45] ^ w[115]
        w[68] = u << 29 | uint(x) >> 3
        w[69] = x << 29 | uint(u) >> 3
        x = w[6] ^ w[116]
        u = w[7] ^ w[117]
        w[60] = x << 28 | uint(u) >> 4
        w[61] = u << 28 | uint(x) >> 4
        x = w[16] ^ w[116]
        u = w[17] ^ w[117]
        w[92] = u << 23 | uint(x) >> 9
        w[93] = x << 23 | uint(u) >> 9
        x = w[26] ^ w[116]
        u = w[27] ^ w[117]
        w[74] = x << 25 | uint(u) >> 7
        w[75] = u << 25 | uint(x) >> 7
        x = w[36] ^ w[116]
        u = w[37] ^ w[117]
        w[56] = x << 21 | uint(u) >> 11
        w[57] = u << 21 | uint(x) >> 11
        x = w[46] ^ w[116]
        u = w[47] ^ w[117]
        w[88] = u << 24 | uint(x) >> 8
        w[89] = x << 24 | uint(u) >> 8
        x = w[8] ^ w[118]
        u = w[9] ^ w[119]
        w[80] = x << 27 | uint(u) >> 5
        w[81] = u << 27 | uint(x) >> 5
        x = w[18] ^ w[118]
        u = w[19] ^ w[119]
        w[62] = x << 20 | uint(u) >> 12
        w[63] = u << 20 | uint(x) >> 12
        x = w[28] ^ w[118]
        u = w[29] ^ w[119]
        w[94] = u << 7 | uint(x) >> 25
        w[95] = x << 7 | uint(u) >> 25
        x = w[38] ^ w[118]
        u = w[39] ^ w[119]
        w[76] = x << 8 | uint(u) >> 24
        w[77] = u << 8 | uint(x) >> 24
        x = w[48] ^ w[118]
        u = w[49] ^ w[119]
        w[58] = x << 14 | uint(u) >> 18
        w[59] = u << 14 | uint(x) >> 18
        u = 5
        while True:
            w[0] = ((w[52] ^ -1) & w[54]) ^ w[50]
            w[1] = ((w[53] ^ -1) & w[55]) ^ w[51]
            w[2] = ((w[54] ^ -1) & w[56]) ^ w[52]
            w[3] = ((w[55] ^ -1) & w[57]) ^ w[53]
            w[4] = ((w[56] ^ -1) & w[58]) ^ w[54]
            w[5] = ((w[57] ^ -1) & w[59]) ^ w[55]
            w[6] = ((w[58] ^ -1) & w[50]) ^ w[56]
            w[7] = ((w[59] ^ -1) & w[51]) ^ w[57]
            w[8] = ((w[50] ^ -1) & w[52]) ^ w[58]
            w[9] = ((w[51] ^ -1) & w[53]) ^ w[59]
            w = ptr32(int(w) + 40)
            u -= 1
            if u == 0:
                break
        w = ptr32(int(w) - 200)
        w[0] = w[0] ^ c[0]
        w[1] = w[1] ^ c[1]
        c = ptr32(int(c) + 8)
        n -= 1
        if n == 0:
            break
