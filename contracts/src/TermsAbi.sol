// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IRecords} from "./IRecords.sol";
import {Memory} from "./Memory.sol";
import {TermsCode} from "./TermsCode.sol";

/// @notice The Terms and their hash, as the ABI has them, from the code that keeps them.
library TermsAbi {
    using TermsCode for uint256;

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
        terms.viewingKeyHash = code.viewingKeyHash();
        terms.bands = slice(code + TermsCode.HEADER, code.bandsLength());
    }

    /// @notice keccak256 of the ABI encoding of the Terms, `keccak256(abi.encode(decode(code, start)))`: what an acceptance
    /// names.
    /// @dev Not encoded again: {decode} leaves the Terms' words and right behind them the bands, padded, as the ABI has them.
    /// Before them comes the offset of the Terms, and in place of the bands' address their offset.
    function hash(uint256 code, uint256 start) internal pure returns (bytes32 result) {
        uint256 head = Memory.end();
        Memory.setEnd(head + 32);
        IRecords.Terms memory terms = decode(code, start);
        assembly ("memory-safe") {
            mstore(head, 32)
            mstore(add(terms, 672), 704)
            result := keccak256(head, sub(mload(0x40), head))
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
