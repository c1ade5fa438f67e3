# SPDX-License-Identifier: Apache-2.0
# Viper: its types are annotations, and some of its names only its compiler knows.
# mypy: ignore-errors
# ruff: noqa: F821
"""Arithmetic modulo the prime of secp256k1 for 32-bit chips, written by electro_tools.generate; read that.

`run(0, workspace, program)`: the workspace is an array("i") of slots of 20 words, the first six of which the
multiplication uses; the program has five bytes an operation: what, then the slots of result and operands. It
returns how many operations it ran, by which a skipped one is found.

| what | does |
|---|---|
| 0 | r = a·b |
| 1 | r = a² |
| 2 | r = a - b, without carrying: may be multiplied once, then no longer subtracted from |
| 3 | r = a - b - c, carried |
| 4 | end |
"""

import micropython

X = 6
Y = 7
Z = 8
PX = 9
A = 11
BETA = 17
SLOTS = 18
ADD = (
    b"\x01\x0b\x08\x00\x00\x00\x0c\x0b\x08\x00\x00\x09\x09\x0b\x00\x00\x0a\x0a\x0c\x00"
    b"\x02\x0b\x09\x06\x00\x02\x0c\x0a\x07\x00\x01\x0d\x0b\x00\x00\x00\x08\x08\x0b\x00"
    b"\x00\x0e\x06\x0d\x00\x00\x0d\x0d\x0b\x00\x01\x0f\x0c\x00\x00\x02\x0f\x0f\x0d\x00"
    b"\x03\x06\x0f\x0e\x0e\x02\x0e\x0e\x06\x00\x00\x0e\x0e\x0c\x00\x00\x0d\x0d\x07\x00"
    b"\x03\x07\x0e\x0d\x10\x04"
)
ADD_TURNED = (
    b"\x00\x09\x09\x11\x00\x01\x0b\x08\x00\x00\x00\x0c\x0b\x08\x00\x00\x09\x09\x0b\x00"
    b"\x00\x0a\x0a\x0c\x00\x02\x0b\x09\x06\x00\x02\x0c\x0a\x07\x00\x01\x0d\x0b\x00\x00"
    b"\x00\x08\x08\x0b\x00\x00\x0e\x06\x0d\x00\x00\x0d\x0d\x0b\x00\x01\x0f\x0c\x00\x00"
    b"\x02\x0f\x0f\x0d\x00\x03\x06\x0f\x0e\x0e\x02\x0e\x0e\x06\x00\x00\x0e\x0e\x0c\x00"
    b"\x00\x0d\x0d\x07\x00\x03\x07\x0e\x0d\x10\x04"
)
DOUBLE = (
    b"\x02\x0b\x10\x07\x00\x03\x0c\x07\x0b\x10\x00\x08\x08\x0c\x00\x00\x0d\x0c\x07\x00"
    b"\x00\x0e\x0d\x06\x00\x02\x0b\x10\x0e\x00\x03\x0e\x0e\x0b\x10\x01\x0f\x06\x00\x00"
    b"\x02\x0b\x10\x0f\x00\x03\x0f\x0f\x0b\x0b\x01\x0b\x0f\x00\x00\x03\x06\x0b\x0e\x0e"
    b"\x02\x0e\x0e\x06\x00\x00\x0e\x0e\x0f\x00\x01\x0d\x0d\x00\x00\x03\x07\x0e\x0d\x0d"
    b"\x04"
)
SCALE = (
    b"\x01\x0b\x09\x00\x00\x00\x06\x06\x0b\x00\x00\x0c\x0b\x09\x00\x00\x07\x07\x0c\x00"
    b"\x00\x08\x08\x09\x00\x04"
)
AFFINE = (
    b"\x01\x0b\x09\x00\x00\x00\x06\x06\x0b\x00\x00\x0c\x0b\x09\x00\x00\x07\x07\x0c\x00"
    b"\x01\x0b\x07\x00\x00\x01\x0c\x06\x00\x00\x00\x0c\x0c\x06\x00\x03\x0b\x0b\x0c\x10"
    b"\x04"
)


