// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IMeters} from "./IMeters.sol";
import {Intake} from "./Intake.sol";
import {Messages} from "./Messages.sol";
import {Overlay} from "./Overlay.sol";
import {Points} from "./Points.sol";
import {Supply} from "./Supply.sol";
import {TermsCode} from "./TermsCode.sol";

/// @notice Reports of outages: judged, booked, or refused.
abstract contract Outages is Intake {
    using Points for uint256;
    using Supply for Supply.Book;
    using TermsCode for uint256;

    /// @inheritdoc IMeters
    function submitOutage(SignedOutage calldata outage) external {
        (bytes4 reason, uint256 a, uint256 b) = _takeOutage(outage, _domain());
        if (reason != 0) _refuse(reason, a, b);
    }

    /// @inheritdoc IMeters
    function submitOutageBatch(SignedOutage[] calldata outages) external {
        bytes32 domain = _domain();
        for (uint256 i; i < outages.length; ++i) {
            (bytes4 reason,,) = _takeOutage(outages[i], domain);
            if (reason != 0) emit OutageSkipped(i, reason);
        }
    }

    /// @inheritdoc IMeters
    function checkOutages(SignedOutage[] calldata outages) external view returns (bytes4[] memory reasons) {
        uint256 count = outages.length;
        reasons = new bytes4[](count);
        uint256[] memory recorded = Overlay.make(count);
        bytes32 domain = _domain();
        for (uint256 i; i < count; ++i) {
            address device = Messages.outageSigner(outages[i], domain);
            uint256 key = Points.key(outages[i].agreementId, device);
            (bool known, uint256 endedAt) = _supply.outageOf(key, outages[i].startedAt);
            uint256 hash = uint256(keccak256(abi.encode(key, outages[i].startedAt)));
            uint256 place = Overlay.find(recorded, hash);
            if (recorded[place] != 0) (known, endedAt) = (true, recorded[place + 1]);
            uint256 found = _points[key];
            (reasons[i],,) = _admitOutage(found, _terms(found), outages[i], device, known, endedAt);
            if (reasons[i] == 0) (recorded[place], recorded[place + 1]) = (hash, outages[i].endedAt);
        }
    }

    function _takeOutage(SignedOutage calldata outage, bytes32 domain)
        private
        returns (bytes4 reason, uint256 a, uint256 b)
    {
        address device = Messages.outageSigner(outage, domain);
        uint256 key = Points.key(outage.agreementId, device);
        uint256 found = _points[key];
        uint256 terms = _terms(found);
        {
            (bool known, uint256 knownEnd) = _supply.outageOf(key, outage.startedAt);
            (reason, a, b) = _admitOutage(found, terms, outage, device, known, knownEnd);
        }
        if (reason != 0) return (reason, a, b);

        uint256 head = terms.word(0);
        bool penalised = head.penalises(outage.cause);
        uint256 penalty = penalised && outage.startedAt >= found.start() ? uint64(terms.word(1)) : 0;
        if (outage.endedAt != 0) {
            uint256 length = head.intervalSeconds();
            // The part of the outage that lies in the term, in seconds from its start; empty only at a point that ends
            // where it begins, of a meter that was revoked before.
            uint256 from = outage.startedAt > found.start() ? outage.startedAt - found.start() : 0;
            uint256 to = outage.endedAt - found.start();
            if (to > found.end() * length) to = found.end() * length;
            if (penalised) penalty += (terms.word(2) >> 192) * ((to - from) / 60);
            // The intervals it touches, and one more at each side for what the two clocks and thresholds disagree on.
            from /= length;
            to = (to + length - 1) / length;
            _supply.cover(key, from == 0 ? 0 : from - 1, to);
        }
        _supply.record(key, outage.startedAt, outage.endedAt, penalty);
        emit OutageReported(
            outage.agreementId, device, outage.startedAt, outage.endedAt, outage.cause, penalty
        );
    }

    function _admitOutage(
        uint256 found,
        uint256 terms,
        SignedOutage calldata outage,
        address device,
        bool known,
        uint256 knownEnd
    ) private view returns (bytes4, uint256, uint256) {
        if (device == address(0)) return (BadSignature.selector, 0, 0);
        if (found == 0) return (UnknownDevice.selector, uint160(device), outage.agreementId);
        (uint256 startedAt, uint256 endedAt) = (outage.startedAt, outage.endedAt);
        if (outage.cause > 2 || (endedAt != 0 && endedAt <= startedAt)) {
            return (BadOutage.selector, startedAt, endedAt);
        }
        if (known && (knownEnd != 0 || endedAt == 0)) return (KnownOutage.selector, startedAt, knownEnd);
        uint256 last = endedAt == 0 ? startedAt : endedAt;
        if (last > block.timestamp) return (FromTheFuture.selector, last, block.timestamp);
        uint256 end = found.start() + found.end() * terms.word(0).intervalSeconds();
        if (startedAt >= end) return (OutsideTerm.selector, end, startedAt);
        if (endedAt != 0 && endedAt <= found.start()) return (OutsideTerm.selector, found.start(), endedAt);
        uint256 until = _reportsUntil(outage.agreementId, found.start(), terms.word(0));
        if (block.timestamp > until) return (TooLate.selector, until, block.timestamp);
        return (0, 0, 0);
    }
}
