// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice Which passes of the schedule have other bands at a place, and where their code is.
/// @dev A bit a pass says that it has, the first in the highest bit of its word, so that the next one is found without
/// asking each: a day without an override never comes here.
library Overrides {
    struct Place {
        /// The sequence of the last signed renomination.
        uint32 sequence;
        /// The number of the creation whose code holds the bands of a pass.
        mapping(uint256 pass => uint32) creations;
        mapping(uint256 word => uint256) passes;
    }

    function key(uint256 agreementId, uint256 place) internal pure returns (uint256) {
        return (agreementId << 8) | place;
    }

    function put(Place storage place, uint256 pass, uint32 creation) internal {
        place.creations[pass] = creation;
        place.passes[pass / 256] |= 1 << (255 - pass % 256);
    }

    /// @notice Where a report that begins with `next` must stop for other bands: at the first interval of the first pass
    /// with some, but not before `next`; `end` if no pass until then has.
    function stop(Place storage place, uint256 next, uint256 end, uint256 slots) internal view returns (uint256) {
        if (next >= end) return end;
        uint256 pass = next / slots;
        uint256 last = (end - 1) / slots;
        for (uint256 word = pass / 256; word <= last / 256; ++word) {
            uint256 bits = place.passes[word];
            if (word == pass / 256) bits &= type(uint256).max >> (pass % 256);
            if (bits == 0) continue;
            uint256 first = (word * 256 + _leadingZeros(bits)) * slots;
            if (first < next) return next;
            return first < end ? first : end;
        }
        return end;
    }

    function _leadingZeros(uint256 bits) private pure returns (uint256 zeros) {
        for (uint256 width = 128; width != 0; width /= 2) {
            if (bits >> (256 - width) == 0) {
                zeros += width;
                bits <<= width;
            }
        }
    }
}
