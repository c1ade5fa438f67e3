// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice A meter's service at one place of an agreement in one storage slot, all that a compliant report reads and writes:
///
///     terms 32 | size 8 | start 40 | stop 16 | end 16 | next 16 | place 8 | flags 8 | accrued 112
///
/// `terms` is the number of the terms' code and `size` the words of it that a report needs; `start` is the agreement's
/// first instant, `end` the number of intervals that count at this point, `next` the interval that the next report
/// must begin with, `accrued` the penalties for its readings. `stop` is where the usual way of a report ends: the first
/// interval of the next pass with other bands, or `end`. A slot of zero is no point.
///
/// Where readings are sealed `stop` is 0, so that a report that anyone can read never goes the usual way; that some passes
/// have other bands says a flag.
///
/// When a pass gets other bands, only the present point of its place moves its `stop`, or is flagged: a replaced one has
/// none but begun intervals, which keep theirs.
/// @dev `accrued` can't overflow: an interval costs less than 2**64 + 2**64 * 2**15, and there are less than 2**16.
library Points {
    uint256 internal constant FAULTED = 1;
    uint256 internal constant REPLACED = 2;
    uint256 internal constant OVERRIDDEN = 4;

    uint256 private constant FLAGS = 112;
    uint256 private constant PLACE = 120;
    uint256 private constant NEXT = 128;
    uint256 private constant END = 144;
    uint256 private constant STOP = 160;
    uint256 private constant START = 176;
    uint256 private constant SIZE = 216;
    uint256 private constant TERMS = 224;

    function key(uint256 agreementId, address device) internal pure returns (uint256) {
        return key(agreementId, uint160(device));
    }

    function key(uint256 agreementId, uint256 device) internal pure returns (uint256) {
        return (agreementId << 160) | device;
    }

    function make(uint256 terms_, uint256 size_, uint256 start_, uint256 end_) internal pure returns (uint256) {
        return (terms_ << TERMS) | (size_ << SIZE) | (start_ << START) | (end_ << STOP) | (end_ << END);
    }

    /// @notice The same at a place.
    function atPlace(uint256 point, uint256 place_) internal pure returns (uint256) {
        return point | (place_ << PLACE);
    }

    function terms(uint256 point) internal pure returns (uint256) {
        return point >> TERMS;
    }

    function size(uint256 point) internal pure returns (uint256) {
        return uint8(point >> SIZE);
    }

    function start(uint256 point) internal pure returns (uint256) {
        return uint40(point >> START);
    }

    function stop(uint256 point) internal pure returns (uint256) {
        return uint16(point >> STOP);
    }

    function end(uint256 point) internal pure returns (uint256) {
        return uint16(point >> END);
    }

    function next(uint256 point) internal pure returns (uint256) {
        return uint16(point >> NEXT);
    }

    function place(uint256 point) internal pure returns (uint256) {
        return uint8(point >> PLACE);
    }

    function has(uint256 point, uint256 flag) internal pure returns (bool) {
        return point & (flag << FLAGS) != 0;
    }

    function accrued(uint256 point) internal pure returns (uint256) {
        return uint112(point);
    }

    function flagged(uint256 point, uint256 flag) internal pure returns (uint256) {
        return point | (flag << FLAGS);
    }

    /// @dev The caller has made sure that next + count <= end, so that `next` can't spill into `end`.
    function advance(uint256 point, uint256 count) internal pure returns (uint256) {
        unchecked {
            return point + (count << NEXT);
        }
    }

    /// @notice {advance} behind readings of `length` bytes, which the caller has made sure is even: two for an interval.
    function advanceBehind(uint256 point, uint256 length) internal pure returns (uint256) {
        unchecked {
            return point + (length << (NEXT - 1));
        }
    }

    function stopAt(uint256 point, uint256 stop_) internal pure returns (uint256) {
        return (point & ~(uint256(type(uint16).max) << STOP)) | (stop_ << STOP);
    }

    /// @dev Never a later end: what is agreed can only be cut short.
    function endAt(uint256 point, uint256 end_) internal pure returns (uint256) {
        if (end_ >= end(point)) return point;
        if (end_ < stop(point)) point = stopAt(point, end_);
        return point - ((end(point) - end_) << END);
    }

    /// @dev Can't spill into the flags: see above.
    function charge(uint256 point, uint256 penalty) internal pure returns (uint256) {
        unchecked {
            return point + penalty;
        }
    }
}