@micropython.viper
def run(x: int, w: ptr32, p: ptr8) -> int:
    r = w
    a = w
    b = w
    n = 0
    u = 0
    v = 0
    count = 0
    while True:
        n = p[0]
        if n == 4:
            return count
        count += 1
        r = ptr32(int(w) + p[1] * 80)
        a = ptr32(int(w) + p[2] * 80)
        b = ptr32(int(w) + p[3] * 80)
        # while True and break instead of if: its jumps reach further than 2 KB, also before firmware 1.26
        while True:
            if n > 1:
                break
            x = a[0]
            w[19] = x
            w[59] = a[10]
            w[99] = w[59] - x
            x = a[1]
            w[20] = x
            w[60] = a[11]
            w[100] = w[60] - x
            x = a[2]
            w[21] = x
            w[61] = a[12]
            w[101] = w[61] - x
            x = a[3]
            w[22] = x
            w[62] = a[13]
            w[102] = w[62] - x
            x = a[4]
            w[23] = x
            w[63] = a[14]
            w[103] = w[63] - x
            x = a[5]
            w[24] = x
            w[64] = a[15]
            w[104] = w[64] - x
            x = a[6]
            w[25] = x
            w[65] = a[16]
            w[105] = w[65] - x
            x = a[7]
            w[26] = x
            w[66] = a[17]
            w[106] = w[66] - x
            x = a[8]
            w[27] = x
            w[67] = a[18]
            w[107] = w[67] - x
            x = a[9]
            w[28] = x
            w[68] = a[19]
            w[108] = w[68] - x
            while True:
                if n != 0:
                    break
                x = b[0]
                w[29] = x
                w[69] = b[10]
                w[109] = w[69] - x
                x = b[1]
                w[30] = x
                w[70] = b[11]
                w[110] = w[70] - x
                x = b[2]
                w[31] = x
                w[71] = b[12]
                w[111] = w[71] - x
                x = b[3]
                w[32] = x
                w[72] = b[13]
                w[112] = w[72] - x
                x = b[4]
                w[33] = x
                w[73] = b[14]
                w[113] = w[73] - x
                x = b[5]
                w[34] = x
                w[74] = b[15]
                w[114] = w[74] - x
                x = b[6]
                w[35] = x
                w[75] = b[16]
                w[115] = w[75] - x
                x = b[7]
                w[36] = x
                w[76] = b[17]
                w[116] = w[76] - x
                x = b[8]
                w[37] = x
                w[77] = b[18]
                w[117] = w[77] - x
                x = b[9]
                w[38] = x
                w[78] = b[19]
                w[118] = w[78] - x
                n = 3
                while True:
                    x = w[19]
                    w[0] = w[29] * x
                    w[1] = w[30] * x
                    w[2] = w[31] * x
                    w[3] = w[32] * x
                    w[4] = w[33] * x
                    w[5] = w[34] * x
                    w[6] = w[35] * x
                    w[7] = w[36] * x
                    w[8] = w[37] * x
                    w[9] = w[38] * x
                    x = w[20]
                    w[1] = w[29] * x + w[1]
                    w[2] = w[30] * x + w[2]
                    w[3] = w[31] * x + w[3]
                    w[4] = w[32] * x + w[4]
                    w[5] = w[33] * x + w[5]
                    w[6] = w[34] * x + w[6]
                    w[7] = w[35] * x + w[7]
                    w[8] = w[36] * x + w[8]
                    w[9] = w[37] * x + w[9]
                    w[10] = w[38] * x
                    x = w[21]
                    w[2] = w[29] * x + w[2]
                    w[3] = w[30] * x + w[3]
                    w[4] = w[31] * x + w[4]
                    w[5] = w[32] * x + w[5]
                    w[6] = w[33] * x + w[6]
                    w[7] = w[34] * x + w[7]
                    w[8] = w[35] * x + w[8]
                    w[9] = w[36] * x + w[9]
                    w[10] = w[37] * x + w[10]
                    w[11] = w[38] * x
                    x = w[22]
                    w[3] = w[29] * x + w[3]
                    w[4] = w[30] * x + w[4]
                    w[5] = w[31] * x + w[5]
                    w[6] = w[32] * x + w[6]
                    w[7] = w[33] * x + w[7]
                    w[8] = w[34] * x + w[8]
                    w[9] = w[35] * x + w[9]
                    w[10] = w[36] * x + w[10]
                    w[11] = w[37] * x + w[11]
                    w[12] = w[38] * x
                    x = w[23]
                    w[4] = w[29] * x + w[4]
                    w[5] = w[30] * x + w[5]
                    w[6] = w[31] * x + w[6]
                    w[7] = w[32] * x + w[7]
                    w[8] = w[33] * x + w[8]
                    w[9] = w[34] * x + w[9]
                    w[10] = w[35] * x + w[10]
                    w[11] = w[36] * x + w[11]
                    w[12] = w[37] * x + w[12]
                    w[13] = w[38] * x
                    x = w[24]
                    w[5] = w[29] * x + w[5]
                    w[6] = w[30] * x + w[6]
                    w[7] = w[31] * x + w[7]
                    w[8] = w[32] * x + w[8]
                    w[9] = w[33] * x + w[9]
                    w[10] = w[34] * x + w[10]
                    w[11] = w[35] * x + w[11]
                    w[12] = w[36] * x + w[12]
                    w[13] = w[37] * x + w[13]
                    w[14] = w[38] * x
                    x = w[25]
                    w[6] = w[29] * x + w[6]
                    w[7] = w[30] * x + w[7]
                    w[8] = w[31] * x + w[8]
                    w[9] = w[32] * x + w[9]
                    w[10] = w[33] * x + w[10]
                    w[11] = w[34] * x + w[11]
                    w[12] = w[35] * x + w[12]
                    w[13] = w[36] * x + w[13]
                    w[14] = w[37] * x + w[14]
                    w[15] = w[38] * x
                    x = w[26]
                    w[7] = w[29] * x + w[7]
                    w[8] = w[30] * x + w[8]
                    w[9] = w[31] * x + w[9]
                    w[10] = w[32] * x + w[10]
                    w[11] = w[33] * x + w[11]
                    w[12] = w[34] * x + w[12]
                    w[13] = w[35] * x + w[13]
                    w[14] = w[36] * x + w[14]
                    w[15] = w[37] * x + w[15]
                    w[16] = w[38] * x
                    x = w[27]
                    w[8] = w[29] * x + w[8]
                    w[9] = w[30] * x + w[9]
                    w[10] = w[31] * x + w[10]
                    w[11] = w[32] * x + w[11]
                    w[12] = w[33] * x + w[12]
                    w[13] = w[34] * x + w[13]
                    w[14] = w[35] * x + w[14]
                    w[15] = w[36] * x + w[15]
                    w[16] = w[37] * x + w[16]
                    w[17] = w[38] * x
                    x = w[28]
                    w[9] = w[29] * x + w[9]
                    w[10] = w[30] * x + w[10]
                    w[11] = w[31] * x + w[11]
                    w[12] = w[32] * x + w[12]
                    w[13] = w[33] * x + w[13]
                    w[14] = w[34] * x + w[14]
                    w[15] = w[35] * x + w[15]
                    w[16] = w[36] * x + w[16]
                    w[17] = w[37] * x + w[17]
                    w[18] = w[38] * x
                    w = ptr32(int(w) + 160)
                    n -= 1
                    if n == 0:
                        break
                w = ptr32(int(w) - 480)
                n = 0
                break
            while True:
                if n != 1:
                    break
                n = 3
                while True:
                    x = w[19]
                    w[0] = x * x
                    x = x + x
                    w[1] = w[20] * x
                    w[2] = w[21] * x
                    w[3] = w[22] * x
                    w[4] = w[23] * x
                    w[5] = w[24] * x
                    w[6] = w[25] * x
                    w[7] = w[26] * x
                    w[8] = w[27] * x
                    w[9] = w[28] * x
                    x = w[20]
                    w[2] = x * x + w[2]
                    x = x + x
                    w[3] = w[21] * x + w[3]
                    w[4] = w[22] * x + w[4]
                    w[5] = w[23] * x + w[5]
                    w[6] = w[24] * x + w[6]
                    w[7] = w[25] * x + w[7]
                    w[8] = w[26] * x + w[8]
                    w[9] = w[27] * x + w[9]
                    w[10] = w[28] * x
                    x = w[21]
                    w[4] = x * x + w[4]
                    x = x + x
                    w[5] = w[22] * x + w[5]
                    w[6] = w[23] * x + w[6]
                    w[7] = w[24] * x + w[7]
                    w[8] = w[25] * x + w[8]
                    w[9] = w[26] * x + w[9]
                    w[10] = w[27] * x + w[10]
                    w[11] = w[28] * x
                    x = w[22]
                    w[6] = x * x + w[6]
                    x = x + x
                    w[7] = w[23] * x + w[7]
                    w[8] = w[24] * x + w[8]
                    w[9] = w[25] * x + w[9]
                    w[10] = w[26] * x + w[10]
                    w[11] = w[27] * x + w[11]
                    w[12] = w[28] * x
                    x = w[23]
                    w[8] = x * x + w[8]
                    x = x + x
                    w[9] = w[24] * x + w[9]
                    w[10] = w[25] * x + w[10]
                    w[11] = w[26] * x + w[11]
                    w[12] = w[27] * x + w[12]
                    w[13] = w[28] * x
                    x = w[24]
                    w[10] = x * x + w[10]
                    x = x + x
                    w[11] = w[25] * x + w[11]
                    w[12] = w[26] * x + w[12]
                    w[13] = w[27] * x + w[13]
                    w[14] = w[28] * x
                    x = w[25]
                    w[12] = x * x + w[12]
                    x = x + x
                    w[13] = w[26] * x + w[13]
                    w[14] = w[27] * x + w[14]
                    w[15] = w[28] * x
                    x = w[26]
                    w[14] = x * x + w[14]
                    x = x + x
                    w[15] = w[27] * x + w[15]
                    w[16] = w[28] * x
                    x = w[27]
                    w[16] = x * x + w[16]
                    x = x + x
                    w[17] = w[28] * x
                    x = w[28]
                    w[18] = x * x
                    w = ptr32(int(w) + 160)
                    n -= 1
                    if n == 0:
                        break
                w = ptr32(int(w) - 480)
                n = 1
                break
            x = 0 + w[40] + w[10] + w[50] - w[90]
            w[99] = 8191 & x
            x = (x >> 13) + w[41] + w[11] + w[51] - w[91]
            w[100] = 8191 & x
            x = (x >> 13) + w[42] + w[12] + w[52] - w[92]
            w[101] = 8191 & x
            x = (x >> 13) + w[43] + w[13] + w[53] - w[93]
            w[102] = 8191 & x
            x = (x >> 13) + w[44] + w[14] + w[54] - w[94]
            w[103] = 8191 & x
            x = (x >> 13) + w[45] + w[15] + w[55] - w[95]
            w[104] = 8191 & x
            x = (x >> 13) + w[46] + w[16] + w[56] - w[96]
            w[105] = 8191 & x
            x = (x >> 13) + w[47] + w[17] + w[57] - w[97]
            w[106] = 8191 & x
            x = (x >> 13) + w[48] + w[18] + w[58] - w[98]
            w[107] = 8191 & x
            x = (x >> 13) + w[49]
            w[108] = 8191 & x
            x = (x >> 13) + w[50]
            w[109] = 8191 & x
            x = (x >> 13) + w[51]
            w[110] = 8191 & x
            x = (x >> 13) + w[52]
            w[111] = 8191 & x
            x = (x >> 13) + w[53]
            w[112] = 8191 & x
            x = (x >> 13) + w[54]
            w[113] = 8191 & x
            x = (x >> 13) + w[55]
            w[114] = 8191 & x
            x = (x >> 13) + w[56]
            w[115] = 8191 & x
            x = (x >> 13) + w[57]
            w[116] = 8191 & x
            x = (x >> 13) + w[58]
            w[117] = 8191 & x
            w[118] = x >> 13
            x = 0 + w[0]
            x = w[99] * 15632 + x
            r[0] = 8191 & x
            x = (x >> 13) + w[1]
            x = w[100] * 15632 + x
            r[1] = 8191 & x
            x = (x >> 13) + w[2]
            x = w[101] * 15632 + x
            x = w[99] * 1024 + x
            r[2] = 8191 & x
            x = (x >> 13) + w[3]
            x = w[102] * 15632 + x
            x = w[100] * 1024 + x
            r[3] = 8191 & x
            x = (x >> 13) + w[4]
            x = w[103] * 15632 + x
            x = w[101] * 1024 + x
            r[4] = 8191 & x
            x = (x >> 13) + w[5]
            x = w[104] * 15632 + x
            x = w[102] * 1024 + x
            r[5] = 8191 & x
            x = (x >> 13) + w[6]
            x = w[105] * 15632 + x
            x = w[103] * 1024 + x
            r[6] = 8191 & x
            x = (x >> 13) + w[7]
            x = w[106] * 15632 + x
            x = w[104] * 1024 + x
            r[7] = 8191 & x
            x = (x >> 13) + w[8]
            x = w[107] * 15632 + x
            x = w[105] * 1024 + x
            r[8] = 8191 & x
            x = (x >> 13) + w[9]
            x = w[108] * 15632 + x
            x = w[106] * 1024 + x
            r[9] = 8191 & x
            x = (x >> 13) + w[10] + w[0] + w[40] - w[80]
            x = w[109] * 15632 + x
            x = w[107] * 1024 + x
            r[10] = 8191 & x
            x = (x >> 13) + w[11] + w[1] + w[41] - w[81]
            x = w[110] * 15632 + x
            x = w[108] * 1024 + x
            r[11] = 8191 & x
            x = (x >> 13) + w[12] + w[2] + w[42] - w[82]
            x = w[111] * 15632 + x
            x = w[109] * 1024 + x
            r[12] = 8191 & x
            x = (x >> 13) + w[13] + w[3] + w[43] - w[83]
            x = w[112] * 15632 + x
            x = w[110] * 1024 + x
            r[13] = 8191 & x
            x = (x >> 13) + w[14] + w[4] + w[44] - w[84]
            x = w[113] * 15632 + x
            x = w[111] * 1024 + x
            r[14] = 8191 & x
            x = (x >> 13) + w[15] + w[5] + w[45] - w[85]
            x = w[114] * 15632 + x
            x = w[112] * 1024 + x
            r[15] = 8191 & x
            x = (x >> 13) + w[16] + w[6] + w[46] - w[86]
            x = w[115] * 15632 + x
            x = w[113] * 1024 + x
            r[16] = 8191 & x
            x = (x >> 13) + w[17] + w[7] + w[47] - w[87]
            x = w[116] * 15632 + x
            x = w[114] * 1024 + x
            r[17] = 8191 & x
            x = (x >> 13) + w[18] + w[8] + w[48] - w[88]
            x = w[117] * 15632 + x
            x = w[115] * 1024 + x
            r[18] = 8191 & x
            x = (x >> 13) + w[9] + w[49] - w[89]
            x = w[118] * 15632 + x
            x = w[116] * 1024 + x
            r[19] = 8191 & x
            # what lies above: u at 2^256, n at 2^260, v at 2^273
            u = r[19] >> 9
            r[19] = r[19] & 511
            x = w[117] * 1024 + (x >> 13)
            v = w[118] * 1024 + (x >> 13)
            n = 8191 & x
            x = n * 15632 + u * 977 + r[0]
            r[0] = 8191 & x
            x = (x >> 13) + v * 15632 + r[1]
            r[1] = 8191 & x
            x = (x >> 13) + n * 1024 + u * 64 + r[2]
            r[2] = 8191 & x
            x = (x >> 13) + v * 1024 + r[3]
            r[3] = 8191 & x
            x = (x >> 13) + r[4]
            r[4] = 8191 & x
            r[5] = r[5] + (x >> 13)
            n = 0
            break
        while True:
            if n != 2:
                break
            n = 2
            while True:
                x = b[0]
                r[0] = a[0] - x
                x = b[1]
                r[1] = a[1] - x
                x = b[2]
                r[2] = a[2] - x
                x = b[3]
                r[3] = a[3] - x
                x = b[4]
                r[4] = a[4] - x
                x = b[5]
                r[5] = a[5] - x
                x = b[6]
                r[6] = a[6] - x
                x = b[7]
                r[7] = a[7] - x
                x = b[8]
                r[8] = a[8] - x
                x = b[9]
                r[9] = a[9] - x
                n -= 1
                if n == 0:
                    break
                r = ptr32(int(r) + 40)
                a = ptr32(int(a) + 40)
                b = ptr32(int(b) + 40)
            n = 2
            break
        while True:
            if n != 3:
                break
            c = ptr32(int(w) + p[4] * 80)
            x = 0
            n = 2
            while True:
                x = (x >> 13) + a[0] - b[0] - c[0]
                r[0] = 8191 & x
                x = (x >> 13) + a[1] - b[1] - c[1]
                r[1] = 8191 & x
                x = (x >> 13) + a[2] - b[2] - c[2]
                r[2] = 8191 & x
                x = (x >> 13) + a[3] - b[3] - c[3]
                r[3] = 8191 & x
                x = (x >> 13) + a[4] - b[4] - c[4]
                r[4] = 8191 & x
                x = (x >> 13) + a[5] - b[5] - c[5]
                r[5] = 8191 & x
                x = (x >> 13) + a[6] - b[6] - c[6]
                r[6] = 8191 & x
                x = (x >> 13) + a[7] - b[7] - c[7]
                r[7] = 8191 & x
                x = (x >> 13) + a[8] - b[8] - c[8]
                r[8] = 8191 & x
                x = (x >> 13) + a[9] - b[9] - c[9]
                r[9] = 8191 & x
                n -= 1
                if n == 0:
                    break
                r = ptr32(int(r) + 40)
                a = ptr32(int(a) + 40)
                b = ptr32(int(b) + 40)
                c = ptr32(int(c) + 40)
            u = ((x >> 13) << 4) + (r[9] >> 9)
            r[9] = r[9] & 511
            r = ptr32(int(r) - 40)
            r[0] = r[0] + u * 977
            r[2] = r[2] + u * 64
            n = 3
            break
        p = ptr8(int(p) + 5)
