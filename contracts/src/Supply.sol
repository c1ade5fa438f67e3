// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Lanes} from "./Lanes.sol";
import {Memory} from "./Memory.sol";

/// @notice Outages and the intervals without supply that they explain, for each metering point.
/// @dev One bit an interval says "reported as without supply", another "covered by an outage": whichever message comes
/// first sets its bits, the second meets them, and `uncovered` is right after each, so that the order can't matter.
///
///     totals    outage penalties 224 | uncovered intervals 32
///     outages   known 1 | penalty 215 | endedAt 40, by startedAt
///     intervals reported 128 | covered 128, for 128 intervals a word, the first in the highest bit
library Supply {
    struct Book {
        mapping(uint256 key => uint256) totals;
        mapping(uint256 key => mapping(uint256 startedAt => uint256)) outages;
        mapping(uint256 key => mapping(uint256 chunk => uint256)) intervals;
    }

    uint256 private constant KNOWN = 1 << 255;

    /// @notice Note the 0xFFFE lanes of `count` readings at memory address `readings`, of which the first is interval
    /// `first`. Each interval comes here once at most.
    function report(Book storage book, uint256 key, uint256 readings, uint256 count, uint256 first) internal {
        uint256 added;
        // Can't overflow: intervals stay below 2**32, and `added` below the number of readings.
        unchecked {
            for (uint256 i; i < count; i += 16) {
                uint256 bits = Lanes.noSupplyBits(Memory.load(readings + 2 * i));
                if (bits == 0) continue;
                uint256 interval = first + i;
                bits = (bits << 240) >> (interval % 128);
                added += _report(book, key, interval / 128, bits >> 128);
                bits = uint128(bits);
                if (bits != 0) added += _report(book, key, interval / 128 + 1, bits);
            }
        }
        book.totals[key] += added;
    }

    /// @notice Note that an outage covers the intervals `from` to `to`, both included.
    function cover(Book storage book, uint256 key, uint256 from, uint256 to) internal {
        uint256 explained;
        for (uint256 chunk = from / 128; chunk <= to / 128; ++chunk) {
            uint256 bits = type(uint128).max;
            if (chunk == from / 128) bits >>= from % 128;
            if (chunk == to / 128) bits = (bits >> (127 - to % 128)) << (127 - to % 128);
            uint256 word = book.intervals[key][chunk];
            bits &= ~word;
            book.intervals[key][chunk] = word | bits;
            explained += _ones(bits & (word >> 128));
        }
        book.totals[key] -= explained;
    }

    /// @notice Put an outage on record, in place of an open one with the same start.
    function record(Book storage book, uint256 key, uint256 startedAt, uint256 endedAt, uint256 penalty) internal {
        uint256 old = uint216(book.outages[key][startedAt] >> 40) & ~(KNOWN >> 40);
        book.outages[key][startedAt] = KNOWN | (penalty << 40) | endedAt;
        if (penalty != old) book.totals[key] = book.totals[key] + (penalty << 32) - (old << 32);
    }

    function outageOf(Book storage book, uint256 key, uint256 startedAt)
        internal
        view
        returns (bool known, uint256 endedAt)
    {
        uint256 word = book.outages[key][startedAt];
        return (word != 0, uint40(word));
    }

    function penalties(Book storage book, uint256 key) internal view returns (uint256) {
        return book.totals[key] >> 32;
    }

    function uncovered(Book storage book, uint256 key) internal view returns (uint256) {
        return uint32(book.totals[key]);
    }

    function _report(Book storage book, uint256 key, uint256 chunk, uint256 bits) private returns (uint256) {
        uint256 word = book.intervals[key][chunk];
        book.intervals[key][chunk] = word | (bits << 128);
        return _ones(bits & ~word);
    }

    /// @dev Of the low 128 bits; the callers' words have nothing above them.
    function _ones(uint256 bits) private pure returns (uint256 count) {
        for (; bits != 0; bits &= bits - 1) ++count;
    }
}
