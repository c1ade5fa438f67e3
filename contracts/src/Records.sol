// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IErrors} from "./IErrors.sol";
import {IEvents} from "./IEvents.sol";
import {Memory} from "./Memory.sol";
import {Points} from "./Points.sol";
import {Supply} from "./Supply.sol";
import {TermsCode} from "./TermsCode.sol";

/// @notice The storage of all agreements, and the money that follows from it.
/// @dev Both {Electro} and {Office} begin with it, so that both find everything at the same place.
abstract contract Records is IErrors, IEvents {
    using Points for uint256;
    using Supply for Supply.Book;
    using TermsCode for uint256;

    /// One slot, beside the terms' code, where consumer and devices are.
    struct Record {
        uint40 start;
        uint32 terms;
        State state;
        uint128 bonus;
        uint40 settledAt;
        /// Whether its money is in escrow: what `_escrow` says, without another slot.
        bool escrow;
    }

    /// What came to an agreement after its acceptance; mostly nothing.
    struct Since {
        uint128 grants;
        uint128 waived;
        uint128 forfeited;
        /// Of the term only so many intervals remain; 0: all.
        uint32 intervals;
    }

    /// Who pays an agreement into the escrow, and whether an expired discount has gone back there.
    struct Funder {
        address account;
        bool reclaimed;
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

    uint64 internal _agreements;
    /// What this address has created: first the office, then terms.
    uint32 internal _creations;
    bool internal _paused;
    /// Whether `_currency` is one: beside the counters, so that a proposal needs no further slot for it.
    bool internal _escrow;
    mapping(uint64 id => Record) internal _records;
    mapping(uint64 id => Since) internal _since;
    mapping(uint64 id => Use) internal _uses;
    /// Devices that came to an agreement by rotation.
    mapping(uint64 id => address[]) internal _joined;
    /// What the operator proposes to put in a device's place; the device itself once it has been replaced.
    mapping(uint256 key => address) internal _rotations;
    /// The ERC-20 in escrow, or zero; who funds an agreement; what accounts may collect.
    address internal _currency;
    mapping(uint64 id => Funder) internal _funders;
    mapping(address account => uint256) internal _owed;
    /// ENROLLED | REVOKED | third last, second last and last agreement, 64 bits each.
    mapping(address device => uint256) internal _devices;
    mapping(uint256 key => uint256) internal _points;
    Supply.Book internal _supply;

    // -- Money

    /// @dev All that an agreement costs. What is missing joins it when no report can fill it any more.
    function _accrued(Record storage record, uint64 id, uint256 terms) internal view returns (uint256 sum) {
        if (record.state == State.Proposed || record.state == State.Cancelled) return 0;
        bool closed = block.timestamp > _end(record, id, terms) + terms.word(0).grace();
        address[] memory devices = _devicesOf(id, terms);
        uint256 missing;
        for (uint256 i; i < devices.length; ++i) {
            uint256 key = Points.key(id, devices[i]);
            uint256 found = _points[key];
            sum += found.accrued() + _supply.penalties(key);
            if (closed) missing += found.end() - found.next() + _supply.uncovered(key);
        }
        sum += missing * terms.word(0).missingPenalty() + _since[id].forfeited;
    }

    /// @dev All that measure or have measured: those agreed on, then those that came later.
    function _devicesOf(uint64 id, uint256 terms) internal view returns (address[] memory) {
        address[] storage joined = _joined[id];
        address[] memory agreed = terms.devices();
        uint256 count = joined.length;
        if (count == 0) return agreed;
        address[] memory all = new address[](agreed.length + count);
        for (uint256 i; i < agreed.length; ++i) all[i] = agreed[i];
        for (uint256 i; i < count; ++i) all[agreed.length + i] = joined[i];
        return all;
    }

    function _remaining(Record storage record, uint64 id, uint256 accrued) internal view returns (uint128) {
        if (record.state == State.Cancelled) return 0;
        Since storage since = _since[id];
        uint256 due = accrued - since.waived;
        uint256 given = uint256(record.bonus) + since.grants;
        // Fits: bonus and grants together do.
        return due >= given ? 0 : uint128(given - due);
    }

    /// @dev How many intervals the term has, now that notice may have been given.
    function _intervals(uint64 id, uint256 terms) internal view returns (uint256 count) {
        count = _since[id].intervals;
        if (count == 0) count = terms.word(0).intervals();
    }

    function _end(Record storage record, uint64 id, uint256 terms) internal view returns (uint256) {
        return record.start + _intervals(id, terms) * terms.word(0).intervalSeconds();
    }

    /// @dev Of a settled agreement.
    function _redeemableUntil(Record storage record, uint256 terms) internal view returns (uint256) {
        return record.settledAt + terms.word(0).discountExpiry();
    }

    /// @dev Until when messages are taken: for all meters of an agreement alike, those too that were cut short, so that
    /// a revocation or rotation takes no meter the time to deliver what it has measured.
    function _reportsUntil(uint64 id, uint256 start, uint256 head) internal view returns (uint256) {
        uint256 count = _since[id].intervals;
        if (count == 0) count = head.intervals();
        return start + count * head.intervalSeconds() + head.grace();
    }

    /// @dev When a point's term ends, and until when reports are taken for it.
    function _closing(uint256 found, uint64 id) internal view returns (uint256 end, uint256 reportsUntil) {
        uint256 head = _terms(found).word(0);
        end = found.start() + found.end() * head.intervalSeconds();
        reportsUntil = _reportsUntil(id, found.start(), head);
    }

    // -- Storage and memory

    function _loaded(uint64 id) internal view returns (Record storage record, uint256 terms) {
        record = _records[id];
        if (record.state == State.None) revert WrongState(id, State.None);
        terms = TermsCode.load(record.terms);
    }

    /// @dev Header and bands of a point's terms, in memory of their own.
    function _terms(uint256 found) internal view returns (uint256 terms) {
        terms = Memory.end();
        if (found == 0) return terms;
        uint256 size = found.size();
        TermsCode.copy(found.terms(), size, terms);
        // Can't overflow: a memory address.
        unchecked {
            Memory.setEnd(terms + 32 * size);
        }
    }
}
