# SPDX-License-Identifier: Apache-2.0
# Viper: its types are annotations, and some of its names only its compiler knows.
# mypy: ignore-errors
# ruff: noqa: F821, PLR1730, SIM108
"""Inverses modulo a prime of 256 bits, in viper for 32-bit words.

Numbers are 20 limbs of 13 bits in words, as in _field32.
"""

import micropython


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
