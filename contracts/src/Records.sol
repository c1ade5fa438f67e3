// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IRecords} from "./IRecords.sol";
import {Points} from "./Points.sol";
import {Supply} from "./Supply.sol";
import {TermsCode} from "./TermsCode.sol";

/// @notice The storage of all agreements, and the money that follows from it.
/// @dev Both {Electro} and {Office} begin with it, so that both find everything at the same place.
abstract contract Records is IRecords {
    using Points for uint256;
    using Supply for Supply.Book;
    using TermsCode for uint256;

    struct Record {
        address consumer;
        uint40 start;
        uint32 terms;
        uint8 size;
        uint8 points;
        State state;
        uint128 bonus;
        uint128 discount;
    }

    bytes32 internal constant OPERATOR = keccak256("OPERATOR_ROLE");
    uint256 internal constant ENROLLED = 1 << 255;

    uint64 internal _agreements;
    /// What this address has created: first the office, then terms.
    uint32 internal _creations;
    mapping(uint64 id => Record) internal _records;
    /// ENROLLED | third last, second last and last agreement, 64 bits each.
    mapping(address device => uint256) internal _devices;
    mapping(uint256 key => uint256) internal _points;
    Supply.Book internal _supply;

    // -- Money

    /// @dev All penalties of an agreement. What is missing joins them when no report can fill it any more.
    function _accrued(Record storage record, uint64 id, uint256 terms) internal view returns (uint256 sum) {
        bool closed = block.timestamp > _end(record, terms) + terms.word(0).grace();
        uint256 missing;
        for (uint256 i; i < record.points; ++i) {
            uint256 key = Points.key(id, address(uint160(terms.word(record.size + i))));
            uint256 found = _points[key];
            sum += found.accrued() + _supply.penalties(key);
            if (closed) missing += found.end() - found.next() + _supply.uncovered(key);
        }
        sum += missing * terms.word(0).missingPenalty();
    }

    function _remaining(Record storage record, uint256 accrued) internal view returns (uint128) {
        // Fits: it is at most the bonus.
        return accrued >= record.bonus ? 0 : uint128(record.bonus - accrued);
    }

    function _end(Record storage record, uint256 terms) internal view returns (uint256) {
        return record.start + terms.word(0).intervals() * terms.word(0).intervalSeconds();
    }

    /// @dev When a point's term ends, and until when reports are taken for it.
    function _closing(uint256 found) internal view returns (uint256 end, uint256 reportsUntil) {
        uint256 head = _terms(found).word(0);
        end = found.start() + found.end() * head.intervalSeconds();
        reportsUntil = end + head.grace();
    }

    // -- Storage and memory

    function _loaded(uint64 id) internal view returns (Record storage record, uint256 terms) {
        record = _records[id];
        if (record.state == State.None) revert WrongState(id, State.None);
        terms = TermsCode.load(record.terms);
    }

    /// @dev Header and bands of a point's terms, in memory of their own.
    function _terms(uint256 found) internal view returns (uint256 terms) {
        terms = _freeMemory();
        if (found == 0) return terms;
        uint256 size = found.size();
        TermsCode.copy(found.terms(), size, terms);
        // Can't overflow: a memory address.
        unchecked {
            _resetMemory(terms + 32 * size);
        }
    }

    function _freeMemory() internal pure returns (uint256 position) {
        assembly ("memory-safe") {
            position := mload(0x40)
        }
    }

    /// @dev Moves the end of the memory in use; back only when nothing beyond is needed any more.
    function _resetMemory(uint256 position) internal pure {
        assembly ("memory-safe") {
            mstore(0x40, position)
        }
    }
}
