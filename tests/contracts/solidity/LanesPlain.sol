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
            } else {
                bool interrupted = reading >= 0x8000;
                if (interrupted) judgement.interrupted += 1;
                uint256 value = reading & 0x7FFF;
                if (value < lo && !interrupted) {
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

    function interruptedBits(uint256 word) external pure returns (uint256 fast_, uint256 plain_) {
        fast_ = Lanes.interruptedBits(word);
        for (uint256 i; i < 16; ++i) {
            uint256 reading = uint16(word >> (16 * i));
            if (reading >= 0x8000 && reading != 0xFFFF) plain_ |= 1 << i;
        }
    }

    function areBounds(bytes memory bands, uint256 slots, uint256 mostLeast, uint256 leastGreatest, uint256 capacity)
        external
        pure
        returns (bool fast_, bool plain_)
    {
        fast_ = Lanes.areBounds(
            _at(bands), slots, Lanes.each(mostLeast), Lanes.each(leastGreatest), Lanes.each(capacity)
        );
        plain_ = true;
        for (uint256 i; i < 2 * slots; i += 2) {
            (uint256 lo, uint256 hi) = (_lane(bands, i), _lane(bands, 2 * slots + i));
            if (lo > hi || hi > capacity || lo > mostLeast || hi < leastGreatest) plain_ = false;
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
