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
            while True:
                if n != 0:
                    break
                x = a[0]
                w[0] = x
                w[40] = a[10]
                w[80] = w[40] - x
                x = a[1]
                w[1] = x
                w[41] = a[11]
                w[81] = w[41] - x
                x = a[2]
                w[2] = x
                w[42] = a[12]
                w[82] = w[42] - x
                x = a[3]
                w[3] = x
                w[43] = a[13]
                w[83] = w[43] - x
                x = a[4]
                w[4] = x
                w[44] = a[14]
                w[84] = w[44] - x
                x = a[5]
                w[5] = x
                w[45] = a[15]
                w[85] = w[45] - x
                x = a[6]
                w[6] = x
                w[46] = a[16]
                w[86] = w[46] - x
                x = a[7]
                w[7] = x
                w[47] = a[17]
                w[87] = w[47] - x
                x = a[8]
                w[8] = x
                w[48] = a[18]
                w[88] = w[48] - x
                x = a[9]
                w[9] = x
                w[49] = a[19]
                w[89] = w[49] - x
                x = b[0]
                w[10] = x
                w[50] = b[10]
                w[90] = w[50] - x
                x = b[1]
                w[11] = x
                w[51] = b[11]
                w[91] = w[51] - x
                x = b[2]
                w[12] = x
                w[52] = b[12]
                w[92] = w[52] - x
                x = b[3]
                w[13] = x
                w[53] = b[13]
                w[93] = w[53] - x
                x = b[4]
                w[14] = x
                w[54] = b[14]
                w[94] = w[54] - x
                x = b[5]
                w[15] = x
                w[55] = b[15]
                w[95] = w[55] - x
                x = b[6]
                w[16] = x
                w[56] = b[16]
                w[96] = w[56] - x
                x = b[7]
                w[17] = x
                w[57] = b[17]
                w[97] = w[57] - x
                x = b[8]
                w[18] = x
                w[58] = b[18]
                w[98] = w[58] - x
                x = b[9]
                w[19] = x
                w[59] = b[19]
                w[99] = w[59] - x
                n = 3
                while True:
                    x = w[0]
                    w[20] = w[10] * x
                    w[21] = w[11] * x
                    w[22] = w[12] * x
                    w[23] = w[13] * x
                    w[24] = w[14] * x
                    w[25] = w[15] * x
                    w[26] = w[16] * x
                    w[27] = w[17] * x
                    w[28] = w[18] * x
                    w[29] = w[19] * x
                    x = w[1]
                    w[21] = w[10] * x + w[21]
                    w[22] = w[11] * x + w[22]
                    w[23] = w[12] * x + w[23]
                    w[24] = w[13] * x + w[24]
                    w[25] = w[14] * x + w[25]
                    w[26] = w[15] * x + w[26]
                    w[27] = w[16] * x + w[27]
                    w[28] = w[17] * x + w[28]
                    w[29] = w[18] * x + w[29]
                    w[30] = w[19] * x
                    x = w[2]
                    w[22] = w[10] * x + w[22]
                    w[23] = w[11] * x + w[23]
                    w[24] = w[12] * x + w[24]
                    w[25] = w[13] * x + w[25]
                    w[26] = w[14] * x + w[26]
                    w[27] = w[15] * x + w[27]
                    w[28] = w[16] * x + w[28]
                    w[29] = w[17] * x + w[29]
                    w[30] = w[18] * x + w[30]
                    w[31] = w[19] * x
                    x = w[3]
                    w[23] = w[10] * x + w[23]
                    w[24] = w[11] * x + w[24]
                    w[25] = w[12] * x + w[25]
                    w[26] = w[13] * x + w[26]
                    w[27] = w[14] * x + w[27]
                    w[28] = w[15] * x + w[28]
                    w[29] = w[16] * x + w[29]
                    w[30] = w[17] * x + w[30]
                    w[31] = w[18] * x + w[31]
                    w[32] = w[19] * x
                    x = w[4]
                    w[24] = w[10] * x + w[24]
                    w[25] = w[11] * x + w[25]
                    w[26] = w[12] * x + w[26]
                    w[27] = w[13] * x + w[27]
                    w[28] = w[14] * x + w[28]
                    w[29] = w[15] * x + w[29]
                    w[30] = w[16] * x + w[30]
                    w[31] = w[17] * x + w[31]
                    w[32] = w[18] * x + w[32]
                    w[33] = w[19] * x
                    x = w[5]
                    w[25] = w[10] * x + w[25]
                    w[26] = w[11] * x + w[26]
                    w[27] = w[12] * x + w[27]
                    w[28] = w[13] * x + w[28]
                    w[29] = w[14] * x + w[29]
                    w[30] = w[15] * x + w[30]
                    w[31] = w[16] * x + w[31]
                    w[32] = w[17] * x + w[32]
                    w[33] = w[18] * x + w[33]
                    w[34] = w[19] * x
                    x = w[6]
                    w[26] = w[10] * x + w[26]
                    w[27] = w[11] * x + w[27]
                    w[28] = w[12] * x + w[28]
                    w[29] = w[13] * x + w[29]
                    w[30] = w[14] * x + w[30]
                    w[31] = w[15] * x + w[31]
                    w[32] = w[16] * x + w[32]
                    w[33] = w[17] * x + w[33]
                    w[34] = w[18] * x + w[34]
                    w[35] = w[19] * x
                    x = w[7]
                    w[27] = w[10] * x + w[27]
                    w[28] = w[11] * x + w[28]
                    w[29] = w[12] * x + w[29]
                    w[30] = w[13] * x + w[30]
                    w[31] = w[14] * x + w[31]
                    w[32] = w[15] * x + w[32]
                    w[33] = w[16] * x + w[33]
                    w[34] = w[17] * x + w[34]
                    w[35] = w[18] * x + w[35]
                    w[36] = w[19] * x
                    x = w[8]
                    w[28] = w[10] * x + w[28]
                    w[29] = w[11] * x + w[29]
                    w[30] = w[12] * x + w[30]
                    w[31] = w[13] * x + w[31]
                    w[32] = w[14] * x + w[32]
                    w[33] = w[15] * x + w[33]
                    w[34] = w[16] * x + w[34]
                    w[35] = w[17] * x + w[35]
                    w[36] = w[18] * x + w[36]
                    w[37] = w[19] * x
                    x = w[9]
                    w[29] = w[10] * x + w[29]
                    w[30] = w[11] * x + w[30]
                    w[31] = w[12] * x + w[31]
                    w[32] = w[13] * x + w[32]
                    w[33] = w[14] * x + w[33]
                    w[34] = w[15] * x + w[34]
                    w[35] = w[16] * x + w[35]
                    w[36] = w[17] * x + w[36]
                    w[37] = w[18] * x + w[37]
                    w[38] = w[19] * x
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
                x = a[0]
                w[0] = x
                w[40] = a[10]
                w[80] = w[40] - x
                x = a[1]
                w[1] = x
                w[41] = a[11]
                w[81] = w[41] - x
                x = a[2]
                w[2] = x
                w[42] = a[12]
                w[82] = w[42] - x
                x = a[3]
                w[3] = x
                w[43] = a[13]
                w[83] = w[43] - x
                x = a[4]
                w[4] = x
                w[44] = a[14]
                w[84] = w[44] - x
                x = a[5]
                w[5] = x
                w[45] = a[15]
                w[85] = w[45] - x
                x = a[6]
                w[6] = x
                w[46] = a[16]
                w[86] = w[46] - x
                x = a[7]
                w[7] = x
                w[47] = a[17]
                w[87] = w[47] - x
                x = a[8]
                w[8] = x
                w[48] = a[18]
                w[88] = w[48] - x
                x = a[9]
                w[9] = x
                w[49] = a[19]
                w[89] = w[49] - x
                n = 3
                while True:
                    x = w[0]
                    w[20] = x * x
                    x = x + x
                    w[21] = w[1] * x
                    w[22] = w[2] * x
                    w[23] = w[3] * x
                    w[24] = w[4] * x
                    w[25] = w[5] * x
                    w[26] = w[6] * x
                    w[27] = w[7] * x
                    w[28] = w[8] * x
                    w[29] = w[9] * x
                    x = w[1]
                    w[22] = x * x + w[22]
                    x = x + x
                    w[23] = w[2] * x + w[23]
                    w[24] = w[3] * x + w[24]
                    w[25] = w[4] * x + w[25]
                    w[26] = w[5] * x + w[26]
                    w[27] = w[6] * x + w[27]
                    w[28] = w[7] * x + w[28]
                    w[29] = w[8] * x + w[29]
                    w[30] = w[9] * x
                    x = w[2]
                    w[24] = x * x + w[24]
                    x = x + x
                    w[25] = w[3] * x + w[25]
                    w[26] = w[4] * x + w[26]
                    w[27] = w[5] * x + w[27]
                    w[28] = w[6] * x + w[28]
                    w[29] = w[7] * x + w[29]
                    w[30] = w[8] * x + w[30]
                    w[31] = w[9] * x
                    x = w[3]
                    w[26] = x * x + w[26]
                    x = x + x
                    w[27] = w[4] * x + w[27]
                    w[28] = w[5] * x + w[28]
                    w[29] = w[6] * x + w[29]
                    w[30] = w[7] * x + w[30]
                    w[31] = w[8] * x + w[31]
                    w[32] = w[9] * x
                    x = w[4]
                    w[28] = x * x + w[28]
                    x = x + x
                    w[29] = w[5] * x + w[29]
                    w[30] = w[6] * x + w[30]
                    w[31] = w[7] * x + w[31]
                    w[32] = w[8] * x + w[32]
                    w[33] = w[9] * x
                    x = w[5]
                    w[30] = x * x + w[30]
                    x = x + x
                    w[31] = w[6] * x + w[31]
                    w[32] = w[7] * x + w[32]
                    w[33] = w[8] * x + w[33]
                    w[34] = w[9] * x
                    x = w[6]
                    w[32] = x * x + w[32]
                    x = x + x
                    w[33] = w[7] * x + w[33]
                    w[34] = w[8] * x + w[34]
                    w[35] = w[9] * x
                    x = w[7]
                    w[34] = x * x + w[34]
                    x = x + x
                    w[35] = w[8] * x + w[35]
                    w[36] = w[9] * x
                    x = w[8]
                    w[36] = x * x + w[36]
                    x = x + x
                    w[37] = w[9] * x
                    x = w[9]
                    w[38] = x * x
                    w = ptr32(int(w) + 160)
                    n -= 1
                    if n == 0:
                        break
                w = ptr32(int(w) - 480)
                n = 1
                break
            x = 0 + w[60] + w[30] + w[70] - w[110]
            w[80] = 8191 & x
            x = (x >> 13) + w[61] + w[31] + w[71] - w[111]
            w[81] = 8191 & x
            x = (x >> 13) + w[62] + w[32] + w[72] - w[112]
            w[82] = 8191 & x
            x = (x >> 13) + w[63] + w[33] + w[73] - w[113]
            w[83] = 8191 & x
            x = (x >> 13) + w[64] + w[34] + w[74] - w[114]
            w[84] = 8191 & x
            x = (x >> 13) + w[65] + w[35] + w[75] - w[115]
            w[85] = 8191 & x
            x = (x >> 13) + w[66] + w[36] + w[76] - w[116]
            w[86] = 8191 & x
            x = (x >> 13) + w[67] + w[37] + w[77] - w[117]
            w[87] = 8191 & x
            x = (x >> 13) + w[68] + w[38] + w[78] - w[118]
            w[88] = 8191 & x
            x = (x >> 13) + w[69]
            w[89] = 8191 & x
            x = (x >> 13) + w[70]
            w[90] = 8191 & x
            x = (x >> 13) + w[71]
            w[91] = 8191 & x
            x = (x >> 13) + w[72]
            w[92] = 8191 & x
            x = (x >> 13) + w[73]
            w[93] = 8191 & x
            x = (x >> 13) + w[74]
            w[94] = 8191 & x
            x = (x >> 13) + w[75]
            w[95] = 8191 & x
            x = (x >> 13) + w[76]
            w[96] = 8191 & x
            x = (x >> 13) + w[77]
            w[97] = 8191 & x
            x = (x >> 13) + w[78]
            w[98] = 8191 & x
            w[99] = x >> 13
            x = 0 + w[20]
            x = w[80] * 15632 + x
            r[0] = 8191 & x
            x = (x >> 13) + w[21]
            x = w[81] * 15632 + x
            r[1] = 8191 & x
            x = (x >> 13) + w[22]
            x = w[82] * 15632 + x
            x = w[80] * 1024 + x
            r[2] = 8191 & x
            x = (x >> 13) + w[23]
            x = w[83] * 15632 + x
            x = w[81] * 1024 + x
            r[3] = 8191 & x
            x = (x >> 13) + w[24]
            x = w[84] * 15632 + x
            x = w[82] * 1024 + x
            r[4] = 8191 & x
            x = (x >> 13) + w[25]
            x = w[85] * 15632 + x
            x = w[83] * 1024 + x
            r[5] = 8191 & x
            x = (x >> 13) + w[26]
            x = w[86] * 15632 + x
            x = w[84] * 1024 + x
            r[6] = 8191 & x
            x = (x >> 13) + w[27]
            x = w[87] * 15632 + x
            x = w[85] * 1024 + x
            r[7] = 8191 & x
            x = (x >> 13) + w[28]
            x = w[88] * 15632 + x
            x = w[86] * 1024 + x
            r[8] = 8191 & x
            x = (x >> 13) + w[29]
            x = w[89] * 15632 + x
            x = w[87] * 1024 + x
            r[9] = 8191 & x
            x = (x >> 13) + w[30] + w[20] + w[60] - w[100]
            x = w[90] * 15632 + x
            x = w[88] * 1024 + x
            r[10] = 8191 & x
            x = (x >> 13) + w[31] + w[21] + w[61] - w[101]
            x = w[91] * 15632 + x
            x = w[89] * 1024 + x
            r[11] = 8191 & x
            x = (x >> 13) + w[32] + w[22] + w[62] - w[102]
            x = w[92] * 15632 + x
            x = w[90] * 1024 + x
            r[12] = 8191 & x
            x = (x >> 13) + w[33] + w[23] + w[63] - w[103]
            x = w[93] * 15632 + x
            x = w[91] * 1024 + x
            r[13] = 8191 & x
            x = (x >> 13) + w[34] + w[24] + w[64] - w[104]
            x = w[94] * 15632 + x
            x = w[92] * 1024 + x
            r[14] = 8191 & x
            x = (x >> 13) + w[35] + w[25] + w[65] - w[105]
            x = w[95] * 15632 + x
            x = w[93] * 1024 + x
            r[15] = 8191 & x
            x = (x >> 13) + w[36] + w[26] + w[66] - w[106]
            x = w[96] * 15632 + x
            x = w[94] * 1024 + x
            r[16] = 8191 & x
            x = (x >> 13) + w[37] + w[27] + w[67] - w[107]
            x = w[97] * 15632 + x
            x = w[95] * 1024 + x
            r[17] = 8191 & x
            x = (x >> 13) + w[38] + w[28] + w[68] - w[108]
            x = w[98] * 15632 + x
            x = w[96] * 1024 + x
            r[18] = 8191 & x
            x = (x >> 13) + w[29] + w[69] - w[109]
            x = w[99] * 15632 + x
            x = w[97] * 1024 + x
            r[19] = 8191 & x
            # what lies above: u at 2^256, n at 2^260, v at 2^273
            u = r[19] >> 9
            r[19] = r[19] & 511
            x = w[98] * 1024 + (x >> 13)
            v = w[99] * 1024 + (x >> 13)
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
