// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IRecords} from "./IRecords.sol";
import {Memory} from "./Memory.sol";
import {TermsCode} from "./TermsCode.sol";

/// @notice The Terms and their hash, as the ABI has them, from the code that keeps them.
library TermsAbi {
    using TermsCode for uint256;

    /// Words of the tuple: its numbers, then the offset of its bytes.
    uint256 private constant FIELDS = 21;

    /// @notice The Terms again, from what {TermsCode.load} has brought.
    function decode(uint256 code, uint256 start) internal pure returns (IRecords.Terms memory terms) {
        terms.start = uint40(start);
        terms.intervalSeconds = uint32(code.intervalSeconds());
        terms.intervals = uint32(code.intervals());
        terms.unitWh = uint32(code.unitWh());
        terms.violationPenalty = uint64(code.violationPenalty());
        terms.underRate = uint64(code.underRate());
        terms.overRate = uint64(code.overRate());
        terms.outagePenalty = uint64(code.outagePenalty());
        terms.outageMinutePenalty = uint64(code.outageMinutePenalty());
        terms.penalisedCauses = uint8(code.penalisedCauses());
        terms.missingPenalty = uint64(code.missingPenalty());
        terms.grace = uint32(code.grace());
        terms.disputeWindow = uint32(code.disputeWindow());
        terms.notice = uint32(code.notice());
        terms.discountRatePpm = uint32(code.discountRatePpm());
        terms.discountExpiry = uint32(code.discountExpiry());
        terms.capacityUnits = uint16(code.capacityUnits());
        terms.raiseUnits = uint16(code.raiseUnits());
        terms.leadSeconds = uint32(code.leadSeconds());
        terms.faultLookback = uint32(code.faultLookback());
        terms.bands = slice(code + TermsCode.HEADER, 4 * code.slots());
    }

    /// @notice keccak256 of the ABI encoding of the Terms, `keccak256(abi.encode(decode(code, start)))`, without making
    /// the Terms first: what an acceptance names.
    function hash(uint256 code, uint256 start) internal pure returns (bytes32 digest) {
        uint256 free = Memory.end();
        uint256 length = 4 * code.slots();
        // The offset of the tuple, its numbers, the offset of its bytes, their length, the bytes; in memory that is free
        // again at once. Can't overflow: memory addresses.
        uint256 end;
        unchecked {
            Memory.store(free + 0, 32);
            Memory.store(free + 32, start);
            Memory.store(free + 64, code.intervalSeconds());
            Memory.store(free + 96, code.intervals());
            Memory.store(free + 128, code.unitWh());
            Memory.store(free + 160, code.violationPenalty());
            Memory.store(free + 192, code.underRate());
            Memory.store(free + 224, code.overRate());
            Memory.store(free + 256, code.outagePenalty());
            Memory.store(free + 288, code.outageMinutePenalty());
            Memory.store(free + 320, code.penalisedCauses());
            Memory.store(free + 352, code.missingPenalty());
            Memory.store(free + 384, code.grace());
            Memory.store(free + 416, code.disputeWindow());
            Memory.store(free + 448, code.notice());
            Memory.store(free + 480, code.discountRatePpm());
            Memory.store(free + 512, code.discountExpiry());
            Memory.store(free + 544, code.capacityUnits());
            Memory.store(free + 576, code.raiseUnits());
            Memory.store(free + 608, code.leadSeconds());
            Memory.store(free + 640, code.faultLookback());
            Memory.store(free + 672, 32 * FIELDS);
            Memory.store(free + 704, length);
            end = _copy(code + TermsCode.HEADER, length, free + 736);
        }
        // of memory that no bytes hold
        assembly ("memory-safe") {
            digest := keccak256(free, sub(end, free))
        }
    }

    /// @notice A copy of `length` bytes of memory.
    function slice(uint256 from, uint256 length) internal pure returns (bytes memory data) {
        uint256 free = Memory.end();
        Memory.store(free, length);
        Memory.setEnd(_copy(from, length, free + 32));
        assembly ("memory-safe") {
            data := free
        }
    }

    /// @dev Copies `length` bytes to free memory, a word at a time; what the last word has behind them becomes zero.
    function _copy(uint256 from, uint256 length, uint256 to) private pure returns (uint256) {
        // Can't overflow: memory addresses.
        unchecked {
            uint256 end = to + length;
            for (; to < end; to += 32) {
                Memory.store(to, Memory.load(from));
                from += 32;
            }
            Memory.store(end, 0);
        }
        return to;
    }
}
