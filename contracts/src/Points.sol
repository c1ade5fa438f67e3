// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice A metering point of an agreement in one storage slot, all that a compliant report reads and writes:
///
///     terms 32 | size 8 | start 40 | end 32 | next 32 | accrued 112
///
/// `terms` is the number of the terms' code and `size` the words of it that a report needs; `start` is the agreement's
/// first instant, `end` the number of intervals that count at this point, `next` the interval that the next report
/// must begin with, `accrued` the penalties for its readings. A slot of zero is no point.
/// @dev `accrued` can't overflow: an interval costs less than 2**64 + 2**64 * 2**15, and there are less than 2**32.
library Points {
    uint256 private constant NEXT = 112;
    uint256 private constant END = 144;
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
        return (terms_ << TERMS) | (size_ << SIZE) | (start_ << START) | (end_ << END);
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

    function end(uint256 point) internal pure returns (uint256) {
        return uint32(point >> END);
    }

    function next(uint256 point) internal pure returns (uint256) {
        return uint32(point >> NEXT);
    }

    function accrued(uint256 point) internal pure returns (uint256) {
        return uint112(point);
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

    /// @dev Never a later end: what is agreed can only be cut short.
    function endAt(uint256 point, uint256 end_) internal pure returns (uint256) {
        return end_ < end(point) ? point - ((end(point) - end_) << END) : point;
    }

    /// @dev Can't spill into `next`: see above.
    function charge(uint256 point, uint256 penalty) internal pure returns (uint256) {
        unchecked {
            return point + penalty;
        }
    }
}
