// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Memory} from "./Memory.sol";

/// @notice Terms as the code of an account of their own, so that a report reads them with one EXTCODECOPY:
///
///     0x00 (STOP, so that nobody can run it)
///     word 0   slots 16 | intervalSeconds 32 | intervals 32 | unitWh 32 | grace 32 | penalisedCauses 8 | points 8 |
///              discountExpiry 32 | missingPenalty 64
///     word 1   violationPenalty 64 | underRate 64 | overRate 64 | outagePenalty 64
///     word 2   outageMinutePenalty 64 | disputeWindow 32 | notice 32 | discountRatePpm 32; and where it would have
///              96 bits more, already:
///     bands
///     the consumer, then the device of each point: 20 bytes each
///
/// A byte of code costs 200 gas and a slot of storage 22,100, so all that is fixed for good is here, without padding. The
/// start is not, so that a later period can share the code. The contract creates nothing else, so the n-th terms have the
/// address of its n-th creation, and a point needs to keep only n.
library TermsCode {
    /// Of the header: where the bands begin.
    uint256 internal constant HEADER = 84;
    /// A week of quarter hours.
    uint256 internal constant MAX_SLOTS = 672;

    /// @notice Copy the first `size` words to `blob`, which must be free memory; nothing is allocated.
    /// @dev In assembly, here and in {load}: Solidity copies the code of another account to nowhere but new bytes.
    function copy(uint256 index, uint256 size, uint256 blob) internal view {
        uint256 account = accountOf(index);
        assembly ("memory-safe") {
            extcodecopy(account, blob, 1, shl(5, size))
        }
    }

    /// @notice Header, bands and parties in memory of their own, with a word behind them that a whole word read at the
    /// last address may touch.
    function load(uint256 index) internal view returns (uint256 blob) {
        uint256 account = accountOf(index);
        assembly ("memory-safe") {
            blob := mload(0x40)
            let length := sub(extcodesize(account), 1)
            extcodecopy(account, blob, 1, length)
            mstore(0x40, and(add(add(blob, length), 63), not(31)))
        }
    }

    /// @notice The address of this contract's creation number `index`, which counts from 1: CREATE takes the hash of
    /// the RLP of creator and nonce, made here in the scratch space of one word. Of the hash the low 160 bits are the
    /// address, and no opcode looks at the others.
    function accountOf(uint256 index) internal view returns (uint256 account) {
        assembly ("memory-safe") {
            // the list's head, the address's head, the address, and the number without leading zeros
            let head := shl(80, or(shl(160, 0xd694), address()))
            switch gt(index, 0x7f)
            case 0 {
                mstore(0, or(head, shl(72, index)))
                account := keccak256(0, 23)
            }
            default {
                // a number of more than seven bits has a head of its own
                let bytes_ := add(1, add(gt(index, 0xff), add(gt(index, 0xffff), gt(index, 0xffffff))))
                head := add(head, shl(248, bytes_))
                head := or(head, shl(72, add(0x80, bytes_)))
                mstore(0, or(head, shl(sub(72, shl(3, bytes_)), index)))
                account := keccak256(0, add(23, bytes_))
            }
        }
    }

    function word(uint256 blob, uint256 i) internal pure returns (uint256) {
        // Can't overflow: a memory address.
        unchecked {
            return Memory.load(blob + 32 * i);
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

    function points(uint256 word0) internal pure returns (uint256) {
        return uint8(word0 >> 96);
    }

    /// @notice Words of header and bands, which a report needs; the last may hold other things behind the bands.
    function words(uint256 word0) internal pure returns (uint256) {
        return (HEADER + 4 * slots(word0) + 31) / 32;
    }

    function discountExpiry(uint256 word0) internal pure returns (uint256) {
        return uint32(word0 >> 64);
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

    /// @notice The consumer, from what {load} has brought to `blob`.
    function consumer(uint256 blob) internal pure returns (address) {
        return _party(blob, 0);
    }

    /// @notice The devices, from what {load} has brought to `blob`.
    function devices(uint256 blob) internal pure returns (address[] memory list) {
        list = new address[](points(word(blob, 0)));
        for (uint256 i; i < list.length; ++i) list[i] = _party(blob, 1 + i);
    }

    function _party(uint256 blob, uint256 i) private pure returns (address) {
        return address(uint160(Memory.load(blob + HEADER + 4 * slots(word(blob, 0)) + 20 * i) >> 96));
    }
}
