// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Domain} from "./Domain.sol";
import {IMeters} from "./IMeters.sol";
import {Lanes} from "./Lanes.sol";
import {Messages} from "./Messages.sol";
import {Points} from "./Points.sol";
import {Records} from "./Records.sol";
import {Supply} from "./Supply.sol";
import {TermsCode} from "./TermsCode.sol";

/// @notice The meters' messages: judged, booked, or refused.
/// @dev Refusals are values (the error's selector and its two arguments) until the last moment, so that `submit` can
/// revert with them, a batch skip with them and `check` return them, all by the same code.
abstract contract Ledger is Records, Domain, IMeters {
    using Points for uint256;
    using Supply for Supply.Book;
    using TermsCode for uint256;

    bytes32 private constant ENERGY_REPORTED = keccak256("EnergyReported(uint64,address,uint32,uint64,bytes)");

    /// See Lanes.within.
    uint256 private immutable LANES_HIGH = Lanes.HIGH;

    // -- Reports

    /// @inheritdoc IMeters
    function submit(SignedReport calldata report) external {
        uint256 item;
        assembly ("memory-safe") {
            item := report
        }
        (bytes4 reason, uint256 a, uint256 b) = _take(item, _domain());
        if (reason != 0) _refuse(reason, a, b);
    }

    /// @inheritdoc IMeters
    function submitBatch(SignedReport[] calldata reports) external {
        bytes32 domain = _domain();
        uint256 free = _freeMemory();
        // Can't overflow: `i` stays below a length.
        unchecked {
            for (uint256 i; i < reports.length; ++i) {
                (bytes4 reason,,) = _take(_item(reports, i), domain);
                if (reason != 0) emit ReportSkipped(i, reason);
                _resetMemory(free);
            }
        }
    }

    /// @inheritdoc IMeters
    function check(SignedReport[] calldata reports) external view returns (bytes4[] memory reasons) {
        uint256 count = reports.length;
        reasons = new bytes4[](count);
        uint256[] memory keys = new uint256[](count);
        uint256[] memory points = new uint256[](count);
        bytes32 domain = _domain();
        uint256 free = _freeMemory();
        for (uint256 i; i < count; ++i) {
            (address device, uint256 agreementId, uint256 data, uint256 length) =
                Messages.openReport(_item(reports, i), domain);
            uint256 key = Points.key(agreementId, device);
            uint256 found = _points[key];
            for (uint256 k; k < i; ++k) {
                if (keys[k] == key) found = points[k];
            }
            (reasons[i],,) = _admit(found, _terms(found), agreementId, device, data, length);
            if (reasons[i] == 0) (keys[i], points[i]) = (key, found.advance(length / 2));
            _resetMemory(free);
        }
    }

    /// @dev Take the report at calldata position `item`, or say why not. Its memory is the caller's to free.
    function _take(uint256 item, bytes32 domain) private returns (bytes4 reason, uint256 a, uint256 b) {
        (address device, uint256 agreementId, uint256 data, uint256 length) = Messages.openReport(item, domain);
        uint256 key = Points.key(agreementId, device);
        uint256 position = _position(key);
        uint256 found;
        assembly ("memory-safe") {
            found := sload(position)
        }
        uint256 terms = _terms(found);
        uint256 first = _word(data);
        (bool fits, uint256 slot) = _fits(found, terms, first, length);
        if (!fits) {
            (reason, a, b) = _admit(found, terms, agreementId, device, data, length);
            if (reason != 0) return (reason, a, b);
        }

        bytes32 topic = ENERGY_REPORTED;
        assembly ("memory-safe") {
            log3(data, add(128, and(add(length, 31), not(31))), topic, agreementId, device)
            data := add(data, 128)
        }
        // Can't overflow: memory addresses, and a slot of a schedule.
        unchecked {
            uint256 least = terms + TermsCode.HEADER + 2 * slot;
            uint256 greatest = least + 2 * terms.word(0).slots();
            if (!Lanes.within(data, length, least, greatest, LANES_HIGH)) {
                Lanes.Judgement memory judged = Lanes.judge(data, length, least, greatest);
                found = found.charge(_violated(judged, terms, agreementId, device, first));
                if (judged.noSupply != 0) _supply.report(key, data, length >> 1, first);
            }
        }
        found = found.advance(length >> 1);
        assembly ("memory-safe") {
            sstore(position, found)
        }
    }

    /// @dev The money for what is wrong with a report. An interval without supply costs nothing here: see Supply.
    function _violated(
        Lanes.Judgement memory judged,
        uint256 terms,
        uint256 agreementId,
        address device,
        uint256 first
    ) private returns (uint256 penalty) {
        if (judged.under | judged.over | judged.noData == 0) return 0;
        uint256 rates = terms.word(1);
        // Can't overflow: 64-bit rates times counts below 2**10 and units below 2**26.
        unchecked {
            penalty = (rates >> 192) * (judged.under + judged.over) + uint64(rates >> 128) * judged.underUnits
                + uint64(rates >> 64) * judged.overUnits + terms.word(0).missingPenalty() * judged.noData;
        }
        emit Violations(
            uint64(agreementId),
            device,
            uint32(first),
            judged.under,
            judged.over,
            judged.noData,
            judged.underUnits,
            judged.overUnits,
            penalty
        );
    }

    /// @dev {_admit} without its reasons and without a branch, for the usual case: not for a meter that was cut short and
    /// delivers what it measured until then when the grace after its own end is over. A point of zero ends at 0 and so fits
    /// nothing; readings too long are signed by nobody and so have no point.
    function _fits(uint256 found, uint256 terms, uint256 first, uint256 length)
        private
        view
        returns (bool fits, uint256 slot)
    {
        uint256 head = terms.word(0);
        uint256 slots = head.slots();
        uint256 end = found.end();
        uint256 start = found.start();
        uint256 next = found.next();
        uint256 interval = head.intervalSeconds();
        uint256 grace = head.grace();
        assembly ("memory-safe") {
            let count := shr(1, length)
            let last := add(first, count)
            slot := mod(first, slots)
            fits := and(
                and(and(gt(count, 0), iszero(and(length, 1))), eq(first, next)),
                iszero(
                    or(
                        or(gt(add(slot, count), slots), gt(last, end)),
                        or(
                            gt(add(start, mul(last, interval)), timestamp()),
                            gt(timestamp(), add(add(start, mul(end, interval)), grace))
                        )
                    )
                )
            )
        }
    }

    /// @dev Whether a point takes a report, of which `data` is the event's data: 0, or why not.
    function _admit(
        uint256 found,
        uint256 terms,
        uint256 agreementId,
        address device,
        uint256 data,
        uint256 length
    ) private view returns (bytes4, uint256, uint256) {
        if (length == 0 || length & 1 != 0 || length > Messages.MAX_READINGS) return (BadLength.selector, length, Messages.MAX_READINGS);
        if (device == address(0)) return (BadSignature.selector, 0, 0);
        if (found == 0) return (UnknownDevice.selector, uint160(device), agreementId);
        uint256 first = _word(data);
        if (first != found.next()) return (WrongSequence.selector, found.next(), first);
        // Can't overflow: every number here has at most 64 bits, and a slot is less than the number of slots.
        unchecked {
            uint256 head = terms.word(0);
            uint256 count = length >> 1;
            uint256 left = head.slots() - first % head.slots();
            if (count > left) return (BeyondSchedule.selector, left, count);
            uint256 last = first + count;
            uint256 end = found.end();
            if (last > end) return (OutsideTerm.selector, end, last);
            last = found.start() + last * head.intervalSeconds();
            if (last > block.timestamp) return (FromTheFuture.selector, last, block.timestamp);
            last = _reportsUntil(uint64(agreementId), found.start(), head);
            if (block.timestamp > last) return (TooLate.selector, last, block.timestamp);
        }
        return (0, 0, 0);
    }

    /// @dev The calldata position of a tuple, as Solidity's own decoder finds it, but for the checks: see openReport.
    function _item(SignedReport[] calldata reports, uint256 i) private pure returns (uint256 item) {
        assembly ("memory-safe") {
            item := add(reports.offset, calldataload(add(reports.offset, shl(5, i))))
        }
    }

    // -- Outages

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
        uint256[] memory keys = new uint256[](count);
        bytes32 domain = _domain();
        for (uint256 i; i < count; ++i) {
            address device = Messages.outageSigner(outages[i], domain);
            uint256 key = Points.key(outages[i].agreementId, device);
            (bool known, uint256 endedAt) = _supply.outageOf(key, outages[i].startedAt);
            for (uint256 k; k < i; ++k) {
                if (keys[k] == key && outages[k].startedAt == outages[i].startedAt) {
                    (known, endedAt) = (true, outages[k].endedAt);
                }
            }
            uint256 found = _points[key];
            (reasons[i],,) = _admitOutage(found, _terms(found), outages[i], device, known, endedAt);
            if (reasons[i] == 0) keys[i] = key;
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
            // The part of the outage that lies in the term, in seconds from its start; not empty, as _admitOutage saw.
            uint256 from = outage.startedAt > found.start() ? outage.startedAt - found.start() : 0;
            uint256 to = outage.endedAt - found.start();
            if (to > found.end() * length) to = found.end() * length;
            if (penalised) penalty += (terms.word(2) >> 192) * ((to - from) / 60);
            // The intervals it touches, and one more at each side for what the two clocks and thresholds disagree on.
            from /= length;
            to = (to - 1) / length;
            _supply.cover(key, from == 0 ? 0 : from - 1, to + 1);
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

    // -- Storage and memory

    /// @dev Where `_points[key]` is, found once for reading and writing.
    function _position(uint256 key) private pure returns (uint256 position) {
        assembly ("memory-safe") {
            mstore(0, key)
            mstore(32, _points.slot)
            position := keccak256(0, 64)
        }
    }

    function _word(uint256 position) private pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := mload(position)
        }
    }

    /// @dev All refusals have two arguments, but BadSignature has none.
    function _refuse(bytes4 reason, uint256 a, uint256 b) private pure {
        if (reason == BadSignature.selector) revert BadSignature();
        assembly ("memory-safe") {
            let m := mload(0x40)
            mstore(m, reason)
            mstore(add(m, 4), a)
            mstore(add(m, 36), b)
            revert(m, 68)
        }
    }
}
