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

    /// Where the sheet lies on which reports are opened that are to be taken (see Messages): in the first memory of a
    /// call, which begins here, as `electro_contracts.build` makes sure. An address that is known beforehand costs a third of
    /// one that is worked out, and a report has thirty. If it were another, reports would be signed by nobody.
    uint256 private constant SHEET = 0x80;

    /// See Lanes.within.
    uint256 private immutable LANES_HIGH = Lanes.HIGH;

    /// @inheritdoc IMeters
    function submit(SignedReport calldata report) external {
        // A list of one, the position of which is counted from where the list begins, as in any list. As a number it would
        // have the optimizer make all that follows twice.
        uint256 list;
        assembly ("memory-safe") {
            list := sub(report, calldataload(4))
        }
        _takeAll(list, list + 32);
    }

    /// @inheritdoc IMeters
    function submitBatch(SignedReport[] calldata reports) external {
        uint256 list = _entries(reports);
        _takeAll(list, list + 32 * reports.length);
    }

    /// @dev Take the reports whose positions are at calldata positions `list` to `end`.
    function _takeAll(uint256 list, uint256 end) private {
        Messages.newSheet();
        Memory.store(SHEET + Messages.DOMAIN, uint256(_domain()));
        // Can't overflow: calldata positions.
        unchecked {
            for (uint256 entry = list; entry < end; entry += 32) _take(list, entry);
        }
    }

    /// @dev Its memory is that of the next report too: whatever wants some takes it behind the terms.
    function _take(uint256 list, uint256 entry) private {
        (uint256 length, uint256 terms) = Messages.openReport(_item(list, entry), SHEET);
        uint256 position = _position(_key(SHEET));
        uint256 found = _stored(position);
        // As in _terms, but without a branch, and into memory that is free still: of an unknown point no word is copied.
        TermsCode.copy(found.terms(), found.size(), terms);
        (bool fits, uint256 least, uint256 greatest) = _fits(found, terms, Memory.load(SHEET + Messages.DATA), length);
        if (!fits) {
            // Can't overflow: an entry is in its list.
            unchecked {
                if (!_admits(found, terms, length, (entry - list) / 32)) return;
            }
        }
        _log(terms);
        if (!Lanes.within(SHEET + Messages.READINGS, length, least, greatest, LANES_HIGH)) {
            found = _charge(found, terms);
        }
        found = found.advanceBehind(length);
        assembly ("memory-safe") {
            sstore(position, found)
        }
    }

    /// @dev Whether the report on the sheet, which is number `index` of a batch, is taken; if not, {submit} reverts.
    function _admits(uint256 found, uint256 terms, uint256 length, uint256 index) private returns (bool) {
        (bytes32 reason, uint256 a, uint256 b) = _admit(found, terms, SHEET, length);
        if (reason == 0) return true;
        if (msg.sig == this.submit.selector) _refuse(reason, a, b);
        emit ReportSkipped(index, bytes4(reason));
        return false;
    }

    /// @dev The event's data ends where the terms begin, for they were put behind it.
    function _log(uint256 terms) private {
        bytes32 topic = ENERGY_REPORTED;
        uint256 data = SHEET + Messages.DATA;
        uint256 agreementId = Memory.load(SHEET + Messages.AGREEMENT_ID);
        uint256 device = Memory.load(SHEET + Messages.SIGNER);
        assembly ("memory-safe") {
            log3(data, sub(terms, data), topic, agreementId, device)
        }
    }

    /// @dev The point with the penalty for the readings on the sheet; intervals without supply are noted.
    function _charge(uint256 found, uint256 terms) private returns (uint256) {
        uint256 agreementId = Memory.load(SHEET + Messages.AGREEMENT_ID);
        uint256 device = Memory.load(SHEET + Messages.SIGNER);
        uint256 first = Memory.load(SHEET + Messages.DATA);
        uint256 length = Memory.load(SHEET + Messages.LENGTH);
        uint256 readings = SHEET + Messages.READINGS;
        // Can't overflow: a memory address.
        unchecked {
            Memory.setEnd(terms + 32 * found.size());
        }
        Lanes.Judgement memory judged = _judge(readings, length, terms, first);
        found = found.charge(_violated(judged, terms, agreementId, device, first));
        if (judged.noSupply == 0) return found;
        _supply.report(Points.key(agreementId, device), readings, length / 2, first);
        return found;
    }

    /// @dev Judge readings, of which the first is interval `first`, by the bands of terms in memory.
    function _judge(uint256 readings, uint256 length, uint256 terms, uint256 first)
        internal
        view
        returns (Lanes.Judgement memory)
    {
        // Can't overflow: memory addresses, and a slot of a schedule.
        unchecked {
            uint256 slots = terms.word(0).slots();
            uint256 least = terms + TermsCode.HEADER + 2 * (first % slots);
            return Lanes.judge(readings, length, least, least + 2 * slots, LANES_HIGH);
        }
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
    /// nothing; more readings than slots fit no schedule.
    function _fits(uint256 found, uint256 terms, uint256 first, uint256 length)
        private
        view
        returns (bool fits, uint256 least, uint256 greatest)
    {
        uint256 header = TermsCode.HEADER;
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
            let slot := mod(first, slots)
            least := add(add(terms, header), shl(1, slot))
            greatest := add(least, add(slots, slots))
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

    /// @dev Whether a point takes the report on a sheet: 0, or why not.
    function _admit(uint256 found, uint256 terms, uint256 sheet, uint256 length)
        internal
        view
        returns (bytes32, uint256, uint256)
    {
        uint256 agreementId = Memory.load(sheet + Messages.AGREEMENT_ID);
        uint256 device = Memory.load(sheet + Messages.SIGNER);
        uint256 first = Memory.load(sheet + Messages.DATA);
        uint256 most = Messages.MAX_READINGS;
        if (length == 0 || length & 1 != 0 || length > most) return (BadLength.selector, length, most);
        if (device == 0) return (BadSignature.selector, 0, 0);
        if (found == 0) return (UnknownDevice.selector, device, agreementId);
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

    /// @dev The key of the point for which the report on a sheet is.
    function _key(uint256 sheet) internal pure returns (uint256) {
        return Points.key(Memory.load(sheet + Messages.AGREEMENT_ID), Memory.load(sheet + Messages.SIGNER));
    }

    /// @dev Where a list's entries begin in the calldata.
    function _entries(SignedReport[] calldata reports) internal pure returns (uint256 list) {
        assembly ("memory-safe") {
            list := reports.offset
        }
    }

    /// @dev The calldata position of a tuple, as Solidity's own decoder finds it, but for the checks: see openReport.
    function _item(uint256 list, uint256 entry) internal pure returns (uint256 item) {
        assembly ("memory-safe") {
            item := add(list, calldataload(entry))
        }
    }
}
