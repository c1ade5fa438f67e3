// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IErrors} from "./IErrors.sol";
import {IEvents} from "./IEvents.sol";
import {Interruptions} from "./Interruptions.sol";
import {Memory} from "./Memory.sol";
import {Overrides} from "./Overrides.sol";
import {Points} from "./Points.sol";
import {TermsCode} from "./TermsCode.sol";

/// @notice The storage of all agreements.
/// @dev {Electro}, {Parties} and {Results} all begin with it, so that they find everything at the same place.
abstract contract Records is IErrors, IEvents {
    using Points for uint256;
    using TermsCode for uint256;

    /// One slot, beside the terms' code, where consumer and devices are.
    struct Record {
        uint40 start;
        uint32 terms;
        State state;
        uint128 bonus;
        uint40 settledAt;
        /// IN_ESCROW: its money is, as `_escrow` says, without another slot. SUCCEEDED: the consumer is in `_successions`.
        uint8 marks;
    }

    /// What came to an agreement after its acceptance; mostly nothing.
    struct Since {
        uint128 grants;
        uint128 waived;
        uint128 forfeited;
        /// Of the term only so many intervals remain; 0: all.
        uint32 intervals;
    }

    /// The consumer, if it is not the one in the terms' code, and to whom it offers its place.
    struct Succession {
        address consumer;
        address offered;
    }

    /// A meter that came to an agreement by rotation.
    struct Joined {
        address device;
        uint8 place;
    }

    /// What a notice of fault makes neutral: never reported intervals of the look-back, and the gap until another meter.
    struct Fault {
        uint32 lookFrom;
        uint32 lookTo;
        uint32 gapFrom;
        uint32 gapTo;
    }

    /// The discount, from the settlement on, and what becomes of it.
    struct Use {
        uint128 discount;
        uint128 redeemed;
        mapping(bytes32 invoice => Redemption) redemptions;
    }

    bytes32 internal constant OPERATOR = keccak256("OPERATOR_ROLE");
    uint256 internal constant ENROLLED = 1 << 255;
    uint256 internal constant REVOKED = 1 << 254;
    uint8 internal constant IN_ESCROW = 1;
    uint8 internal constant SUCCEEDED = 2;

    uint64 internal _agreements;
    /// How many accounts with terms this address has created; it creates nothing else.
    uint32 internal _creations;
    bool internal _paused;
    /// Whether `_currency` is one: beside the counters, so that a proposal needs no further slot for it.
    bool internal _escrow;
    /// The least seconds that terms must have: from the deployment on, and for good.
    uint32 internal _leastGrace;
    uint32 internal _leastDisputeWindow;
    uint32 internal _leastDiscountExpiry;
    mapping(uint64 id => Record) internal _records;
    mapping(uint64 id => Since) internal _since;
    mapping(uint64 id => Use) internal _uses;
    mapping(uint64 id => Succession) internal _successions;
    mapping(uint64 id => Joined[]) internal _joined;
    /// What the operator proposes to put in a device's place.
    mapping(uint256 key => address) internal _rotations;
    mapping(uint256 key => Fault) internal _faults;
    mapping(uint256 place => Overrides.Place) internal _places;
    /// The ERC-20 in escrow, or zero; who funds an agreement; what accounts may collect.
    address internal _currency;
    mapping(uint64 id => address) internal _funders;
    mapping(address account => uint256) internal _owed;
    /// ENROLLED | REVOKED | baseSeconds 32 at bit 192 | third last, second last and last agreement, 64 bits each.
    mapping(address device => uint256) internal _devices;
    mapping(uint256 key => uint256) internal _points;
    Interruptions.Store internal _interruptions;
    /// Which viewing keys a meter has said that it holds.
    mapping(address device => mapping(bytes32 viewingKeyHash => bool)) internal _viewingKeys;

    /// @dev All that measure or have measured: those agreed on, then those that came later.
    function _devicesOf(uint64 id, uint256 terms) internal view returns (address[] memory) {
        Joined[] storage joined = _joined[id];
        address[] memory agreed = terms.devices();
        uint256 count = joined.length;
        if (count == 0) return agreed;
        address[] memory all = new address[](agreed.length + count);
        for (uint256 i; i < agreed.length; ++i) all[i] = agreed[i];
        for (uint256 i; i < count; ++i) all[agreed.length + i] = joined[i].device;
        return all;
    }

    /// @dev The meter that was last put at a place.
    function _meterAt(uint64 id, uint256 terms, uint256 place) internal view returns (address) {
        Joined[] storage joined = _joined[id];
        for (uint256 i = joined.length; i != 0; --i) {
            if (joined[i - 1].place == place) return joined[i - 1].device;
        }
        return terms.devices()[place];
    }

    /// @dev The present consumer.
    function _consumerOf(uint64 id, uint256 terms) internal view returns (address) {
        return _records[id].marks & SUCCEEDED != 0 ? _successions[id].consumer : terms.consumer();
    }

    function _isInEscrow(Record storage record) internal view returns (bool) {
        return record.marks & IN_ESCROW != 0;
    }

    /// @dev How many intervals the term has, now that notice may have been given.
    function _intervals(uint64 id, uint256 terms) internal view returns (uint256 count) {
        count = _since[id].intervals;
        if (count == 0) count = terms.intervals();
    }

    /// @dev Until when messages are taken: by the term as it was agreed, for all meters alike, so that no notice, revocation,
    /// rotation or fault takes anyone the time to deliver what was measured.
    function _reportsUntil(uint256 start, uint256 terms) internal pure returns (uint256) {
        // Can't overflow: a start of 40 bits, and a term that ends before 2**40.
        unchecked {
            return start + terms.intervals() * terms.intervalSeconds() + terms.grace();
        }
    }

    /// @dev How many intervals have begun until an instant, the running one included. What was measured until then lies
    /// in them, so that cutting a term there changes nothing that has happened, in whatever order messages of it arrive.
    function _begun(uint256 start, uint256 length, uint256 instant) internal pure returns (uint256) {
        return instant < start ? 0 : (instant - start) / length + 1;
    }

    // -- Storage and memory

    function _loaded(uint64 id) internal view returns (Record storage record, uint256 terms) {
        record = _records[id];
        if (record.state == State.None) revert WrongState(id, State.None);
        terms = TermsCode.load(record.terms);
    }

    /// @dev Header and bands of a point's terms, in memory of their own.
    function _terms(uint256 point_) internal view returns (uint256 terms) {
        terms = Memory.end();
        if (point_ == 0) return terms;
        uint256 size = point_.size();
        TermsCode.copy(point_.terms(), size, terms);
        // Can't overflow: a memory address.
        unchecked {
            Memory.setEnd(terms + 32 * size);
        }
    }

    /// @dev Put the bands of an override, if the pass with `interval` has one at this place, over those of the terms in
    /// memory: the header of both is the same.
    function _override(uint256 terms, uint64 id, uint256 place, uint256 interval) internal view {
        uint256 creation = _places[Overrides.key(id, place)].creations[interval / terms.slots()];
        if (creation != 0) TermsCode.copyBands(creation, terms);
    }
}
