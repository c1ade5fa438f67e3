// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAnswers} from "./IAnswers.sol";
import {Interruptions} from "./Interruptions.sol";
import {Overrides} from "./Overrides.sol";
import {Points} from "./Points.sol";
import {Records} from "./Records.sol";
import {TermsAbi} from "./TermsAbi.sol";
import {TermsCode} from "./TermsCode.sol";

/// @notice What is on record of an agreement, and of all.
abstract contract Answers is Records, IAnswers {
    using Interruptions for uint256;
    using Points for uint256;
    using TermsAbi for uint256;
    using TermsCode for uint256;

    /// @inheritdoc IAnswers
    function termsOf(uint64 id) external view returns (Terms memory) {
        (Record storage record, uint256 terms) = _loaded(id);
        return terms.decode(record.start);
    }

    /// @inheritdoc IAnswers
    function hashesOf(uint64 id) external view returns (bytes32 termsHash, bytes32 devicesHash) {
        (Record storage record, uint256 terms) = _loaded(id);
        termsHash = terms.hash(record.start);
        devicesHash = keccak256(abi.encodePacked(terms.devices()));
    }

    /// @inheritdoc IAnswers
    function point(uint64 id, address device) external view returns (Point memory) {
        uint256 key = Points.key(id, device);
        uint256 point_ = _points[key];
        if (point_ == 0) revert UnknownDevice(device, id);
        uint256 outages = _interruptions.records[key];
        return Point({
            place: uint32(point_.place()),
            next: uint32(point_.next()),
            stop: uint32(point_.stop()),
            end: uint32(point_.end()),
            accrued: point_.accrued(),
            outageAccrued: outages.penalties(),
            unexplained: uint32(outages.unexplained()),
            nextOutage: uint32(outages.nextOutage()),
            outageOpen: outages.isOpen(),
            lastEndedAt: uint40(outages.lastEndedAt()),
            replaced: point_.has(Points.REPLACED),
            faulted: point_.has(Points.FAULTED)
        });
    }

    /// @inheritdoc IAnswers
    function overrideOf(uint64 id, uint32 place, uint32 pass)
        external
        view
        returns (address account, uint32 sequence)
    {
        (, uint256 terms) = _loaded(id);
        if (place >= terms.points()) revert NoSuchPlace(id, place);
        Overrides.Place storage place_ = _places[Overrides.key(id, place)];
        uint32 creation = place_.creations[pass];
        if (creation != 0) account = address(uint160(TermsCode.accountOf(creation)));
        sequence = place_.sequence;
    }

    /// @inheritdoc IAnswers
    function agreementCount() external view returns (uint64) {
        return _agreements;
    }

    /// @inheritdoc IAnswers
    function proposalsPaused() external view returns (bool) {
        return _paused;
    }

    /// @inheritdoc IAnswers
    function leastSeconds() external view returns (uint32 grace, uint32 disputeWindow, uint32 discountExpiry) {
        return (_leastGrace, _leastDisputeWindow, _leastDiscountExpiry);
    }
}
