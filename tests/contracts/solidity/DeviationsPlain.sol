// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Deviations} from "../src/Deviations.sol";
import {Lanes} from "../src/Lanes.sol";

/// @notice What Deviations.read means, word by word, in plain Solidity; and a door to both, for the tests.
contract DeviationsPlain {
    function fast(bytes memory words, uint256 count, uint256 taken)
        external
        pure
        returns (bool bad, Lanes.Judgement memory judgement)
    {
        uint256 position;
        assembly ("memory-safe") {
            position := add(words, 32)
        }
        (judgement, bad) = Deviations.read(position, words.length, count, taken);
    }

    function plain(bytes memory words, uint256 count, uint256 taken)
        external
        pure
        returns (bool bad, Lanes.Judgement memory judgement)
    {
        uint256 least;
        for (uint256 i; i < words.length; i += 4) {
            uint256 word = _byte(words, i) << 24 | _byte(words, i + 1) << 16 | _byte(words, i + 2) << 8
                | _byte(words, i + 3);
            (uint256 kind, uint256 offset, uint256 units) = (word >> 28, (word >> 16) & 0xFFF, word & 0xFFFF);
            if (kind > 3 || offset < least || offset >= count) bad = true;
            if (kind < 2 && (units == 0 || units > 0x7FFF)) bad = true;
            if (kind == 2 && units > 0x7FFE) bad = true;
            if (kind == 3 && units != 0) bad = true;
            least = offset + 1;
            if (offset >= taken) continue;
            if (kind == 0) {
                judgement.over += 1;
                judgement.overUnits += units;
            } else if (kind == 1) {
                judgement.under += 1;
                judgement.underUnits += units;
            } else if (kind == 2) {
                judgement.interrupted += 1;
                judgement.overUnits += units;
                if (units > 0) judgement.over += 1;
            } else if (kind == 3) {
                judgement.noData += 1;
            }
        }
    }

    function _byte(bytes memory data, uint256 i) private pure returns (uint256) {
        return uint8(data[i]);
    }
}
