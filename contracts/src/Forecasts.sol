// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IMeters} from "./IMeters.sol";
import {Lanes} from "./Lanes.sol";
import {Memory} from "./Memory.sol";
import {Messages} from "./Messages.sol";
import {Overlay} from "./Overlay.sol";
import {Points} from "./Points.sol";
import {Reports} from "./Reports.sol";
import {TermsCode} from "./TermsCode.sol";

/// @notice What would become of reports: whether they would be taken, and what readings would cost.
abstract contract Forecasts is Reports {
    using Points for uint256;
    using TermsCode for uint256;

    /// @inheritdoc IMeters
    function check(SignedReport[] calldata reports) external view returns (bytes4[] memory reasons) {
        uint256 count = reports.length;
        reasons = new bytes4[](count);
        uint256[] memory advanced = Overlay.make(count);
        uint256 sheet = Messages.newSheet();
        Memory.store(sheet + Messages.DOMAIN, uint256(_domain()));
        uint256 list = _entries(reports);
        for (uint256 i; i < count; ++i) {
            (uint256 length, uint256 end) = Messages.openReport(_item(list, list + 32 * i), sheet);
            Memory.setEnd(end);
            uint256 position = _position(_key(sheet));
            uint256 place = Overlay.find(advanced, position);
            uint256 found = advanced[place] != 0 ? advanced[place + 1] : _stored(position);
            (bytes32 reason,,) = _admit(found, _terms(found), sheet, length);
            reasons[i] = bytes4(reason);
            if (reason == 0) (advanced[place], advanced[place + 1]) = (position, found.advanceBehind(length));
        }
    }

    /// @inheritdoc IMeters
    function quote(uint64 agreementId, uint32 firstInterval, bytes calldata readings)
        external
        view
        returns (Quote memory quoted)
    {
        (, uint256 terms) = _loaded(agreementId);
        uint256 slots = terms.word(0).slots();
        uint256 count = readings.length / 2;
        if (count == 0 || readings.length % 2 != 0 || count > TermsCode.MAX_SLOTS) {
            revert BadLength(readings.length, Messages.MAX_READINGS);
        }
        uint256 slot = firstInterval % slots;
        if (count > slots - slot) revert BeyondSchedule(slots - slot, count);
        uint256 intervals = terms.word(0).intervals();
        if (firstInterval + count > intervals) revert OutsideTerm(intervals, firstInterval + count);
        uint256 lanes = Memory.dataOf(readings);
        Lanes.Judgement memory judged = _judge(lanes, readings.length, terms, firstInterval);
        (quoted.under, quoted.over) = (judged.under, judged.over);
        (quoted.noData, quoted.noSupply) = (judged.noData, judged.noSupply);
        (quoted.underUnits, quoted.overUnits) = (judged.underUnits, judged.overUnits);
        quoted.penalty = _price(judged, terms);
    }
}
