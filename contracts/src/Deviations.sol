// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Lanes} from "./Lanes.sol";
import {Memory} from "./Memory.sol";

/// @notice What a meter says of its own readings, in words of four bytes: kind 4 | offset 12 | units 16.
library Deviations {
    uint256 internal constant WORD = 4;
    uint256 private constant CUT_OFF = 2;

    /// @notice Add up what `length` bytes of words say of a report of `count` intervals, of which the first `taken` count.
    /// @return judged what the readings' own judgement would be
    /// @return bad whether there is a word that can't be
    /// @dev Without a branch, for a week has 672. A word can be if its offset is behind the one before and in the report, and
    /// its units are those of its kind: 1 to 0x7fff over (0) or under (1) the band; 0 to 0x7ffe of an interrupted interval
    /// (2); 0 without data (3). {firstBad} says the same word by word, and `judging.read` of the package for meters.
    function read(uint256 words, uint256 length, uint256 count, uint256 taken)
        internal
        pure
        returns (Lanes.Judgement memory judged, bool bad)
    {
        // Of each kind 64 bits: how many there are in the lower 16, their units above.
        uint256 sums;
        uint256 cutOffAndOver;
        assembly ("memory-safe") {
            let least := 0
            for { let end := add(words, length) } lt(words, end) { words := add(words, 4) } {
                let word := shr(224, mload(words))
                let kind := shr(28, word)
                let offset := and(shr(16, word), 0xfff)
                let units := and(word, 0xffff)
                let most := mul(0x7ffe, lt(kind, 3))
                bad := or(bad, or(lt(offset, least), iszero(lt(offset, count))))
                bad := or(bad, or(gt(sub(units, lt(kind, 2)), most), gt(kind, 3)))
                least := add(offset, 1)
                let counts := lt(offset, taken)
                sums := add(sums, shl(shl(6, kind), mul(counts, add(shl(16, units), 1))))
                cutOffAndOver := add(cutOffAndOver, mul(counts, mul(eq(kind, 2), gt(units, 0))))
            }
            bad := iszero(iszero(bad))
        }
        // Can't overflow: 672 words of 16 bits at most.
        unchecked {
            judged.over = uint16(sums) + cutOffAndOver;
            judged.overUnits = (uint64(sums) >> 16) + (uint64(sums >> 128) >> 16);
            judged.under = uint16(sums >> 64);
            judged.underUnits = uint64(sums >> 64) >> 16;
            judged.interrupted = uint16(sums >> 128);
            judged.noData = uint16(sums >> 192);
        }
    }

    /// @notice The number of the first word that can't be, and that word, where {read} has found one.
    function firstBad(uint256 words, uint256 count) internal pure returns (uint256 index, uint256 word) {
        uint256 least;
        while (true) {
            (uint256 kind, uint256 offset, uint256 units) = _word(words + WORD * index);
            bool can = kind < 2 ? units != 0 && units <= Lanes.MOST : kind == CUT_OFF ? units < Lanes.MOST : units == 0;
            if (!can || kind > 3 || offset < least || offset >= count) break;
            least = offset + 1;
            ++index;
        }
        word = Memory.load(words + WORD * index) >> 224;
    }

    /// @notice Readings of which all are 0, but those that were interrupted are marked so: for {Interruptions.note}.
    /// @return lanes the address of `taken` of them, in free memory
    function marks(uint256 words, uint256 length, uint256 taken) internal pure returns (uint256 lanes) {
        lanes = Memory.end();
        // Can't overflow: memory addresses.
        unchecked {
            uint256 free = lanes + 2 * taken + 32;
            for (uint256 lane = lanes; lane < free; lane += 32) Memory.store(lane, 0);
            Memory.setEnd(free + 32);
            for (uint256 end = words + length; words < end; words += WORD) {
                (uint256 kind, uint256 offset,) = _word(words);
                if (kind == CUT_OFF && offset < taken) Memory.store16(lanes + 2 * offset, 0x8000);
            }
        }
    }

    function _word(uint256 position) private pure returns (uint256 kind, uint256 offset, uint256 units) {
        uint256 word = Memory.load(position) >> 224;
        return (word >> 28, (word >> 16) & 0xFFF, word & 0xFFFF);
    }
}
