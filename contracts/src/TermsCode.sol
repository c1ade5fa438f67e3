// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IErrors} from "./IErrors.sol";
import {IRecords} from "./IRecords.sol";
import {Lanes} from "./Lanes.sol";

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

    /// @notice Check the terms, and store them with the parties as creation number `index`.
    function store(
        IRecords.Terms memory terms,
        address consumer_,
        address[] calldata devices_,
        uint256 index
    ) internal {
        bytes memory bands = terms.bands;
        uint256 slots_ = bands.length / 4;
        _validate(terms, slots_);
        uint256 bandsAt;
        assembly ("memory-safe") {
            bandsAt := add(bands, 32)
        }
        if (!Lanes.areBounds(bandsAt, slots_)) revert IErrors.InvalidTerms("bands");
        bytes memory parties = _parties(consumer_, devices_);
        // PUSH2 length, DUP1, PUSH1 10, RETURNDATASIZE, CODECOPY, RETURNDATASIZE, RETURN: return what follows.
        bytes memory creation = abi.encodePacked(
            hex"61",
            uint16(1 + HEADER + bands.length + parties.length),
            hex"80600a3d393df300",
            _word0(terms, slots_, devices_.length),
            _word1(terms),
            _word2(terms),
            bands,
            parties
        );
        address account;
        assembly ("memory-safe") {
            account := create(0, add(creation, 32), mload(creation))
        }
        if (account == address(0) || account != accountOf(index)) revert IErrors.TermsNotStored();
    }

    function _word0(IRecords.Terms memory terms, uint256 slots_, uint256 points_) private pure returns (uint256) {
        return (slots_ << 240) | (uint256(terms.intervalSeconds) << 208) | (uint256(terms.intervals) << 176)
            | (uint256(terms.unitWh) << 144) | (uint256(terms.grace) << 112) | (uint256(terms.penalisedCauses) << 104)
            | (points_ << 96) | (uint256(terms.discountExpiry) << 64) | terms.missingPenalty;
    }

    function _word1(IRecords.Terms memory terms) private pure returns (uint256) {
        return (uint256(terms.violationPenalty) << 192) | (uint256(terms.underRate) << 128)
            | (uint256(terms.overRate) << 64) | terms.outagePenalty;
    }

    function _word2(IRecords.Terms memory terms) private pure returns (bytes20) {
        return bytes20(
            uint160(
                (uint256(terms.outageMinutePenalty) << 96) | (uint256(terms.disputeWindow) << 64)
                    | (uint256(terms.notice) << 32) | terms.discountRatePpm
            )
        );
    }

    /// @dev 20 bytes each.
    function _parties(address consumer_, address[] calldata devices_) private pure returns (bytes memory list) {
        uint256 length = 20 * (1 + devices_.length);
        // 12 bytes more, for what a whole word written at the last address reaches beyond it
        list = new bytes(length + 12);
        for (uint256 i; i <= devices_.length; ++i) {
            address party = i == 0 ? consumer_ : devices_[i - 1];
            assembly ("memory-safe") {
                mstore(add(add(list, 32), mul(20, i)), shl(96, party))
            }
        }
        assembly ("memory-safe") {
            mstore(list, length)
        }
    }

    /// @notice Copy the first `size` words to `blob`, which must be free memory; nothing is allocated.
    function copy(uint256 index, uint256 size, uint256 blob) internal view {
        address account = accountOf(index);
        assembly ("memory-safe") {
            extcodecopy(account, blob, 1, shl(5, size))
        }
    }

    /// @notice Header, bands and parties in memory of their own, with a word behind them that a whole word read at the
    /// last address may touch.
    function load(uint256 index) internal view returns (uint256 blob) {
        address account = accountOf(index);
        assembly ("memory-safe") {
            blob := mload(0x40)
            let length := sub(extcodesize(account), 1)
            extcodecopy(account, blob, 1, length)
            mstore(0x40, and(add(add(blob, length), 63), not(31)))
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

    function _party(uint256 blob, uint256 i) private pure returns (address party) {
        uint256 place = blob + HEADER + 4 * slots(word(blob, 0)) + 20 * i;
        assembly ("memory-safe") {
            party := shr(96, mload(place))
        }
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
        terms.discountExpiry = uint32(discountExpiry(head));
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
        terms.bands = slice(blob + HEADER, length);
    }

    /// @notice keccak256 of the ABI encoding of the Terms, `keccak256(abi.encode(decode(blob, start)))`, in a quarter of
    /// its gas: what an acceptance names.
    function hash(uint256 blob, uint256 start) internal pure returns (bytes32 digest) {
        uint256 head = word(blob, 0);
        uint256 rates = word(blob, 1);
        uint256 rest = word(blob, 2);
        uint256 free;
        assembly ("memory-safe") {
            free := mload(0x40)
        }
        // The offset of the tuple, its numbers, the offset of its bytes, their length, the bytes. Behind the free memory,
        // which is not kept.
        _put(free, 0, 32);
        _put(free, 1, start);
        _put(free, 2, intervalSeconds(head));
        _put(free, 3, intervals(head));
        _put(free, 4, unitWh(head));
        _put(free, 5, rates >> 192);
        _put(free, 6, uint64(rates >> 128));
        _put(free, 7, uint64(rates >> 64));
        _put(free, 8, uint64(rates));
        _put(free, 9, rest >> 192);
        _put(free, 10, uint8(head >> 104));
        _put(free, 11, missingPenalty(head));
        _put(free, 12, grace(head));
        _put(free, 13, disputeWindow(rest));
        _put(free, 14, notice(rest));
        _put(free, 15, discountRatePpm(rest));
        _put(free, 16, discountExpiry(head));
        _put(free, 17, 17 * 32);
        _put(free, 18, 4 * slots(head));
        uint256 end = _copy(blob + HEADER, 4 * slots(head), free + 32 * 19);
        assembly ("memory-safe") {
            digest := keccak256(free, sub(end, free))
        }
    }

    function _put(uint256 memory_, uint256 i, uint256 value) private pure {
        assembly ("memory-safe") {
            mstore(add(memory_, shl(5, i)), value)
        }
    }

    /// @notice A copy of `length` bytes of memory.
    function slice(uint256 blob, uint256 length) internal pure returns (bytes memory data) {
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

    function _validate(IRecords.Terms memory terms, uint256 slots_) private view {
        if (terms.bands.length % 4 != 0 || slots_ == 0 || slots_ > MAX_SLOTS) revert IErrors.InvalidTerms("bands");
        if (terms.intervalSeconds == 0) revert IErrors.InvalidTerms("intervalSeconds");
        if (terms.intervals == 0) revert IErrors.InvalidTerms("intervals");
        if (terms.unitWh == 0) revert IErrors.InvalidTerms("unitWh");
        if (terms.penalisedCauses > 7) revert IErrors.InvalidTerms("penalisedCauses");
        // A discount above the remaining bonus could not be paid from an escrow.
        if (terms.discountRatePpm > 1_000_000) revert IErrors.InvalidTerms("discountRatePpm");
        uint256 settlesAt = uint256(terms.start) + uint256(terms.intervals) * terms.intervalSeconds + terms.grace
            + terms.disputeWindow;
        validateStart(terms.start, settlesAt);
    }

    /// @notice A term begins in the future, and is settled before the end of time.
    function validateStart(uint256 start, uint256 settlesAt) internal view {
        if (start <= block.timestamp) revert IErrors.AlreadyStarted(start, block.timestamp);
        if (settlesAt > type(uint40).max) revert IErrors.InvalidTerms("start");
    }
}
