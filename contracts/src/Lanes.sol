// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice Judges readings against bands, sixteen 16-bit lanes a word. `LanesPlain` in the tests is its specification.
/// @dev Readings, least and greatest bounds are memory addresses; lanes past the length are cut off.
///
/// Bounds have bit 15 clear, and least <= greatest. So of a whole word `(greatest - x) | (x - least)` has bit 15 clear in
/// every lane just if every reading is measured and inside its band. As long as lanes are good, nothing is borrowed from the
/// next. In the first bad lane from the right one of the two is negative; or, if the reading's own bit 15 is set, one of
/// them keeps it, for the bits below can't be both above the greatest and below the least. What a bad lane borrows may spoil
/// the lanes to its left: that changes nothing any more.
///
/// Lane by lane, `(value | HIGH) - bound` can't borrow, and its bit 15 tells whether value >= bound.
library Lanes {
    /// @notice How many intervals were under, over, without data, interrupted; and by how many units in all.
    struct Judgement {
        uint256 under;
        uint256 over;
        uint256 noData;
        uint256 interrupted;
        uint256 underUnits;
        uint256 overUnits;
    }

    uint256 internal constant HIGH = 0x8000800080008000800080008000800080008000800080008000800080008000;
    uint256 private constant LOW15 = 0x7FFF7FFF7FFF7FFF7FFF7FFF7FFF7FFF7FFF7FFF7FFF7FFF7FFF7FFF7FFF7FFF;
    /// A lane of 1 times a value is that value in every lane.
    uint256 private constant EACH = 0x0001000100010001000100010001000100010001000100010001000100010001;
    /// The most that a reading or a bound can say.
    uint256 internal constant MOST = 0x7FFF;
    uint256 private constant EVEN = 0x0000FFFF0000FFFF0000FFFF0000FFFF0000FFFF0000FFFF0000FFFF0000FFFF;
    uint256 private constant ONES32 = 0x0000000100000001000000010000000100000001000000010000000100000001;
    /// Multiplying by it brings bit 16j, for each j, to bit 225 + j; no two products of other bits meet there.
    uint256 private constant GATHER = 0x0000000200040008001000200040008001000200040008001000200040008001;

    /// @notice Whether every reading is a full measurement inside its band. All that a compliant report pays for.
    /// @param high HIGH, from an immutable: the optimizer has the constant copied from code to memory at each use, which
    /// costs ten times what an immutable does
    function within(uint256 readings, uint256 length, uint256 least, uint256 greatest, uint256 high)
        internal
        pure
        returns (bool ok)
    {
        assembly ("memory-safe") {
            // Of all words so far, what is wrong with them: good if bit 15 of every lane is clear.
            let bad
            let x
            // Three pointers that move: of one pointer and two distances the optimizer works out the distances anew
            // in each round. Six words a round, a day of quarter hours: moving them costs as much as judging a word.
            // Compared with sign, for what is as short as a round or as a word may end before so much memory has begun.
            let end := add(readings, length)
            for { let last := sub(end, 191) } slt(readings, last) {} {
                x := mload(readings)
                bad := or(bad, or(sub(mload(greatest), x), sub(x, mload(least))))
                x := mload(add(readings, 32))
                bad := or(bad, or(sub(mload(add(greatest, 32)), x), sub(x, mload(add(least, 32)))))
                x := mload(add(readings, 64))
                bad := or(bad, or(sub(mload(add(greatest, 64)), x), sub(x, mload(add(least, 64)))))
                x := mload(add(readings, 96))
                bad := or(bad, or(sub(mload(add(greatest, 96)), x), sub(x, mload(add(least, 96)))))
                x := mload(add(readings, 128))
                bad := or(bad, or(sub(mload(add(greatest, 128)), x), sub(x, mload(add(least, 128)))))
                x := mload(add(readings, 160))
                bad := or(bad, or(sub(mload(add(greatest, 160)), x), sub(x, mload(add(least, 160)))))
                readings := add(readings, 192)
                least := add(least, 192)
                greatest := add(greatest, 192)
            }
            if lt(readings, end) {
                for { let last := sub(end, 31) } slt(readings, last) {} {
                    x := mload(readings)
                    bad := or(bad, or(sub(mload(greatest), x), sub(x, mload(least))))
                    readings := add(readings, 32)
                    least := add(least, 32)
                    greatest := add(greatest, 32)
                }
                // bits of the last word that lie behind the end: all of it, if the one before it was the last
                let behind := shl(3, sub(add(readings, 32), end))
                x := shr(behind, mload(readings))
                bad := or(bad, or(sub(shr(behind, mload(greatest)), x), sub(x, shr(behind, mload(least)))))
            }
            ok := iszero(and(bad, high))
        }
    }

    /// @notice Judge every lane. Words that are within cost little more than in {within}.
    /// @param high HIGH, as in {within}; ~high are the value bits
    function judge(uint256 readings, uint256 length, uint256 least, uint256 greatest, uint256 high)
        internal
        pure
        returns (Judgement memory j)
    {
        // Can't overflow: addresses are small; 42 words at most, whose lane counts stay below 2**6 and whose 32-bit
        // unit sums stay below 42 * 2**16. The lane arithmetic is modular by intent.
        unchecked {
            for (uint256 end = readings + length; readings < end; readings += 32) {
                uint256 mask = end - readings < 32 ? ~(type(uint256).max >> (8 * (end - readings))) : type(uint256).max;
                uint256 x = _load(readings) & mask;
                uint256 lo = _load(least) & mask;
                uint256 hi = _load(greatest) & mask;
                least += 32;
                greatest += 32;
                if (((hi - x) | (x - lo)) & high == 0) continue;

                // Interrupted: bit 15 is set, and not all the others, which would say that there is no data.
                uint256 interrupted = x & high;
                if (interrupted != 0) {
                    uint256 noData = ((x | high) - ~high) & interrupted;
                    interrupted ^= noData;
                    j.noData += noData >> 15;
                    j.interrupted += interrupted >> 15;
                    // Of a lane without data nothing is judged; of an interrupted one, that it is under.
                    uint256 judged = ~((noData << 1) - (noData >> 15));
                    x &= judged;
                    hi &= judged;
                    lo &= judged & ~((interrupted << 1) - (interrupted >> 15));
                }
                x &= ~high;
                uint256 excess = _excess(x, hi, high);
                j.over += ((excess + ~high) & high) >> 15;
                j.overUnits += _pairs(excess);
                excess = _excess(lo, x, high);
                j.under += ((excess + ~high) & high) >> 15;
                j.underUnits += _pairs(excess);
            }
            j.noData = _total(_pairs(j.noData));
            j.interrupted = _total(_pairs(j.interrupted));
            j.over = _total(_pairs(j.over));
            j.under = _total(_pairs(j.under));
            j.overUnits = _total(j.overUnits);
            j.underUnits = _total(j.underUnits);
        }
    }

    /// @notice The interrupted lanes of one word as 16 bits, the first interval in bit 15.
    function interruptedBits(uint256 x) internal pure returns (uint256 bits) {
        // Modular by intent: see GATHER.
        unchecked {
            uint256 interrupted = x & HIGH;
            interrupted ^= ((x | HIGH) - LOW15) & interrupted;
            bits = (((interrupted >> 15) * GATHER) >> 225) & 0xFFFF;
        }
    }

    /// @notice A word with `value`, at most MOST, in every lane.
    function each(uint256 value) internal pure returns (uint256) {
        // Can't overflow: a value of 15 bits in lanes of 16.
        unchecked {
            return value * EACH;
        }
    }

    /// @notice Whether `bands` of 2 * `slots` lanes are bounds in every slot: least <= greatest, least <= `mostLeast` and
    /// `leastGreatest` <= greatest <= `capacity`, which are words with the same limit in {each} lane.
    function areBounds(
        uint256 bands,
        uint256 slots,
        uint256 mostLeast,
        uint256 leastGreatest,
        uint256 capacity
    ) internal pure returns (bool ok) {
        // Can't overflow: addresses are small; a lane with bit 15 set is refused whatever it borrows.
        unchecked {
            uint256 length = 2 * slots;
            mostLeast |= HIGH;
            capacity |= HIGH;
            uint256 bad;
            for (uint256 offset; offset < length; offset += 32) {
                uint256 mask = length - offset < 32 ? ~(type(uint256).max >> (8 * (length - offset))) : type(uint256).max;
                uint256 lo = _load(bands + offset) & mask;
                uint256 hi = _load(bands + length + offset) & mask;
                uint256 raised = hi | HIGH;
                uint256 good = (raised - lo) & (raised - leastGreatest) & (capacity - hi) & (mostLeast - lo);
                bad |= (lo | hi | ~good) & mask & HIGH;
            }
            ok = bad == 0;
        }
    }

    /// @dev max(0, a - b) in each lane, for lanes below 2**15.
    function _excess(uint256 a, uint256 b, uint256 high) private pure returns (uint256) {
        unchecked {
            uint256 difference = (a | high) - b;
            uint256 positive = difference & high;
            return difference & (positive - (positive >> 15));
        }
    }

    /// @dev Sixteen 16-bit lanes to eight 32-bit sums.
    function _pairs(uint256 lanes) private pure returns (uint256) {
        return (lanes & EVEN) + ((lanes >> 16) & EVEN);
    }

    /// @dev The sum of eight 32-bit lanes, below 2**32.
    function _total(uint256 lanes) private pure returns (uint256) {
        unchecked {
            return (lanes * ONES32) >> 224;
        }
    }

    /// @dev As Memory.load; here again, so that the proof takes this file alone.
    function _load(uint256 position) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(position)
        }
    }
}
