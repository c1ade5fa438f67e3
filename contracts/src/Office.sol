// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Changes} from "./Changes.sol";
import {Discounts} from "./Discounts.sol";
import {Domain} from "./Domain.sol";
import {IOffice} from "./IOffice.sol";
import {Points} from "./Points.sol";
import {Proposals} from "./Proposals.sol";
import {Supply} from "./Supply.sol";
import {TermsAbi} from "./TermsAbi.sol";
import {TermsCode} from "./TermsCode.sol";

/// @notice What people do with agreements, in one contract, and what is on record of one. What each call means is said in
/// {IOffice}.
/// @dev This is the second half of {Electro}'s code, which runs it by delegatecall: one contract may not have more than
/// 24,576 bytes. Called directly it finds empty storage, in which nobody has a role and no agreement exists.
contract Office is Proposals, Changes, Discounts {
    using Points for uint256;
    using Supply for Supply.Book;
    using TermsAbi for uint256;
    using TermsCode for uint256;

    constructor() Domain(msg.sender) {}

    /// @inheritdoc IOffice
    function agreement(uint64 id) external view returns (Agreement memory view_) {
        (Record storage record, uint256 terms) = _loaded(id);
        uint256 end = _end(record, id, terms);
        uint256 reportsUntil = end + terms.word(0).grace();
        view_.consumer = terms.consumer();
        view_.state = record.state;
        view_.start = record.start;
        view_.end = uint40(end);
        view_.reportsUntil = uint40(reportsUntil);
        view_.settlesAt = uint40(reportsUntil + terms.word(2).disputeWindow() + 1);
        view_.bonus = record.bonus;
        view_.accrued = _accrued(record, id, terms);
        view_.remaining = _remaining(record, id, view_.accrued);
        view_.discount = _uses[id].discount;
        view_.devices = _devicesOf(id, terms);
        view_.grants = _since[id].grants;
        view_.waived = _since[id].waived;
        view_.forfeited = _since[id].forfeited;
        view_.redeemed = _uses[id].redeemed;
        if (record.state == State.Settled) view_.redeemableUntil = uint64(_redeemableUntil(record, terms));
    }

    /// @inheritdoc IOffice
    function termsOf(uint64 id) external view returns (Terms memory) {
        (Record storage record, uint256 terms) = _loaded(id);
        return terms.decode(record.start);
    }

    /// @inheritdoc IOffice
    function point(uint64 id, address device) external view returns (Point memory) {
        uint256 key = Points.key(id, device);
        uint256 found = _points[key];
        if (found == 0) revert UnknownDevice(device, id);
        return Point({
            next: uint32(found.next()),
            end: uint32(found.end()),
            accrued: found.accrued(),
            outageAccrued: _supply.penalties(key),
            uncovered: uint32(_supply.uncovered(key))
        });
    }
}
