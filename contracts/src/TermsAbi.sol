// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IRecords} from "./IRecords.sol";
import {Memory} from "./Memory.sol";
import {TermsCode} from "./TermsCode.sol";

/// @notice The Terms and their hash, as the ABI has them, from the code that keeps them.
library TermsAbi {
    using TermsCode for uint256;

    /// @notice The Terms again, from what {load} has brought to `blob`.
    function decode(uint256 blob, uint256 start) internal pure returns (IRecords.Terms memory terms) {
        uint256 head = blob.word(0);
        terms.start = uint40(start);
        terms.intervalSeconds = uint32(head.intervalSeconds());
        terms.intervals = uint32(head.intervals());
        terms.unitWh = uint32(head.unitWh());
        terms.grace = uint32(head.grace());
        terms.penalisedCauses = uint8(head >> 104);
        terms.missingPenalty = uint64(head.missingPenalty());
        terms.discountExpiry = uint32(head.discountExpiry());
        uint256 length = 4 * head.slots();
        head = blob.word(1);
        terms.violationPenalty = uint64(head >> 192);
        terms.underRate = uint64(head >> 128);
        terms.overRate = uint64(head >> 64);
        terms.outagePenalty = uint64(head);
        head = blob.word(2);
        terms.outageMinutePenalty = uint64(head >> 192);
        terms.disputeWindow = uint32(head.disputeWindow());
        terms.notice = uint32(head.notice());
        terms.discountRatePpm = uint32(head.discountRatePpm());
        terms.bands = _slice(blob + TermsCode.HEADER, length);
    }

    /// @notice keccak256 of the ABI encoding of the Terms, `keccak256(abi.encode(decode(blob, start)))`, without making
    /// the Terms first: what an acceptance names.
    function hash(uint256 blob, uint256 start) internal pure returns (bytes32 digest) {
        uint256 head = blob.word(0);
        uint256 rates = blob.word(1);
        uint256 rest = blob.word(2);
        uint256 free = Memory.end();
        // The offset of the tuple, its numbers, the offset of its bytes, their length, the bytes; in memory that is free
        // again at once. Can't overflow: memory addresses.
        uint256 end;
        unchecked {
            Memory.store(free + 0, 32);
            Memory.store(free + 32, start);
            Memory.store(free + 64, head.intervalSeconds());
            Memory.store(free + 96, head.intervals());
            Memory.store(free + 128, head.unitWh());
            Memory.store(free + 160, rates >> 192);
            Memory.store(free + 192, uint64(rates >> 128));
            Memory.store(free + 224, uint64(rates >> 64));
            Memory.store(free + 256, uint64(rates));
            Memory.store(free + 288, rest >> 192);
            Memory.store(free + 320, uint8(head >> 104));
            Memory.store(free + 352, head.missingPenalty());
            Memory.store(free + 384, head.grace());
            Memory.store(free + 416, rest.disputeWindow());
            Memory.store(free + 448, rest.notice());
            Memory.store(free + 480, rest.discountRatePpm());
            Memory.store(free + 512, head.discountExpiry());
            Memory.store(free + 544, 17 * 32);
            Memory.store(free + 576, 4 * head.slots());
            end = _copy(blob + TermsCode.HEADER, 4 * head.slots(), free + 32 * 19);
        }
        // of memory that no bytes hold
        assembly ("memory-safe") {
            digest := keccak256(free, sub(end, free))
        }
    }

    /// @dev A copy of `length` bytes of memory.
    function _slice(uint256 blob, uint256 length) private pure returns (bytes memory data) {
        uint256 free = Memory.end();
        Memory.store(free, length);
        Memory.setEnd(_copy(blob, length, free + 32));
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
