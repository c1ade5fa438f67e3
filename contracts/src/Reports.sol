// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IMeters} from "./IMeters.sol";
import {Intake} from "./Intake.sol";
import {Lanes} from "./Lanes.sol";
import {Memory} from "./Memory.sol";
import {Messages} from "./Messages.sol";
import {Points} from "./Points.sol";
import {Supply} from "./Supply.sol";
import {TermsCode} from "./TermsCode.sol";

/// @notice Reports of energy: judged, booked, or refused.
abstract contract Reports is Intake {
    using Points for uint256;
    using Supply for Supply.Book;
    using TermsCode for uint256;

    bytes32 private constant ENERGY_REPORTED = keccak256("EnergyReported(uint64,address,uint32,uint64,bytes)");

    /// See Lanes.within.
    uint256 private immutable LANES_HIGH = Lanes.HIGH;

    /// @inheritdoc IMeters
    function submit(SignedReport calldata report) external {
        uint256 item;
        assembly ("memory-safe") {
            item := report
        }
        _take(item, _domain(), true);
    }

    /// @inheritdoc IMeters
    function submitBatch(SignedReport[] calldata reports) external {
        bytes32 domain = _domain();
        uint256 free = Memory.end();
        // Can't overflow: `i` stays below a length.
        unchecked {
            for (uint256 i; i < reports.length; ++i) {
                bytes32 reason = _take(_item(reports, i), domain, false);
                if (reason != 0) emit ReportSkipped(i, bytes4(reason));
                Memory.setEnd(free);
            }
        }
    }

    /// @dev Take the report at calldata position `item`, or say why not: as the reason, or if it is strict by reverting.
    /// Its memory is the caller's to free.
    function _take(uint256 item, bytes32 domain, bool strict) private returns (bytes32) {
        (uint256 device, uint256 agreementId, uint256 data, uint256 length) = Messages.openReport(item, domain);
        uint256 key = Points.key(agreementId, device);
        uint256 position = _position(key);
        uint256 found = _stored(position);
        // As in _terms, but without a branch: of an unknown point no word is copied. And memory that is free still, until
        // somebody wants some.
        uint256 terms = Memory.end();
        TermsCode.copy(found.terms(), found.size(), terms);
        uint256 first = Memory.load(data);
        (bool fits, uint256 slot) = _fits(found, terms, first, length);
        if (!fits) {
            (bytes32 reason, uint256 a, uint256 b) = _admit(found, terms, agreementId, device, data, length);
            if (reason != 0 && strict) _refuse(reason, a, b);
            if (reason != 0) return reason;
        }

        // Can't overflow: memory addresses, and a slot of a schedule.
        unchecked {
            uint256 least = terms + TermsCode.HEADER + 2 * slot;
            uint256 greatest = least + 2 * terms.word(0).slots();
            uint256 readings = data + 128;
            // Judged first, although it is told last: so no position has to be worked out again behind the log.
            bool within = Lanes.within(readings, length, least, greatest, LANES_HIGH);
            // The data ends where the terms begin, for they were put into memory next.
            bytes32 topic = ENERGY_REPORTED;
            assembly ("memory-safe") {
                log3(data, sub(terms, data), topic, agreementId, device)
            }
            if (!within) {
                Memory.setEnd(terms + 32 * found.size());
                Lanes.Judgement memory judged = Lanes.judge(readings, length, least, greatest);
                found = found.charge(_violated(judged, terms, agreementId, device, first));
                if (judged.noSupply != 0) _supply.report(key, readings, length >> 1, first);
            }
        }
        found = found.advance(length >> 1);
        assembly ("memory-safe") {
            sstore(position, found)
        }
        return 0;
    }

    /// @dev The money for what is wrong with readings. An interval without supply costs nothing here: see Supply.
    function _price(Lanes.Judgement memory judged, uint256 terms) internal pure returns (uint256) {
        uint256 rates = terms.word(1);
        // Can't overflow: 64-bit rates times counts below 2**10 and units below 2**26.
        unchecked {
            return (rates >> 192) * (judged.under + judged.over) + uint64(rates >> 128) * judged.underUnits
                + uint64(rates >> 64) * judged.overUnits + terms.word(0).missingPenalty() * judged.noData;
        }
    }

    function _violated(
        Lanes.Judgement memory judged,
        uint256 terms,
        uint256 agreementId,
        uint256 device,
        uint256 first
    ) private returns (uint256 penalty) {
        if (judged.under | judged.over | judged.noData == 0) return 0;
        penalty = _price(judged, terms);
        emit Violations(
            uint64(agreementId),
            address(uint160(device)),
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
            // Before the start this is huge, and later than any end.
            let since := sub(timestamp(), start)
            // Of what is or-ed here everything must be 0.
            fits := iszero(
                or(
                    or(or(iszero(length), and(length, 1)), or(xor(first, next), gt(last, end))),
                    or(
                        gt(add(slot, count), slots),
                        or(
                            gt(mul(last, interval), since),
                            gt(since, add(mul(end, interval), grace))
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
        uint256 device,
        uint256 data,
        uint256 length
    ) internal view returns (bytes32, uint256, uint256) {
        uint256 most = Messages.MAX_READINGS;
        if (length == 0 || length & 1 != 0 || length > most) return (BadLength.selector, length, most);
        if (device == 0) return (BadSignature.selector, 0, 0);
        if (found == 0) return (UnknownDevice.selector, device, agreementId);
        uint256 first = Memory.load(data);
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
    function _item(SignedReport[] calldata reports, uint256 i) internal pure returns (uint256 item) {
        assembly ("memory-safe") {
            item := add(reports.offset, calldataload(add(reports.offset, shl(5, i))))
        }
    }
}
