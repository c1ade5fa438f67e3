// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IRecords} from "./IRecords.sol";
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
        uint256 free;
        assembly ("memory-safe") {
            free := mload(0x40)
        }
        // The offset of the tuple, its numbers, the offset of its bytes, their length, the bytes. Behind the free memory,
        // which is not kept.
        _put(free, 0, 32);
        _put(free, 1, start);
        _put(free, 2, head.intervalSeconds());
        _put(free, 3, head.intervals());
        _put(free, 4, head.unitWh());
        _put(free, 5, rates >> 192);
        _put(free, 6, uint64(rates >> 128));
        _put(free, 7, uint64(rates >> 64));
        _put(free, 8, uint64(rates));
        _put(free, 9, rest >> 192);
        _put(free, 10, uint8(head >> 104));
        _put(free, 11, head.missingPenalty());
        _put(free, 12, head.grace());
        _put(free, 13, rest.disputeWindow());
        _put(free, 14, rest.notice());
        _put(free, 15, rest.discountRatePpm());
        _put(free, 16, head.discountExpiry());
        _put(free, 17, 17 * 32);
        _put(free, 18, 4 * head.slots());
        uint256 end = _copy(blob + TermsCode.HEADER, 4 * head.slots(), free + 32 * 19);
        assembly ("memory-safe") {
            digest := keccak256(free, sub(end, free))
        }
    }

    function _put(uint256 memory_, uint256 i, uint256 value) private pure {
        assembly ("memory-safe") {
            mstore(add(memory_, shl(5, i)), value)
        }
    }

    /// @dev A copy of `length` bytes of memory.
    function _slice(uint256 blob, uint256 length) private pure returns (bytes memory data) {
        uint256 to;
        assembly ("memory-safe") {
            data := mload(0x40)
            mstore(data, length)
            to := add(data, 32)
        }
        to = _copy(blob, length, to);
        assembly ("memory-safe") {
            mstore(0x40, to)
        }
    }

    /// @dev Copies `length` bytes to free memory; what the last word has behind them becomes zero.
    function _copy(uint256 from, uint256 length, uint256 to) private pure returns (uint256 end) {
        assembly ("memory-safe") {
            end := add(to, length)
            for {} lt(to, end) {} {
                mstore(to, mload(from))
                from := add(from, 32)
                to := add(to, 32)
            }
            // `to` is the end of the last word now
            mstore(end, 0)
            end := to
        }
    }
}
