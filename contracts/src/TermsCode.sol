// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Memory} from "./Memory.sol";

/// @notice Terms as the code of an account of their own, so that a report reads them with one EXTCODECOPY:
///
///     0x00 (STOP, so that nobody can run it)
///     word 0   slots 16 | intervalSeconds 32 | sealed 16 | intervals 16 | unitWh 32 | grace 32 | penalisedCauses 8 | points 8 |
///              discountExpiry 32 | missingPenalty 64
///     word 1   violationPenalty 64 | underRate 64 | overRate 64 | outagePenalty 64
///     word 2   outageMinutePenalty 64 | disputeWindow 32 | notice 32 | discountRatePpm 32 | leadSeconds 32 |
///              faultLookback 32 | capacityUnits 16 | raiseUnits 16
///     bands
///     the consumer, then the device of each point: 20 bytes each
///
/// If readings are sealed, `sealed` is 1, the bands are ciphertext and their nonce of 16 bytes follows them, and at the end
/// is the hash of the viewing key. Nothing of that is needed for a report.
///
/// A byte of code costs 200 gas and a slot of storage 22,100, so all that is fixed for good is here, without padding. The
/// start is not, so that a later period can share the code. An override of the bands of one pass is code alike, without
/// the parties and the key's hash. The contract creates nothing else, so the n-th terms have the address of its n-th
/// creation, and a point needs to keep only n.
/// @dev Everything here takes the memory address to which {copy} or {load} has brought the code.
library TermsCode {
    /// Of the header: where the bands begin.
    uint256 internal constant HEADER = 96;
    /// Of sealed bands: the bytes that follow them.
    uint256 internal constant NONCE = 16;
    /// A week of quarter hours.
    uint256 internal constant MAX_SLOTS = 672;
    /// What a point's `stop`, `end` and `next` can hold.
    uint256 internal constant MAX_INTERVALS = type(uint16).max;

    /// @notice Copy the first `size` words of creation number `index` to `terms`, which must be free memory; nothing is
    /// allocated.
    /// @dev In assembly, here and in {load}: Solidity copies the code of another account to nowhere but new bytes.
    function copy(uint256 index, uint256 size, uint256 terms) internal view returns (uint256 account) {
        account = accountOf(index);
        assembly ("memory-safe") {
            extcodecopy(account, terms, 1, shl(5, size))
        }
    }

    /// @notice Copy the header and bands of creation number `index` over those of terms that have as many slots.
    function copyBands(uint256 index, uint256 terms) internal view {
        uint256 account = accountOf(index);
        // Can't overflow: a memory address.
        unchecked {
            uint256 length = HEADER + 4 * slots(terms);
            assembly ("memory-safe") {
                extcodecopy(account, terms, 1, length)
            }
        }
    }

    /// @notice Header, bands and parties in memory of their own, with a word behind them that a whole word read at the
    /// last address may touch.
    function load(uint256 index) internal view returns (uint256 terms) {
        uint256 account = accountOf(index);
        assembly ("memory-safe") {
            terms := mload(0x40)
            let length := sub(extcodesize(account), 1)
            extcodecopy(account, terms, 1, length)
            mstore(0x40, and(add(add(terms, length), 63), not(31)))
        }
    }

    /// @notice The code hash of an account, by the first half of which meters name terms.
    function hashOf(uint256 account) internal view returns (uint256 hash) {
        assembly ("memory-safe") {
            hash := extcodehash(account)
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

    function word(uint256 terms, uint256 i) internal pure returns (uint256) {
        // Can't overflow: a memory address.
        unchecked {
            return Memory.load(terms + 32 * i);
        }
    }

    // Word 0

    function slots(uint256 terms) internal pure returns (uint256) {
        return word(terms, 0) >> 240;
    }

    function intervalSeconds(uint256 terms) internal pure returns (uint256) {
        return uint32(word(terms, 0) >> 208);
    }

    function intervals(uint256 terms) internal pure returns (uint256) {
        return uint16(word(terms, 0) >> 176);
    }

    function isSealed(uint256 terms) internal pure returns (bool) {
        return uint16(word(terms, 0) >> 192) != 0;
    }

    function unitWh(uint256 terms) internal pure returns (uint256) {
        return uint32(word(terms, 0) >> 144);
    }

    function grace(uint256 terms) internal pure returns (uint256) {
        return uint32(word(terms, 0) >> 112);
    }

    function penalisedCauses(uint256 terms) internal pure returns (uint256) {
        return uint8(word(terms, 0) >> 104);
    }

    function penalises(uint256 terms, uint256 cause) internal pure returns (bool) {
        return (penalisedCauses(terms) >> cause) & 1 != 0;
    }

    function points(uint256 terms) internal pure returns (uint256) {
        return uint8(word(terms, 0) >> 96);
    }

    function discountExpiry(uint256 terms) internal pure returns (uint256) {
        return uint32(word(terms, 0) >> 64);
    }

    function missingPenalty(uint256 terms) internal pure returns (uint256) {
        return uint64(word(terms, 0));
    }

    /// @notice What places a report in time, read at once: slots, seconds of an interval, and seconds from the start until
    /// reports are taken no more.
    function timing(uint256 terms) internal pure returns (uint256 slots_, uint256 interval, uint256 open) {
        uint256 head = word(terms, 0);
        slots_ = head >> 240;
        interval = uint32(head >> 208);
        // Can't overflow: products and sums of numbers of 32 bits.
        unchecked {
            open = uint16(head >> 176) * interval + uint32(head >> 112);
        }
    }

    // Word 1

    function violationPenalty(uint256 terms) internal pure returns (uint256) {
        return word(terms, 1) >> 192;
    }

    function underRate(uint256 terms) internal pure returns (uint256) {
        return uint64(word(terms, 1) >> 128);
    }

    function overRate(uint256 terms) internal pure returns (uint256) {
        return uint64(word(terms, 1) >> 64);
    }

    function outagePenalty(uint256 terms) internal pure returns (uint256) {
        return uint64(word(terms, 1));
    }

    // Word 2

    function outageMinutePenalty(uint256 terms) internal pure returns (uint256) {
        return word(terms, 2) >> 192;
    }

    function disputeWindow(uint256 terms) internal pure returns (uint256) {
        return uint32(word(terms, 2) >> 160);
    }

    function notice(uint256 terms) internal pure returns (uint256) {
        return uint32(word(terms, 2) >> 128);
    }

    function discountRatePpm(uint256 terms) internal pure returns (uint256) {
        return uint32(word(terms, 2) >> 96);
    }

    function leadSeconds(uint256 terms) internal pure returns (uint256) {
        return uint32(word(terms, 2) >> 64);
    }

    function faultLookback(uint256 terms) internal pure returns (uint256) {
        return uint32(word(terms, 2) >> 32);
    }

    function capacityUnits(uint256 terms) internal pure returns (uint256) {
        return uint16(word(terms, 2) >> 16);
    }

    function raiseUnits(uint256 terms) internal pure returns (uint256) {
        return uint16(word(terms, 2));
    }

    // Bands and parties

    /// @notice Words of header and bands, which a report needs, the last of which may hold other things behind the bands; of
    /// sealed terms, by which nobody can judge, the header.
    function words(uint256 terms) internal pure returns (uint256) {
        return isSealed(terms) ? HEADER / 32 : (HEADER + 4 * slots(terms) + 31) / 32;
    }

    /// @notice Bytes of the bands, with their nonce if they are sealed.
    function bandsLength(uint256 terms) internal pure returns (uint256) {
        return 4 * slots(terms) + (isSealed(terms) ? NONCE : 0);
    }

    /// @notice The hash of the viewing key, 0 if nothing is sealed, from what {load} has brought.
    function viewingKeyHash(uint256 terms) internal pure returns (bytes32) {
        if (!isSealed(terms)) return 0;
        return bytes32(Memory.load(terms + HEADER + bandsLength(terms) + 20 * (1 + points(terms))));
    }

    /// @notice The memory addresses from which on the least and the greatest of a slot and those behind it are.
    function boundsFrom(uint256 terms, uint256 slot) internal pure returns (uint256 least, uint256 greatest) {
        // Can't overflow: memory addresses, and a slot of a schedule.
        unchecked {
            least = terms + HEADER + 2 * slot;
            greatest = least + 2 * slots(terms);
        }
    }

    /// @notice The band of a slot.
    function band(uint256 terms, uint256 slot) internal pure returns (uint256 least, uint256 greatest) {
        (least, greatest) = boundsFrom(terms, slot);
        (least, greatest) = (Memory.load(least) >> 240, Memory.load(greatest) >> 240);
    }

    /// @notice The consumer who accepted first, from what {load} has brought.
    function consumer(uint256 terms) internal pure returns (address) {
        return _party(terms, 0);
    }

    /// @notice The devices agreed on, in the order of their places, from what {load} has brought.
    function devices(uint256 terms) internal pure returns (address[] memory list) {
        list = new address[](points(terms));
        for (uint256 i; i < list.length; ++i) list[i] = _party(terms, 1 + i);
    }

    function _party(uint256 terms, uint256 i) private pure returns (address) {
        return address(uint160(Memory.load(terms + HEADER + bandsLength(terms) + 20 * i) >> 96));
    }
}
