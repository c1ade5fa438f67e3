// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Escrow} from "./Escrow.sol";
import {IParties} from "./IParties.sol";
import {Points} from "./Points.sol";
import {Prices} from "./Prices.sol";
import {TermsCode} from "./TermsCode.sol";

/// @notice What may change an agreement that runs: a grant, notice, another consumer.
abstract contract Changes is Escrow, IParties {
    using Points for uint256;
    using TermsCode for uint256;

    /// @inheritdoc IParties
    function grant(uint64 id, uint128 amount) external onlyOperator {
        (Record storage record, uint256 terms) = _running(id);
        if (_isInEscrow(record) && msg.sender != _funders[id]) revert NotFunder(msg.sender);
        Since storage since = _since[id];
        uint256 most = type(uint128).max - record.bonus - since.grants;
        if (amount == 0 || amount > most) revert BadAmount(most, amount);
        uint256 locked = _locked(id, record, terms);
        since.grants += amount;
        emit Granted(id, amount);
        _fund(id, _locked(id, record, terms) - locked);
    }

    /// @inheritdoc IParties
    function terminate(uint64 id) external {
        (Record storage record, uint256 terms) = _loaded(id);
        bool byConsumer = _mustBeParty(id, terms);
        if (record.state != State.Accepted) revert WrongState(id, record.state);
        if (block.timestamp < record.start) revert TooEarly(record.start, block.timestamp);
        uint256 length = terms.intervalSeconds();
        uint256 all = terms.intervals();
        uint256 kept = _begun(record.start, length, block.timestamp + terms.notice());
        if (kept >= all) revert NoticeTooLong(record.start + all * length, record.start + kept * length);
        Since storage since = _since[id];
        // Fits: a share of the bonus; and fewer intervals than the terms have.
        if (byConsumer) since.forfeited = uint128(Prices.share(record.bonus, all - kept, all));
        since.intervals = uint32(kept);
        record.state = State.Terminated;
        address[] memory devices = _devicesOf(id, terms);
        for (uint256 i; i < devices.length; ++i) {
            uint256 key = Points.key(id, devices[i]);
            _points[key] = _points[key].endAt(kept);
        }
        emit Terminated(id, msg.sender, uint32(kept), uint40(record.start + kept * length), since.forfeited);
    }

    /// @inheritdoc IParties
    function offerSuccession(uint64 id, address successor) external {
        uint256 terms = _bound(id);
        _mustBeConsumer(id, terms);
        _successions[id].offered = successor;
        emit SuccessorOffered(id, successor);
    }

    /// @inheritdoc IParties
    function acceptSuccession(uint64 id) external {
        uint256 terms = _bound(id);
        if (_successions[id].offered != msg.sender) revert NotOffered(id, msg.sender);
        address from = _consumerOf(id, terms);
        _successions[id] = Succession(msg.sender, address(0));
        _records[id].marks |= SUCCEEDED;
        emit ConsumerChanged(id, from, msg.sender);
    }

    /// @dev The terms of an agreement in which a consumer has something: accepted, and not called off.
    function _bound(uint64 id) private view returns (uint256 terms) {
        Record storage record;
        (record, terms) = _loaded(id);
        if (record.state == State.Proposed || record.state == State.Cancelled) revert WrongState(id, record.state);
    }
}
