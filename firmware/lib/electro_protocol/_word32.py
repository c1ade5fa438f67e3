# SPDX-License-Identifier: Apache-2.0
# Viper: its types are annotations, and some of its names only its compiler knows.
# mypy: ignore-errors
# ruff: noqa: ANN202, F821, PLR1730, SIM108
"""What the fast path needs around the field's arithmetic, in viper for 32-bit words: look-up, bytes, inversion.

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
def load(x: int, w: ptr32, k: ptr8, t: ptr16) -> int:
    """Read the point for one column of the comb into two slots at w; its y may be left negative.

    Return what multiple of G that point is, modulo 2^13 - 1, by the digits that chose it.

    x holds the column, and from bits 8 and 16 on the spacing and the teeth; k has the digits, least byte first,
    a bit each; t is the table: 16 halfwords a coordinate, each a limb and three bits of the last four limbs.
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
    t = ptr16(int(t) + (e << 6))
    n = 4
    u = 0
    v = 0
    while True:
        v = u
        x = t[0]
        w[0] = 8191 & x
        u = x >> 13
        x = t[1]
        w[1] = 8191 & x
        u = ((x >> 13) << 3) + u
        x = t[2]
        w[2] = 8191 & x
        u = ((x >> 13) << 6) + u
        x = t[3]
        w[3] = 8191 & x
        u = ((x >> 13) << 9) + u
        x = t[4]
        w[4] = 8191 & x
        u = ((x >> 13) << 12) + u
        x = t[5]
        w[5] = 8191 & x
        u = ((x >> 13) << 15) + u
        x = t[6]
        w[6] = 8191 & x
        u = ((x >> 13) << 18) + u
        x = t[7]
        w[7] = 8191 & x
        u = ((x >> 13) << 21) + u
        t = ptr16(int(t) + 16)
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
    """Write 32 bytes, least first, as limbs to the slot at byte x of w."""
    w = ptr32(int(w) + x)
    x = 0
    bits = 0
    i = 0
    n = 0
    while True:
        if bits < 13:
            if n < 32:
                x = x + (b[n] << bits)
                n += 1
            bits += 8
        else:
            w[i] = 8191 & x
            x = x >> 13
            bits -= 13
            i += 1
            if i == 20:
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


@micropython.viper
def invert(x: int, w: ptr32, m: ptr32) -> int:
    """Put 1/(slot 1) modulo m, a prime of 20 limbs, into slot 2 of w, within ±m; slots 0 to 3 are used.

    Return 1; or 0, once in twenty times, if one step takes more than the leading bits: try a multiple then.
    It branches on the bits of the number: give it one blinded by a random factor.

    Lehmer's gcd: as long as the leading 27 bits of both numbers decide the quotients, Euclid's steps are done on
    these alone, and then at once on the numbers (f, g) and on (t, u), for which f = t·number and g = u·number
    modulo m. Collins' condition tells whether they decide. f and g get shorter as t and u get longer.

    Source: Knuth, The Art of Computer Programming, volume 2, 4.5.2, algorithm L; Collins, "Lecture notes on
    arithmetic algorithms", 1980.
    """
    n = 20
    while True:
        n -= 1
        w[n] = m[n]
        w[40 + n] = 0
        w[60 + n] = 0
        if n == 0:
            break
    w[60] = 1
    limbs = 20
    q = w
    y = 0
    z = 0
    a = 0
    b = 0
    c = 0
    d = 0
    e = 0
    h = 0
    while True:
        if limbs < 3:
            n = 0
            x = w[0] + (w[1] << 13)
            y = w[20] + (w[21] << 13)
            if y == 0:
                return 1
        else:
            q = ptr32(int(w) + ((limbs - 3) << 2))
            x = q[2]
            n = 14
            while True:
                if x > 4095:
                    break
                x = x + x
                n += 1
            x = (q[2] << n) + (q[1] << (n - 13)) + (q[0] >> (26 - n))
            y = (q[22] << n) + (q[21] << (n - 13)) + (q[20] >> (26 - n))
        a = 1
        b = 0
        c = 0
        d = 1
        while True:
            if y == 0:
                break
            z = x // y
            if z > 16383:
                break
            x = x - z * y
            e = a - z * c
            h = b - z * d
            # h and d, of opposite signs, are the greater entries
            z = h
            if h < 0:
                z = 0 - h
            if z > 16383:
                break
            if n:
                if x < z:
                    break
                if d < 0:
                    z = z - d
                else:
                    z = z + d
                if y - x < z:
                    break
            a = c
            b = d
            c = e
            d = h
            z = x
            x = y
            y = z
        if b == 0:
            return 0
        q = w
        y = 0
        z = 0
        n = limbs
        while True:
            x = q[0]
            e = q[20]
            y = x * a + e * b + y
            q[0] = 8191 & y
            y = y >> 13
            z = x * c + e * d + z
            q[20] = 8191 & z
            z = z >> 13
            q = ptr32(int(q) + 4)
            n -= 1
            if n == 0:
                break
        while True:
            q = ptr32(int(q) - 4)
            if q[0] != 0 or limbs == 1:
                break
            limbs -= 1
        # t and u are at most m / f
        q = ptr32(int(w) + 160)
        y = 0
        z = 0
        n = 22 - limbs
        if n > 20:
            n = 20
        while True:
            x = q[0]
            e = q[20]
            y = x * a + e * b + y
            q[0] = 8191 & y
            y = y >> 13
            z = x * c + e * d + z
            q[20] = 8191 & z
            z = z >> 13
            q = ptr32(int(q) + 4)
            n -= 1
            if n == 0:
                break
        q = ptr32(int(q) - 4)
        q[0] = q[0] + (y << 13)
        q[20] = q[20] + (z << 13)
