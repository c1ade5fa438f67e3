// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IErrors} from "./IErrors.sol";
import {IRecords} from "./IRecords.sol";
import {Lanes} from "./Lanes.sol";
import {Memory} from "./Memory.sol";
import {TermsCode} from "./TermsCode.sol";

/// @notice How terms become code: checked, packed as {TermsCode} says, created.
library TermsStore {
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
        if (!Lanes.areBounds(Memory.dataOf(bands), slots_)) revert IErrors.InvalidTerms("bands");
        bytes memory parties = _parties(consumer_, devices_);
        // PUSH2 length, DUP1, PUSH1 10, RETURNDATASIZE, CODECOPY, RETURNDATASIZE, RETURN: return what follows.
        bytes memory creation = abi.encodePacked(
            hex"61",
            uint16(1 + TermsCode.HEADER + bands.length + parties.length),
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
        address expected = address(uint160(TermsCode.accountOf(index)));
        if (account == address(0) || account != expected) revert IErrors.TermsNotStored();
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
            Memory.store(Memory.dataOf(list) + 20 * i, uint256(uint160(party)) << 96);
        }
        // bytes can't be cut short otherwise
        assembly ("memory-safe") {
            mstore(list, length)
        }
    }

    function _validate(IRecords.Terms memory terms, uint256 slots_) private view {
        if (terms.bands.length % 4 != 0 || slots_ == 0 || slots_ > TermsCode.MAX_SLOTS) revert IErrors.InvalidTerms("bands");
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
