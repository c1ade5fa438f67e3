# SPDX-License-Identifier: Apache-2.0
# Viper: its types are annotations, and some of its names only its compiler knows.
# mypy: ignore-errors
# ruff: noqa: ANN202, F821
"""What the fast path needs around the field's arithmetic, in viper for 32-bit words: look-up, bytes, wiping.

Numbers are 20 limbs of 13 bits in words, as in _field32.
"""

import micropython


@micropython.viper
def wipe(x: int, w: ptr32, n: int):
    """Clear n words from word x on."""
    while True:
        n -= 1
        w[x + n] = 0
        if n == 0:
            break


@micropython.viper
def exchange(x: int, w: ptr32, v: ptr32):
    """Exchange two rows of 60 words."""
    n = 60
    while True:
        n -= 1
        x = w[n]
        w[n] = v[n]
        v[n] = x
        if n == 0:
            break


@micropython.viper
def load(x: int, w: ptr32, k: ptr8, t: ptr8) -> int:
    """Read the point for one column of the comb into two slots at w; its y may be left negative.

    Return what multiple of G that point is, modulo 2^13 - 1, by the digits that chose it.

    x holds the column, and from bits 8 and 16 on the spacing and the teeth; k has the digits, least byte first,
    a bit each; t is the table: 16 halfwords a coordinate, each a limb and three bits of the last four limbs. Frozen
    it may begin anywhere, so it is read by the byte.
    """
    n = x >> 16
    s = (x >> 8) & 255
    e = 0
    x = (n - 1) * s + (x & 255)
    minus = 1 - ((k[x >> 3] >> (x & 7)) & 1)
    sign = 1 - minus - minus
    multiple = sign
    turn = s
    while True:
        if turn < 13:
            break
        turn -= 13
    while True:
        n -= 1
        if n == 0:
            break
        x = x - s
        u = ((k[x >> 3] >> (x & 7)) & 1) ^ minus
        e = e + e + u
        multiple = (multiple << turn) + (u + u - 1) * sign
        multiple = (multiple >> 13) + (8191 & multiple)
    t = ptr8(int(t) + (e << 6))
    n = 4
    u = 0
    v = 0
    while True:
        v = u
        x = t[0] | t[1] << 8
        w[0] = 8191 & x
        u = x >> 13
        x = t[2] | t[3] << 8
        w[1] = 8191 & x
        u = ((x >> 13) << 3) + u
        x = t[4] | t[5] << 8
        w[2] = 8191 & x
        u = ((x >> 13) << 6) + u
        x = t[6] | t[7] << 8
        w[3] = 8191 & x
        u = ((x >> 13) << 9) + u
        x = t[8] | t[9] << 8
        w[4] = 8191 & x
        u = ((x >> 13) << 12) + u
        x = t[10] | t[11] << 8
        w[5] = 8191 & x
        u = ((x >> 13) << 15) + u
        x = t[12] | t[13] << 8
        w[6] = 8191 & x
        u = ((x >> 13) << 18) + u
        x = t[14] | t[15] << 8
        w[7] = 8191 & x
        u = ((x >> 13) << 21) + u
        t = ptr8(int(t) + 16)
        w = ptr32(int(w) + 32)
        n -= 1
        if n & 1 == 0:
            # both halves of a coordinate are read: 48 bits in v, u are its limbs 16 to 19
            w[0] = 8191 & v
            w[1] = (v >> 13) + ((u & 3) << 11)
            w[2] = 8191 & (u >> 2)
            w[3] = u >> 15
            w = ptr32(int(w) + 16)
            if n == 0:
                break
    if minus:
        w = ptr32(int(w) - 80)
        n = 20
        while True:
            n -= 1
            w[n] = 0 - w[n]
            if n == 0:
                break
    return multiple


@micropython.viper
def unpack(x: int, w: ptr32, b: ptr8):
    """Write 33 bytes, least first, the last one zero, as limbs to the slot at byte x of w."""
    w = ptr32(int(w) + x)
    n = 0
    q = b
    while True:
        # limb i begins at bit 13·i, within the byte 13·i / 8, and ends two bytes further at the most
        q = ptr8(int(b) + (n >> 3))
        x = q[0] | q[1] << 8 | q[2] << 16
        w[0] = 8191 & (x >> (n & 7))
        w = ptr32(int(w) + 4)
        n += 13
        if n == 260:
            break


@micropython.viper
def pack(x: int, w: ptr32, b: ptr8):
    """Write the number in the slot at byte x of w, within ±2^263, to 33 bytes, least first, two's complement."""
    w = ptr32(int(w) + x)
    x = 0
    word = 0
    bits = 0
    i = 0
    n = 0
    while True:
        if bits < 8:
            if i < 20:
                x = x + w[i]
            word = word | ((8191 & x) << bits)
            x = x >> 13
            bits += 13
            i += 1
        else:
            b[n] = word
            word = word >> 8
            bits -= 8
            n += 1
            if n == 33:
                break
