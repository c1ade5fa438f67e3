// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Lanes} from "../src/Lanes.sol";

/// @notice What halmos proves of the lane arithmetic, for all values: see prove.py.
contract LanesProof {
    /// One whole word of sixteen readings, with any bounds that the terms admit.
    function check_withinIsThePlainDefinition(uint256 readings, uint256 least, uint256 greatest) public pure {
        require((least | greatest) & Lanes.HIGH == 0);
        bool plain = true;
        for (uint256 lane; lane < 16; ++lane) {
            uint256 value = _lane(readings, lane);
            plain = plain && value < 0x8000 && value >= _lane(least, lane) && value <= _lane(greatest, lane);
        }
        uint256 a = _inMemory(readings, least, greatest);
        assert(Lanes.within(a, 32, a + 32, a + 64, Lanes.HIGH) == plain);
    }

    /// A word of which only the first readings count.
    function check_whatIsBehindTheLengthDoesNotCount(uint256 readings, uint256 least, uint256 greatest) public pure {
        require((least | greatest) & Lanes.HIGH == 0);
        bool plain = true;
        for (uint256 lane = 11; lane < 16; ++lane) {
            uint256 value = _lane(readings, lane);
            plain = plain && value < 0x8000 && value >= _lane(least, lane) && value <= _lane(greatest, lane);
        }
        uint256 a = _inMemory(readings, least, greatest);
        assert(Lanes.within(a, 10, a + 32, a + 64, Lanes.HIGH) == plain);
    }

    function check_boundsAreBounds(uint256 least, uint256 greatest) public pure {
        bool plain = true;
        for (uint256 lane; lane < 16; ++lane) {
            plain = plain && _lane(greatest, lane) < 0x8000 && _lane(least, lane) <= _lane(greatest, lane);
        }
        uint256 a = _inMemory(least, greatest, 0);
        assert(Lanes.areBounds(a, 16) == plain);
    }

    /// The lowest lane is the last interval.
    function _lane(uint256 word, uint256 lane) private pure returns (uint256) {
        return (word >> (16 * lane)) & 0xFFFF;
    }

    function _inMemory(uint256 x, uint256 y, uint256 z) private pure returns (uint256 a) {
        assembly ("memory-safe") {
            a := mload(0x40)
            mstore(a, x)
            mstore(add(a, 32), y)
            mstore(add(a, 64), z)
            mstore(0x40, add(a, 96))
        }
    }
}
