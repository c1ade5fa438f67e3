// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IErrors} from "./IErrors.sol";
import {IRecords} from "./IRecords.sol";
import {Lanes} from "./Lanes.sol";
import {Memory} from "./Memory.sol";
import {Prices} from "./Prices.sol";
import {TermsCode} from "./TermsCode.sol";

/// @notice How terms become code: checked, packed as {TermsCode} says, created.
library TermsStore {
    using TermsCode for uint256;

    /// @notice The least seconds that terms must have, against terms that are a trap.
    struct Least {
        uint32 grace;
        uint32 disputeWindow;
        uint32 discountExpiry;
    }

    /// Bytes of {_prelude}.
    uint256 private constant PRELUDE = 11;

    /// @notice Check the terms, and store them with the parties as creation number `index`.
    function store(
        IRecords.Terms memory terms,
        address consumer_,
        address[] calldata devices_,
        uint256 index,
        Least memory least
    ) internal {
        _validate(terms, least);
        bytes memory parties = _parties(consumer_, devices_);
        if (terms.viewingKeyHash != 0) parties = abi.encodePacked(parties, terms.viewingKeyHash);
        // Put together at once, for each further copy costs as much as a report.
        bytes memory creation = abi.encodePacked(
            _prelude(TermsCode.HEADER + terms.bands.length + parties.length),
            _word0(terms, devices_.length),
            _word1(terms),
            _word2(terms),
            terms.bands,
            parties
        );
        if (terms.viewingKeyHash != 0) _validateSealed(Memory.dataOf(creation) + PRELUDE);
        else _validateBands(Memory.dataOf(creation) + PRELUDE);
        _create(creation, index);
    }

    /// @notice Create an account with a STOP and `code` as creation number `index`.
    function create(bytes memory code, uint256 index) internal {
        _create(abi.encodePacked(_prelude(code.length), code), index);
    }

    /// @dev What makes an account of a STOP and the `length` bytes that follow: PUSH2 1 + length, DUP1, PUSH1 10,
    /// RETURNDATASIZE, CODECOPY, RETURNDATASIZE, RETURN, and the STOP.
    function _prelude(uint256 length) private pure returns (bytes11) {
        return bytes11(uint88((0x61 << 80) | ((1 + length) << 64) | 0x80600a3d393df300));
    }

    function _create(bytes memory creation, uint256 index) private {
        address account;
        assembly ("memory-safe") {
            account := create(0, add(creation, 32), mload(creation))
        }
        address expected = address(uint160(TermsCode.accountOf(index)));
        if (account == address(0) || account != expected) revert IErrors.TermsNotStored();
    }

    function _word0(IRecords.Terms memory terms, uint256 points_) private pure returns (uint256) {
        uint256 sealed_ = terms.viewingKeyHash == 0 ? 0 : 1;
        return (_slots(terms) << 240) | (uint256(terms.intervalSeconds) << 208)
            | (sealed_ << 192) | (uint256(terms.intervals) << 176) | (uint256(terms.unitWh) << 144) | (uint256(terms.grace) << 112)
            | (uint256(terms.penalisedCauses) << 104) | (points_ << 96) | (uint256(terms.discountExpiry) << 64)
            | terms.missingPenalty;
    }

    /// @dev 0 if there is no whole number of them.
    function _slots(IRecords.Terms memory terms) private pure returns (uint256) {
        uint256 length = terms.bands.length;
        uint256 nonce = terms.viewingKeyHash == 0 ? 0 : TermsCode.NONCE;
        return length < nonce || length % 4 != 0 ? 0 : (length - nonce) / 4;
    }

    function _word1(IRecords.Terms memory terms) private pure returns (uint256) {
        return (uint256(terms.violationPenalty) << 192) | (uint256(terms.underRate) << 128)
            | (uint256(terms.overRate) << 64) | terms.outagePenalty;
    }

    function _word2(IRecords.Terms memory terms) private pure returns (uint256) {
        return (uint256(terms.outageMinutePenalty) << 192) | (uint256(terms.disputeWindow) << 160)
            | (uint256(terms.notice) << 128) | (uint256(terms.discountRatePpm) << 96)
            | (uint256(terms.leadSeconds) << 64) | (uint256(terms.faultLookback) << 32)
            | (uint256(terms.capacityUnits) << 16) | terms.raiseUnits;
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

    function _validate(IRecords.Terms memory terms, Least memory least) private view {
        uint256 slots_ = _slots(terms);
        if (slots_ == 0 || slots_ > TermsCode.MAX_SLOTS) revert IErrors.InvalidTerms("bands");
        if (terms.intervalSeconds == 0) revert IErrors.InvalidTerms("intervalSeconds");
        if (terms.intervals == 0 || terms.intervals > TermsCode.MAX_INTERVALS) revert IErrors.InvalidTerms("intervals");
        if (terms.unitWh == 0) revert IErrors.InvalidTerms("unitWh");
        // Outages by the consumer always, those of the grid never.
        if (terms.penalisedCauses & ~uint8(1) != 4) revert IErrors.InvalidTerms("penalisedCauses");
        // A discount above the remaining bonus could not be paid from an escrow.
        if (terms.discountRatePpm > Prices.PPM) revert IErrors.InvalidTerms("discountRatePpm");
        if (terms.grace < least.grace) revert IErrors.InvalidTerms("grace");
        if (terms.disputeWindow < least.disputeWindow) revert IErrors.InvalidTerms("disputeWindow");
        if (terms.discountExpiry < least.discountExpiry) revert IErrors.InvalidTerms("discountExpiry");
        // What a reading can't say no connection can be promised.
        if (terms.capacityUnits == 0 || terms.capacityUnits > Lanes.MOST) revert IErrors.InvalidTerms("capacityUnits");
        uint256 settlesAt = uint256(terms.start) + uint256(terms.intervals) * terms.intervalSeconds + terms.grace
            + terms.disputeWindow;
        validateStart(terms.start, settlesAt);
    }

    /// @notice A term begins in the future, and is settled before the end of time.
    function validateStart(uint256 start, uint256 settlesAt) internal view {
        if (start <= block.timestamp) revert IErrors.AlreadyStarted(start, block.timestamp);
        if (settlesAt > type(uint40).max) revert IErrors.InvalidTerms("start");
    }

    /// @dev Sixteen slots at a time: a slot is sound, and its silence is not too cheap, if its least is not too great and its
    /// greatest not too small. {_explain} says the same slot by slot, and a test holds the two equal.
    function _validateBands(uint256 terms) private pure {
        uint256 aside = Prices.silenceAside(terms);
        bool good = terms.missingPenalty() >= aside;
        if (good) {
            uint256 capacity = terms.capacityUnits();
            uint256 mostLeast = Lanes.MOST;
            uint256 leastGreatest;
            uint256 rest = terms.missingPenalty() - aside;
            if (terms.underRate() != 0 && rest / terms.underRate() < mostLeast) mostLeast = rest / terms.underRate();
            if (terms.overRate() != 0 && rest / terms.overRate() < capacity) {
                leastGreatest = capacity - rest / terms.overRate();
            }
            good = Lanes.areBounds(
                terms + TermsCode.HEADER,
                terms.slots(),
                Lanes.each(mostLeast),
                Lanes.each(leastGreatest),
                Lanes.each(capacity)
            );
        }
        if (!good) _explain(terms);
    }

    /// @dev Of bands that nobody can read here, the price of silence must do for whichever they are.
    function _validateSealed(uint256 terms) private pure {
        uint256 price = Prices.silenceOfAny(terms);
        if (terms.missingPenalty() < price) revert IErrors.SilenceTooCheap(0, price, terms.missingPenalty());
    }

    /// @dev Reverts with the first slot that is not sound, else with the first whose silence is too cheap.
    function _explain(uint256 terms) private pure {
        uint256 slots_ = terms.slots();
        for (uint256 slot; slot < slots_; ++slot) {
            (uint256 least, uint256 greatest) = terms.band(slot);
            if (least > greatest || greatest > Lanes.MOST) revert IErrors.InvalidTerms("bands");
            if (greatest > terms.capacityUnits()) revert IErrors.InvalidTerms("capacityUnits");
        }
        for (uint256 slot; slot < slots_; ++slot) mustPriceSilence(terms, slot);
    }

    /// @notice Refuse a slot in which saying nothing may be cheaper than the truth.
    function mustPriceSilence(uint256 terms, uint256 slot) internal pure {
        (uint256 least, uint256 greatest) = terms.band(slot);
        uint256 price = Prices.silence(least, greatest, terms);
        if (terms.missingPenalty() < price) {
            revert IErrors.SilenceTooCheap(slot, price, terms.missingPenalty());
        }
    }
}
