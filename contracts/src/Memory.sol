// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice Words of memory by their address, for which Solidity has no words: hence the assembly.
library Memory {
    function load(uint256 position) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(position)
        }
    }

    /// @dev To memory of the caller's own, or behind the end of the memory in use.
    function store(uint256 position, uint256 value) internal pure {
        assembly ("memory-safe") {
            mstore(position, value)
        }
    }

    /// @notice Two bytes at a position, big-endian.
    function store16(uint256 position, uint256 value) internal pure {
        assembly ("memory-safe") {
            mstore8(position, shr(8, value))
            mstore8(add(position, 1), value)
        }
    }

    /// @notice Where bytes begin, behind their length.
    function dataOf(bytes memory data) internal pure returns (uint256 position) {
        assembly ("memory-safe") {
            position := add(data, 32)
        }
    }

    /// @notice The end of the memory in use.
    function end() internal pure returns (uint256 position) {
        assembly ("memory-safe") {
            position := mload(0x40)
        }
    }

    /// @notice Move the end of the memory in use; back only when nothing beyond is needed any more.
    function setEnd(uint256 position) internal pure {
        assembly ("memory-safe") {
            mstore(0x40, position)
        }
    }
}
