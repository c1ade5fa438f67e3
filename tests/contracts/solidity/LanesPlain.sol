// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Lanes} from "../src/Lanes.sol";

/// @notice What Lanes means, lane by lane, in plain Solidity; and a door to both, for the tests.
contract LanesPlain {
    function fast(bytes memory readings, bytes memory least, bytes memory greatest)
        external
        pure
        returns (bool within, Lanes.Judgement memory judgement)
    {
        (uint256 a, uint256 b, uint256 c) = (_at(readings), _at(least), _at(greatest));
        within = Lanes.within(a, readings.length, b, c, Lanes.HIGH);
        judgement = Lanes.judge(a, readings.length, b, c, Lanes.HIGH);
    }

    function plain(bytes memory readings, bytes memory least, bytes memory greatest)
        external
        pure
        returns (bool within, Lanes.Judgement memory judgement)
    {
        within = true;
        for (uint256 i; i < readings.length; i += 2) {
            uint256 reading = _lane(readings, i);
            (uint256 lo, uint256 hi) = (_lane(least, i), _lane(greatest, i));
            if (reading >= 0x8000) within = false;
            if (reading == 0xFFFF) {
                judgement.noData += 1;
            } else if (reading == 0xFFFE) {
                judgement.noSupply += 1;
            } else {
                uint256 value = reading & 0x7FFF;
                if (value < lo) {
                    within = false;
                    judgement.under += 1;
                    judgement.underUnits += lo - value;
                } else if (value > hi) {
                    within = false;
                    judgement.over += 1;
                    judgement.overUnits += value - hi;
                }
            }
        }
    }

    function noSupplyBits(uint256 word) external pure returns (uint256 fast_, uint256 plain_) {
        fast_ = Lanes.noSupplyBits(word);
        for (uint256 i; i < 16; ++i) {
            if (uint16(word >> (16 * i)) == 0xFFFE) plain_ |= 1 << i;
        }
    }

    function areBounds(bytes memory bands) external pure returns (bool fast_, bool plain_) {
        uint256 slots = bands.length / 4;
        fast_ = Lanes.areBounds(_at(bands), slots);
        plain_ = true;
        for (uint256 i; i < 2 * slots; i += 2) {
            (uint256 lo, uint256 hi) = (_lane(bands, i), _lane(bands, 2 * slots + i));
            if (lo > hi || hi > 0x7FFF) plain_ = false;
        }
    }

    function _lane(bytes memory lanes, uint256 i) private pure returns (uint256) {
        return (uint256(uint8(lanes[i])) << 8) | uint8(lanes[i + 1]);
    }

    function _at(bytes memory data) private pure returns (uint256 position) {
        assembly ("memory-safe") {
            position := add(data, 32)
        }
    }
}
