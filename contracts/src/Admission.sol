// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Domain} from "./Domain.sol";
import {IMeters} from "./IMeters.sol";
import {Memory} from "./Memory.sol";
import {OpenedReport} from "./OpenedReport.sol";
import {Points} from "./Points.sol";
import {Tally} from "./Tally.sol";
import {TermsCode} from "./TermsCode.sol";

/// @notice Whether a report is taken: once in prose, with the reason, and once without a branch, for the usual report.
/// @dev Refusals are values (the error's selector and its two arguments) until the last moment, so that `submit` can
/// revert with them, a batch skip with them and `check` return them, all by the same code.
abstract contract Admission is Tally, Domain, IMeters {
    using Points for uint256;
    using TermsCode for uint256;

    /// @dev Whether a point takes the opened report, `length` bytes of readings long: 0, or why not. `hash` is
    /// the code hash of the account with its terms; of a report that is `sealed_`, with the bands by which it is to be judged.
    function _admit(uint256 point_, uint256 terms, uint256 hash, uint256 length, bool sealed_)
        internal
        view
        returns (bytes32, uint256, uint256)
    {
        uint256 agreementId = OpenedReport.agreementId();
        uint256 device = OpenedReport.signer();
        uint256 most = OpenedReport.MAX_READINGS;
        if (length == 0 || length & 1 != 0 || length > most) return (BadLength.selector, length, most);
        if (device == 0 || OpenedReport.excess() != 0) return (BadSignature.selector, 0, 0);
        if (point_ == 0) return (UnknownDevice.selector, device, agreementId);
        if (terms.isSealed() != sealed_) return (OtherForm.selector, agreementId, sealed_ ? 0 : 1);
        // Can't overflow: every number here has at most 64 bits, and a slot is less than the number of slots.
        unchecked {
            uint256 believed = Memory.load(OpenedReport.START);
            if (believed != point_.start()) return (OtherStart.selector, point_.start(), believed);
            believed = Memory.load(OpenedReport.TERMS);
            uint256 held = (hash >> 128) << 128;
            if (believed != held) return (OtherTerms.selector, held, believed);
            uint256 first = Memory.load(OpenedReport.FIRST);
            if (first != point_.next()) return (WrongSequence.selector, point_.next(), first);
            uint256 count = length >> 1;
            uint256 left = terms.slots() - first % terms.slots();
            if (count > left) return (BeyondSchedule.selector, left, count);
            if (first >= point_.end()) return (OutsideTerm.selector, point_.end(), first + count);
            uint256 ended = point_.start() + (first + count) * terms.intervalSeconds();
            if (ended > block.timestamp) return (FromTheFuture.selector, ended, block.timestamp);
            uint256 until = _reportsUntil(point_.start(), terms);
            if (block.timestamp > until) return (TooLate.selector, until, block.timestamp);
        }
        return (0, 0, 0);
    }

    /// @dev What hinders a report from going the usual way: 0 if {_admit} takes it and all of it lies before the point's
    /// `stop`, so that it is judged by the agreed bands, and nothing of it is cut off. Else it goes the long way, where
    /// {_admit} says why. A point of zero stops at 0, before the end of any report; more readings than the longest schedule
    /// has fit none. A test holds the two equal.
    /// @param hash the code hash of the account with the terms
    /// @return wrong what it is, by any bit that is set
    /// @return slot of the report's first interval
    function _hindrance(uint256 point_, uint256 terms, uint256 hash, uint256 length)
        internal
        view
        returns (uint256 wrong, uint256 slot)
    {
        (uint256 slots, uint256 interval, uint256 open) = terms.timing();
        uint256 start = point_.start();
        uint256 usualEnd = point_.stop();
        uint256 next = point_.next();
        uint256 excess = OpenedReport.excess();
        uint256 first = Memory.load(OpenedReport.FIRST);
        uint256 believedStart = Memory.load(OpenedReport.START);
        uint256 believedHash = Memory.load(OpenedReport.TERMS);
        assembly ("memory-safe") {
            let count := shr(1, length)
            let last := add(first, count)
            wrong := or(excess, or(iszero(length), and(length, 1)))
            wrong := or(wrong, or(xor(start, believedStart), xor(shl(128, shr(128, hash)), believedHash)))
            wrong := or(wrong, or(xor(first, next), gt(last, usualEnd)))
            slot := mod(first, slots)
            wrong := or(wrong, gt(add(slot, count), slots))
            wrong := or(wrong, gt(add(start, mul(last, interval)), timestamp()))
            wrong := or(wrong, gt(timestamp(), add(start, open)))
        }
    }

    /// @dev The key of the point for which the opened report is.
    function _reportedKey() internal pure returns (uint256) {
        return Points.key(OpenedReport.agreementId(), OpenedReport.signer());
    }

    /// @dev Where `_points[key]` is, found once for reading and writing.
    function _position(uint256 key) internal pure returns (uint256 position) {
        assembly ("memory-safe") {
            mstore(0, key)
            mstore(32, _points.slot)
            position := keccak256(0, 64)
        }
    }

    function _store(uint256 position, uint256 value) internal {
        assembly ("memory-safe") {
            sstore(position, value)
        }
    }

    function _stored(uint256 position) internal view returns (uint256 value) {
        assembly ("memory-safe") {
            value := sload(position)
        }
    }

    /// @dev All refusals have two arguments, but BadSignature has none.
    function _refuse(bytes32 reason, uint256 a, uint256 b) internal pure {
        if (reason == BadSignature.selector) revert BadSignature();
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, reason)
            mstore(add(m, 4), a)
            mstore(add(m, 36), b)
            revert(m, 68)
        }
    }

    /// @dev The calldata position of a tuple, as Solidity's own decoder finds it, but for the checks: see {OpenedReport}.
    function _item(uint256 list, uint256 entry) internal pure returns (uint256 item) {
        assembly ("memory-safe") {
            item := add(list, calldataload(entry))
        }
    }
}
