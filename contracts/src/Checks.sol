// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IMeters} from "./IMeters.sol";
import {Memory} from "./Memory.sol";
import {OpenedReport} from "./OpenedReport.sol";
import {PendingItems} from "./PendingItems.sol";
import {Points} from "./Points.sol";
import {Reports} from "./Reports.sol";
import {TermsCode} from "./TermsCode.sol";

/// @notice What would become of reports, one after the other, if they were sent now.
abstract contract Checks is Reports {
    using Points for uint256;
    using TermsCode for uint256;

    /// @inheritdoc IMeters
    function check(SignedReport[] calldata reports) external view returns (bytes4[] memory reasons) {
        OpenedReport.prepare(_domain());
        uint256 count = reports.length;
        reasons = new bytes4[](count);
        uint256[] memory pending = PendingItems.make(count);
        uint256 list = _entries(reports);
        uint256 free = Memory.end();
        for (uint256 i; i < count; ++i) {
            // What one item needs is free again for the next.
            Memory.setEnd(free);
            (uint256 length,) = OpenedReport.open(_item(list, list + 32 * i));
            uint256 position = _position(_reportedKey());
            uint256 place = PendingItems.find(pending, position);
            uint256 point_ = pending[place] != 0 ? pending[place + 1] : _stored(position);
            uint256 hash = TermsCode.hashOf(TermsCode.accountOf(point_.terms()));
            (bytes32 reason,,) = _admit(point_, _terms(point_), hash, length, false);
            reasons[i] = bytes4(reason);
            if (reason != 0) continue;
            uint256 taken = point_.end() - point_.next();
            if (taken > length / 2) taken = length / 2;
            (pending[place], pending[place + 1]) = (position, point_.advance(taken));
        }
    }
}
