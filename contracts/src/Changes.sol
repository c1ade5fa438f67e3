// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Escrow} from "./Escrow.sol";
import {IOffice} from "./IOffice.sol";
import {Points} from "./Points.sol";
import {TermsCode} from "./TermsCode.sol";

/// @notice What may change an agreement that runs: a grant, a waiver, notice.
abstract contract Changes is Escrow {
    using Points for uint256;
    using TermsCode for uint256;

    /// @inheritdoc IOffice
    function grant(uint64 id, uint128 amount) external onlyOperator {
        Record storage record = _running(id);
        Since storage since = _since[id];
        uint256 most = type(uint128).max - record.bonus - since.grants;
        if (amount == 0 || amount > most) revert BadAmount(most, amount);
        since.grants += amount;
        emit Granted(id, amount);
        _fund(id, msg.sender, amount);
    }

    /// @inheritdoc IOffice
    function waive(uint64 id, uint128 amount) external onlyOperator {
        Record storage record = _running(id);
        Since storage since = _since[id];
        uint256 terms = TermsCode.load(record.terms);
        uint256 from = _end(record, id, terms) + terms.word(0).grace() + 1;
        if (block.timestamp < from) revert TooEarly(from, block.timestamp);
        uint256 most = _accrued(record, id, terms) - since.waived;
        if (amount == 0 || amount > most) revert BadAmount(most, amount);
        since.waived += amount;
        emit Waived(id, amount);
    }

    /// @inheritdoc IOffice
    function terminate(uint64 id) external {
        (Record storage record, uint256 terms) = _loaded(id);
        bool byConsumer = msg.sender == terms.consumer();
        if (!byConsumer && !_isOperator()) revert NotParty(msg.sender);
        if (record.state != State.Accepted) revert WrongState(id, record.state);
        if (block.timestamp < record.start) revert TooEarly(record.start, block.timestamp);
        uint256 length = terms.word(0).intervalSeconds();
        uint256 all = terms.word(0).intervals();
        uint256 kept = _begun(record.start, length, block.timestamp + terms.word(2).notice());
        if (kept >= all) revert NoticeTooLong(record.start + all * length, record.start + kept * length);
        Since storage since = _since[id];
        // Fits: a share of the bonus; and fewer intervals than the terms have.
        if (byConsumer) since.forfeited = uint128(record.bonus * (all - kept) / all);
        since.intervals = uint32(kept);
        record.state = State.Terminated;
        address[] memory devices = _devicesOf(id, terms);
        for (uint256 i; i < devices.length; ++i) {
            uint256 key = Points.key(id, devices[i]);
            _points[key] = _points[key].endAt(kept);
        }
        emit Terminated(id, msg.sender, uint32(kept), uint40(record.start + kept * length), since.forfeited);
    }
}
