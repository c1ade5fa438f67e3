// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IBands} from "./IBands.sol";
import {Memory} from "./Memory.sol";
import {Messages} from "./Messages.sol";
import {Overrides} from "./Overrides.sol";
import {Points} from "./Points.sol";
import {Roles} from "./Roles.sol";
import {TermsAbi} from "./TermsAbi.sol";
import {TermsCode} from "./TermsCode.sol";
import {TermsStore} from "./TermsStore.sol";

/// @notice Other bands for intervals of one pass at one place that have not begun: by the consumer, the operator, or both.
/// @dev Sealed bands only both replace, for of ciphertext nobody here can say that it is sound, no wider or no higher; and a
/// whole pass of them, for nobody here could put a part of it in its place.
abstract contract Renominations is Roles, IBands {
    using Overrides for Overrides.Place;
    using Points for uint256;
    using TermsAbi for uint256;
    using TermsCode for uint256;

    /// What a renomination changes. Of it no more than this depends on whose it is.
    struct Change {
        Authorisation by;
        uint256 place;
        uint256 first;
        uint256 count;
    }

    /// @inheritdoc IBands
    function renominate(Renomination calldata renomination, bytes calldata signature) external {
        _renominateSigned(renomination, signature, Authorisation.Consumer);
    }

    /// @inheritdoc IBands
    function renominateTogether(Renomination calldata renomination, bytes calldata signature) external onlyOperator {
        _renominateSigned(renomination, signature, Authorisation.Both);
    }

    /// @inheritdoc IBands
    function widen(uint64 id, uint32 place, uint32 firstInterval, bytes calldata bands) external onlyOperator {
        (Record storage record, uint256 terms) = _running(id);
        _mustBeReplaceable(id, terms, place, Authorisation.Operator);
        _replace(id, record, terms, Change(Authorisation.Operator, place, firstInterval, bands.length / 4), bands);
    }

    function _renominateSigned(Renomination calldata renomination, bytes calldata signature, Authorisation by) private {
        uint64 id = renomination.agreementId;
        (Record storage record, uint256 terms) = _running(id);
        _mustBeReplaceable(id, terms, renomination.place, by);
        _mustBeAuthorised(id, terms, renomination, signature, by);
        Overrides.Place storage place = _places[Overrides.key(id, renomination.place)];
        if (renomination.sequence <= place.sequence) {
            revert StaleRenomination(place.sequence, renomination.sequence);
        }
        place.sequence = renomination.sequence;
        uint256 count = terms.isSealed() ? terms.slots() : renomination.bands.length / 4;
        Change memory change = Change(by, renomination.place, renomination.firstInterval, count);
        _replace(id, record, terms, change, renomination.bands);
    }

    function _mustBeReplaceable(uint64 id, uint256 terms, uint256 place, Authorisation by) private pure {
        if (place >= terms.points()) revert NoSuchPlace(id, place);
        if (terms.isSealed() && by != Authorisation.Both) revert OtherForm(id, true);
    }

    /// @dev By the consumer's signature, or its own transaction with none; not later than the deadline.
    function _mustBeAuthorised(
        uint64 id,
        uint256 terms,
        Renomination calldata renomination,
        bytes calldata signature,
        Authorisation by
    ) private view {
        if (signature.length == 0 && by == Authorisation.Consumer) {
            if (block.timestamp > renomination.deadline) revert Expired(renomination.deadline, block.timestamp);
            _mustBeConsumer(id, terms);
            return;
        }
        bytes32 structHash = keccak256(
            abi.encode(
                Messages.RENOMINATION,
                id,
                renomination.place,
                renomination.firstInterval,
                renomination.sequence,
                keccak256(renomination.bands),
                renomination.deadline
            )
        );
        _mustHaveSigned(_consumerOf(id, terms), structHash, renomination.deadline, signature);
    }

    /// @dev Make the override.
    function _replace(
        uint64 id,
        Record storage record,
        uint256 terms,
        Change memory change,
        bytes calldata bands
    ) private {
        _mustBeAhead(id, record, terms, change, bands.length);
        uint256 slots = terms.slots();
        bytes memory code = terms.isSealed()
            ? bytes.concat(terms.slice(TermsCode.HEADER), bands)
            : _withBands(id, record, terms, change, bands);
        uint32 creation = ++_creations;
        TermsStore.create(code, creation);
        Overrides.Place storage place = _places[Overrides.key(id, change.place)];
        place.put(change.first / slots, creation);
        uint256 key = Points.key(id, _meterAt(id, terms, change.place));
        uint256 point_ = _points[key];
        _points[key] = terms.isSealed()
            ? point_.flagged(Points.OVERRIDDEN)
            : point_.stopAt(place.stop(point_.next(), point_.end(), slots));
        emit Renominated(
            id, uint32(change.place), uint32(change.first), place.sequence, change.by, bands
        );
    }

    /// @dev The header of the terms and what holds for the pass now, with the new bands in their slots.
    function _withBands(
        uint64 id,
        Record storage record,
        uint256 terms,
        Change memory change,
        bytes calldata bands
    ) private view returns (bytes memory) {
        uint256 held = TermsCode.load(record.terms);
        _override(held, id, change.place, change.first);
        uint256 slots = terms.slots();
        uint256 slot = change.first % slots;
        for (uint256 i; i < change.count; ++i) {
            uint256 least = _lane(bands, i);
            uint256 greatest = _lane(bands, change.count + i);
            _mustBeAllowed(terms, held, change.by, slot + i, least, greatest);
            uint256 position = held + TermsCode.HEADER + 2 * (slot + i);
            Memory.store16(position, least);
            Memory.store16(position + 2 * slots, greatest);
            TermsStore.mustPriceSilence(held, slot + i);
        }
        return held.slice(TermsCode.HEADER + 4 * slots);
    }

    /// @dev Only whole bands of intervals that have not begun, in one pass and in the term; by the consumer alone only as
    /// long ahead as agreed. Of a pass of sealed bands the first must lie in the term: the last pass may reach beyond it.
    function _mustBeAhead(uint64 id, Record storage record, uint256 terms, Change memory change, uint256 length)
        private
        view
    {
        uint256 slots = terms.slots();
        uint256 most = terms.bandsLength();
        bool sealed_ = terms.isSealed();
        bool whole = sealed_ ? length == most : length != 0 && length % 4 == 0 && length <= most;
        if (!whole) revert BadLength(length, most);
        uint256 left = slots - change.first % slots;
        if (change.count > left) revert BeyondSchedule(left, change.count);
        uint256 kept = _intervals(id, terms);
        uint256 needed = change.first + (sealed_ ? 1 : change.count);
        if (needed > kept) revert OutsideTerm(kept, needed);
        uint256 begins = record.start + change.first * terms.intervalSeconds();
        if (begins <= block.timestamp) revert AlreadyStarted(begins, block.timestamp);
        uint256 lead = terms.leadSeconds();
        if (change.by == Authorisation.Consumer && block.timestamp + lead > begins) {
            revert TooLate(begins - lead, block.timestamp);
        }
    }

    /// @dev What a band may be: sound; of the consumer alone no wider than the agreed one, and higher only as agreed; of the
    /// operator alone at least what holds.
    function _mustBeAllowed(
        uint256 terms,
        uint256 held,
        Authorisation by,
        uint256 slot,
        uint256 least,
        uint256 greatest
    ) private pure {
        uint256 capacity = terms.capacityUnits();
        if (least > greatest || greatest > capacity) revert UnsoundBand(slot, least, greatest);
        if (by == Authorisation.Consumer) {
            (uint256 agreedLeast, uint256 agreedGreatest) = terms.band(slot);
            uint256 width = agreedGreatest - agreedLeast;
            if (greatest - least > width) revert BandTooWide(slot, width, greatest - least);
            uint256 most = agreedGreatest + terms.raiseUnits();
            if (greatest > most) revert BandTooHigh(slot, most, greatest);
        } else if (by == Authorisation.Operator) {
            (uint256 heldLeast, uint256 heldGreatest) = held.band(slot);
            if (least > heldLeast || greatest < heldGreatest) revert BandNarrowed(slot, heldLeast, heldGreatest);
        }
    }

    function _lane(bytes calldata bands, uint256 i) private pure returns (uint256) {
        return uint16(bytes2(bands[2 * i:2 * i + 2]));
    }
}
