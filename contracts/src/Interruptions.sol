// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Lanes} from "./Lanes.sol";
import {Memory} from "./Memory.sol";

/// @notice Interrupted intervals, and the outages that explain them and pay for them, of each point.
/// @dev One bit an interval, the first in the highest bit of its word: set by the report that calls it interrupted, cleared
/// by the first ended outage that touches it. Outages come in their order and behind the reports of what they touch, so
/// that one bit is enough: of an interval before `paidUntil` the bit is never needed again but to be counted as unexplained.
///
///     record   penalties 112 | unexplained 32 | nextOutage 32 | paidUntil 32 | lastEndedAt 40 | open 8
///
/// `penalties` can't overflow: less than 2**16 events and less than 2**42 minutes of 64-bit rates are ever paid.
library Interruptions {
    struct Store {
        mapping(uint256 key => uint256) records;
        mapping(uint256 key => mapping(uint256 word => uint256)) intervals;
    }

    uint256 private constant PENALTIES = 144;
    uint256 private constant UNEXPLAINED = 112;
    uint256 private constant NEXT_OUTAGE = 80;
    uint256 private constant PAID_UNTIL = 48;
    uint256 private constant LAST_ENDED_AT = 8;

    // -- The record of a point

    function penalties(uint256 record) internal pure returns (uint256) {
        return record >> PENALTIES;
    }

    function unexplained(uint256 record) internal pure returns (uint256) {
        return uint32(record >> UNEXPLAINED);
    }

    /// @notice The number of the next outage that ends.
    function nextOutage(uint256 record) internal pure returns (uint256) {
        return uint32(record >> NEXT_OUTAGE);
    }

    /// @notice Intervals before this one belong to earlier outages, or to the meter before.
    function paidUntil(uint256 record) internal pure returns (uint256) {
        return uint32(record >> PAID_UNTIL);
    }

    function lastEndedAt(uint256 record) internal pure returns (uint256) {
        return uint40(record >> LAST_ENDED_AT);
    }

    /// @notice Whether the next outage has been told as open.
    function isOpen(uint256 record) internal pure returns (bool) {
        return uint8(record) != 0;
    }

    /// @notice The record of a meter that takes over at an interval.
    function from(uint256 first) internal pure returns (uint256) {
        return first << PAID_UNTIL;
    }

    function opened(uint256 record) internal pure returns (uint256) {
        return record | 1;
    }

    /// @notice The record behind an outage that has ended.
    function closed(uint256 record, uint256 endedAt, uint256 paidUntil_, uint256 explained, uint256 penalty)
        internal
        pure
        returns (uint256)
    {
        return ((penalties(record) + penalty) << PENALTIES) | ((unexplained(record) - explained) << UNEXPLAINED)
            | ((nextOutage(record) + 1) << NEXT_OUTAGE) | (paidUntil_ << PAID_UNTIL) | (endedAt << LAST_ENDED_AT);
    }

    // -- Intervals

    /// @notice Note the interrupted lanes of `count` readings at memory address `readings`, of which the first is interval
    /// `first`. Each interval comes here once at most.
    function note(Store storage store, uint256 key, uint256 readings, uint256 count, uint256 first) internal {
        uint256 added;
        // Can't overflow: intervals stay below 2**16, and `added` below the number of readings.
        unchecked {
            for (uint256 i; i < count; i += 16) {
                uint256 bits = Lanes.interruptedBits(Memory.load(readings + 2 * i)) << 240;
                if (count - i < 16) bits &= ~(type(uint256).max >> (count - i));
                if (bits == 0) continue;
                added += _ones(bits);
                uint256 word = (first + i) / 256;
                uint256 shift = (first + i) % 256;
                store.intervals[key][word] |= bits >> shift;
                if (shift > 240) store.intervals[key][word + 1] |= bits << (256 - shift);
            }
        }
        store.records[key] += added << UNEXPLAINED;
    }

    /// @notice Take the interrupted intervals from `from_` to before `to` from those that nothing explains.
    /// @return count how many there were
    /// @return firstIs whether `from_` was one
    /// @return lastIs whether `to - 1` was one
    function explain(Store storage store, uint256 key, uint256 from_, uint256 to)
        internal
        returns (uint256 count, bool firstIs, bool lastIs)
    {
        mapping(uint256 word => uint256) storage intervals = store.intervals[key];
        firstIs = _has(intervals, from_);
        lastIs = _has(intervals, to - 1);
        for (uint256 word = from_ / 256; word <= (to - 1) / 256; ++word) {
            uint256 bits = type(uint256).max;
            if (word == from_ / 256) bits >>= from_ % 256;
            if (word == (to - 1) / 256) bits &= ~((type(uint256).max >> 1) >> ((to - 1) % 256));
            uint256 noted = intervals[word];
            bits &= noted;
            if (bits == 0) continue;
            count += _ones(bits);
            intervals[word] = noted ^ bits;
        }
    }

    function _has(mapping(uint256 word => uint256) storage intervals, uint256 interval) private view returns (bool) {
        return (intervals[interval / 256] << (interval % 256)) >> 255 != 0;
    }

    /// @dev How many bits are set: sums in ever wider fields.
    function _ones(uint256 bits) private pure returns (uint256) {
        // Can't overflow: each field holds the sum of its bits; the last product is modular by intent, and its top byte the
        // sum of all bytes but 256 itself, which is full.
        unchecked {
            if (bits == type(uint256).max) return 256;
            bits -= (bits >> 1) & 0x5555555555555555555555555555555555555555555555555555555555555555;
            bits = (bits & 0x3333333333333333333333333333333333333333333333333333333333333333)
                + ((bits >> 2) & 0x3333333333333333333333333333333333333333333333333333333333333333);
            bits = (bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f;
            return (bits * 0x0101010101010101010101010101010101010101010101010101010101010101) >> 248;
        }
    }
}
