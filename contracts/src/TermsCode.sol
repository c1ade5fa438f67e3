// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IRecords} from "./IRecords.sol";
import {Lanes} from "./Lanes.sol";

/// @notice Terms as the code of an account of their own, so that a report reads them with one EXTCODECOPY:
///
///     0x00 (STOP, so that nobody can run it)
///     word 0   slots 16 | intervalSeconds 32 | intervals 32 | unitWh 32 | grace 32 | penalisedCauses 8 | 0 40 |
///              missingPenalty 64
///     word 1   violationPenalty 64 | underRate 64 | overRate 64 | outagePenalty 64
///     word 2   outageMinutePenalty 64 | disputeWindow 32 | notice 32 | discountRatePpm 32 | discountExpiry 32 | 0 64
///     bands, padded to whole words
///     devices, a word each
///
/// The start is not in it, so that a later period can share the code. The contract creates nothing else, so the
/// n-th terms have the address of its n-th creation, and a point needs to keep only n.
library TermsCode {
    uint256 internal constant HEADER_WORDS = 3;
    /// A week of quarter hours.
    uint256 internal constant MAX_SLOTS = 672;

    /// @notice Check and store terms and devices as creation number `index`.
    /// @return size words of header and bands
    function store(IRecords.Terms calldata terms, address[] calldata devices_, uint256 index)
        internal
        returns (uint256 size)
    {
        uint256 count = terms.bands.length / 4;
        _validate(terms, count);
        size = HEADER_WORDS + (terms.bands.length + 31) / 32;
        bytes memory bands = terms.bands;
        bytes memory padding = new bytes(32 * (size - HEADER_WORDS) - bands.length);
        uint256 bandsAt;
        assembly ("memory-safe") {
            bandsAt := add(bands, 32)
        }
        if (!Lanes.areBounds(bandsAt, count)) revert IRecords.InvalidTerms("bands");
        bytes memory code = bytes.concat(
            hex"00",
            abi.encodePacked(
                uint16(count),
                terms.intervalSeconds,
                terms.intervals,
                terms.unitWh,
                terms.grace,
                terms.penalisedCauses,
                uint40(0),
                terms.missingPenalty
            ),
            abi.encodePacked(terms.violationPenalty, terms.underRate, terms.overRate, terms.outagePenalty),
            abi.encodePacked(
                terms.outageMinutePenalty,
                terms.disputeWindow,
                terms.notice,
                terms.discountRatePpm,
                terms.discountExpiry,
                uint64(0)
            ),
            bands,
            padding,
            abi.encodePacked(devices_)
        );
        // PUSH2 length, DUP1, PUSH1 10, RETURNDATASIZE, CODECOPY, RETURNDATASIZE, RETURN: return what follows.
        bytes memory creation = abi.encodePacked(hex"61", uint16(code.length), hex"80600a3d393df3", code);
        address account;
        assembly ("memory-safe") {
            account := create(0, add(creation, 32), mload(creation))
        }
        if (account == address(0) || account != accountOf(index)) revert IRecords.TermsNotStored();
    }

    /// @notice Copy the first `size` words to `blob`, which must be free memory; nothing is allocated.
    function copy(uint256 index, uint256 size, uint256 blob) internal view {
        address account = accountOf(index);
        assembly ("memory-safe") {
            extcodecopy(account, blob, 1, shl(5, size))
        }
    }

    /// @notice Header, bands and devices in memory of their own.
    function load(uint256 index) internal view returns (uint256 blob) {
        address account = accountOf(index);
        assembly ("memory-safe") {
            blob := mload(0x40)
            let length := sub(extcodesize(account), 1)
            extcodecopy(account, blob, 1, length)
            mstore(0x40, add(blob, length))
        }
    }

    /// @notice The address of this contract's creation number `index`, which counts from 1: CREATE takes the hash of
    /// the RLP of creator and nonce.
    function accountOf(uint256 index) internal view returns (address account) {
        assembly ("memory-safe") {
            // the list's head, the address's head, the address, and the number without leading zeros
            let head := shl(80, or(shl(160, 0xd694), address()))
            let length := 23
            switch lt(index, 0x80)
            case 1 { head := or(head, shl(72, index)) }
            default {
                let bytes_ := add(1, add(gt(index, 0xff), add(gt(index, 0xffff), gt(index, 0xffffff))))
                head := add(head, shl(248, bytes_))
                head := or(head, shl(72, add(0x80, bytes_)))
                head := or(head, shl(sub(72, shl(3, bytes_)), index))
                length := add(length, bytes_)
            }
            mstore(0, head)
            account := and(keccak256(0, length), 0xffffffffffffffffffffffffffffffffffffffff)
        }
    }

    function word(uint256 blob, uint256 i) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(add(blob, shl(5, i)))
        }
    }

    // Word 0

    function slots(uint256 word0) internal pure returns (uint256) {
        return word0 >> 240;
    }

    function intervalSeconds(uint256 word0) internal pure returns (uint256) {
        return uint32(word0 >> 208);
    }

    function intervals(uint256 word0) internal pure returns (uint256) {
        return uint32(word0 >> 176);
    }

    function unitWh(uint256 word0) internal pure returns (uint256) {
        return uint32(word0 >> 144);
    }

    function grace(uint256 word0) internal pure returns (uint256) {
        return uint32(word0 >> 112);
    }

    function penalises(uint256 word0, uint256 cause) internal pure returns (bool) {
        return (word0 >> (104 + cause)) & 1 != 0;
    }

    function missingPenalty(uint256 word0) internal pure returns (uint256) {
        return uint64(word0);
    }

    // Word 2

    function disputeWindow(uint256 word2) internal pure returns (uint256) {
        return uint32(word2 >> 160);
    }

    function notice(uint256 word2) internal pure returns (uint256) {
        return uint32(word2 >> 128);
    }

    function discountRatePpm(uint256 word2) internal pure returns (uint256) {
        return uint32(word2 >> 96);
    }

    function discountExpiry(uint256 word2) internal pure returns (uint256) {
        return uint32(word2 >> 64);
    }

    /// @notice The devices behind header and bands, which {load} has brought to `blob`.
    function devices(uint256 blob, uint256 size, uint256 count) internal pure returns (address[] memory list) {
        list = new address[](count);
        for (uint256 i; i < count; ++i) list[i] = address(uint160(word(blob, size + i)));
    }

    /// @notice The Terms again, from what {load} has brought to `blob`.
    function decode(uint256 blob, uint256 start) internal pure returns (IRecords.Terms memory terms) {
        uint256 head = word(blob, 0);
        terms.start = uint40(start);
        terms.intervalSeconds = uint32(intervalSeconds(head));
        terms.intervals = uint32(intervals(head));
        terms.unitWh = uint32(unitWh(head));
        terms.grace = uint32(grace(head));
        terms.penalisedCauses = uint8(head >> 104);
        terms.missingPenalty = uint64(missingPenalty(head));
        uint256 length = 4 * slots(head);
        head = word(blob, 1);
        terms.violationPenalty = uint64(head >> 192);
        terms.underRate = uint64(head >> 128);
        terms.overRate = uint64(head >> 64);
        terms.outagePenalty = uint64(head);
        head = word(blob, 2);
        terms.outageMinutePenalty = uint64(head >> 192);
        terms.disputeWindow = uint32(disputeWindow(head));
        terms.notice = uint32(notice(head));
        terms.discountRatePpm = uint32(discountRatePpm(head));
        terms.discountExpiry = uint32(discountExpiry(head));
        terms.bands = slice(blob + 32 * HEADER_WORDS, length);
    }

    /// @notice A copy of `length` bytes of memory.
    function slice(uint256 blob, uint256 length) internal pure returns (bytes memory data) {
        data = new bytes(length);
        for (uint256 i; i < length; i += 32) {
            assembly ("memory-safe") {
                // the last word is cut to the length, so that the bytes past it stay zero
                let rest := sub(length, i)
                let value := mload(add(blob, i))
                if lt(rest, 32) { value := and(value, not(shr(shl(3, rest), not(0)))) }
                mstore(add(add(data, 32), i), value)
            }
        }
    }

    function _validate(IRecords.Terms calldata terms, uint256 slots_) private view {
        if (terms.bands.length % 4 != 0 || slots_ == 0 || slots_ > MAX_SLOTS) revert IRecords.InvalidTerms("bands");
        if (terms.intervalSeconds == 0) revert IRecords.InvalidTerms("intervalSeconds");
        if (terms.intervals == 0) revert IRecords.InvalidTerms("intervals");
        if (terms.unitWh == 0) revert IRecords.InvalidTerms("unitWh");
        if (terms.penalisedCauses > 7) revert IRecords.InvalidTerms("penalisedCauses");
        // A discount above the remaining bonus could not be paid from an escrow.
        if (terms.discountRatePpm > 1_000_000) revert IRecords.InvalidTerms("discountRatePpm");
        uint256 settlesAt = uint256(terms.start) + uint256(terms.intervals) * terms.intervalSeconds + terms.grace
            + terms.disputeWindow;
        validateStart(terms.start, settlesAt);
    }

    /// @notice A term begins in the future, and is settled before the end of time.
    function validateStart(uint256 start, uint256 settlesAt) internal view {
        if (start <= block.timestamp) revert IRecords.AlreadyStarted(start, block.timestamp);
        if (settlesAt > type(uint40).max) revert IRecords.InvalidTerms("start");
    }
}
