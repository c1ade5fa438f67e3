// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Domain} from "./Domain.sol";
import {IMeters} from "./IMeters.sol";
import {Records} from "./Records.sol";

/// @notice What taking a message begins and ends with, whatever its kind.
/// @dev Refusals are values (the error's selector and its two arguments) until the last moment, so that `submit` can
/// revert with them, a batch skip with them and `check` return them, all by the same code.
abstract contract Intake is Records, Domain, IMeters {
    /// @dev Where `_points[key]` is, found once for reading and writing.
    function _position(uint256 key) internal pure returns (uint256 position) {
        assembly ("memory-safe") {
            mstore(0, key)
            mstore(32, _points.slot)
            position := keccak256(0, 64)
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
}
