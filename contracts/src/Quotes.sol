// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAnswers} from "./IAnswers.sol";
import {Lanes} from "./Lanes.sol";
import {Memory} from "./Memory.sol";
import {OpenedReport} from "./OpenedReport.sol";
import {Prices} from "./Prices.sol";
import {Records} from "./Records.sol";
import {TermsCode} from "./TermsCode.sol";

/// @notice What readings would cost.
abstract contract Quotes is Records, IAnswers {
    using TermsCode for uint256;

    /// @inheritdoc IAnswers
    function quote(uint64 agreementId, uint32 place, uint32 firstInterval, bytes calldata readings)
        external
        view
        returns (Quote memory quoted)
    {
        (, uint256 terms) = _loaded(agreementId);
        if (place >= terms.points()) revert NoSuchPlace(agreementId, place);
        if (terms.isSealed()) revert OtherForm(agreementId, true);
        uint256 slots = terms.slots();
        uint256 count = readings.length / 2;
        if (count == 0 || readings.length % 2 != 0 || count > TermsCode.MAX_SLOTS) {
            revert BadLength(readings.length, OpenedReport.MAX_READINGS);
        }
        uint256 slot = firstInterval % slots;
        if (count > slots - slot) revert BeyondSchedule(slots - slot, count);
        uint256 intervals = terms.intervals();
        if (firstInterval + count > intervals) revert OutsideTerm(intervals, firstInterval + count);
        _override(terms, agreementId, place, firstInterval);
        uint256 lanes = Memory.dataOf(readings);
        (uint256 least, uint256 greatest) = terms.boundsFrom(slot);
        Lanes.Judgement memory judged = Lanes.judge(lanes, readings.length, least, greatest, Lanes.HIGH);
        (quoted.under, quoted.over) = (judged.under, judged.over);
        (quoted.noData, quoted.interrupted) = (judged.noData, judged.interrupted);
        (quoted.underUnits, quoted.overUnits) = (judged.underUnits, judged.overUnits);
        quoted.penalty = Prices.readings(judged, terms);
    }
}
