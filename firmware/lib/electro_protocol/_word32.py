# SPDX-License-Identifier: Apache-2.0
# Viper: its types are annotations, and some of its names only its compiler knows.
# mypy: ignore-errors
# ruff: noqa: ANN202, F821
"""What the fast path needs around the field's arithmetic, in viper for 32-bit words: look-up, bytes, inversion.

Numbers are 20 limbs of 13 bits in words, as in _field32.
"""

import micropython


@micropython.viper
def is_odd(b: ptr8) -> bool:
    """Tell whether the bytes begin at an odd address."""
    return bool(int(b) & 1)


@micropython.viper
def wipe(x: int, w: ptr32, n: int):
    """Clear n words from word x on."""
    while True:
        n -= 1
        w[x + n] = 0
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
def invert(x: int, w: ptr32, m: ptr32):
    """Put 1/(slot 1) modulo m, an odd prime of 20 limbs, into slot 2 of w, within ±2m; slots 0 to 4 are used.

    x is 1/m modulo 2^13. It branches on the bits of the number: give it one blinded by a random factor.

    Bernstein and Yang, "Fast constant-time gcd computation and modular inversion", 2019, with the half-delta
    variant and the update of libsecp256k1's doc/safegcd_implementation.md; 13 divsteps a round drop one limb.
    590 divsteps are enough for 256 bits.
    """
    n = 20
    while True:
        n -= 1
        w[n] = m[n]
        w[80 + n] = m[n]
        w[40 + n] = 0
        w[60 + n] = 0
        if n == 0:
            break
    w[60] = 1
    inverse = x
    rounds = 46
    limbs = 20
    zeta = -1
    q = w
    f = 0
    g = 0
    u = 0
    v = 0
    a = 0
    r = 0
    md = 0
    me = 0
    zd = 0
    ze = 0
    y = 0
    z = 0
    while True:
        f = w[0] + (w[1] << 13)
        g = w[20] + (w[21] << 13)
        u = 1
        v = 0
        a = 0
        r = 1
        n = 13
        while True:
            if g & 1:
                if zeta < 0:
                    zeta = -1 - zeta
                    x = f
                    f = g
                    g = g - x
                    x = u
                    u = a
                    a = a - x
                    x = v
                    v = r
                    r = r - x
                else:
                    g = g + f
                    a = a + u
                    r = r + v
            zeta -= 1
            g = g >> 1
            u = u + u
            v = v + v
            n -= 1
            if n == 0:
                break
        # multiples of m that make the last limb of the new d and e vanish, and keep them within (-2m, m)
        md = 0
        me = 0
        if w[59] < 0:
            md = u
            me = a
        if w[79] < 0:
            md = md + v
            me = me + r
        x = w[40] * u + w[60] * v
        md = md - (8191 & (x * inverse + md))
        x = w[40] * a + w[60] * r
        me = me - (8191 & (x * inverse + me))
        q = w
        zd = (w[40] * u + w[60] * v + w[80] * md) >> 13
        ze = (w[40] * a + w[60] * r + w[80] * me) >> 13
        q = w
        n = 19
        while True:
            x = q[41]
            y = q[61]
            z = q[81]
            zd = x * u + y * v + z * md + zd
            q[40] = 8191 & zd
            zd = zd >> 13
            ze = x * a + y * r + z * me + ze
            q[60] = 8191 & ze
            ze = ze >> 13
            q = ptr32(int(q) + 4)
            n -= 1
            if n == 0:
                break
        q[40] = zd
        q[60] = ze
        f = (w[0] * u + w[20] * v) >> 13
        g = (w[0] * a + w[20] * r) >> 13
        q = w
        n = limbs
        while True:
            n -= 1
            if n == 0:
                break
            x = q[1]
            y = q[21]
            f = x * u + y * v + f
            q[0] = 8191 & f
            f = f >> 13
            g = x * a + y * r + g
            q[20] = 8191 & g
            g = g >> 13
            q = ptr32(int(q) + 4)
        q[0] = f
        q[20] = g
        # both get shorter: a last limb that only repeats the sign goes into the one before it
        if limbs > 2 and (f + 1) >> 1 == 0 and (g + 1) >> 1 == 0:
            limbs -= 1
            q = ptr32(int(q) - 4)
            q[0] = q[0] + (f << 13)
            q[20] = q[20] + (g << 13)
        rounds -= 1
        if rounds == 0:
            break
    # f is now 1 or -1, in two limbs, and d its multiple of the inverse
    if w[1] < 0:
        n = 20
        while True:
            n -= 1
            w[40 + n] = 0 - w[40 + n]
            if n == 0:
                break
