// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {Domain} from "./Domain.sol";
import {Messages} from "./Messages.sol";
import {Tally} from "./Tally.sol";

/// @notice Who may do something: roles, the present consumer, what it has signed, and whether the agreement still runs.
abstract contract Roles is Tally, Domain {
    /// @dev The roles are kept by {Electro}: asked by an ordinary call, so that only it knows their layout.
    modifier onlyOperator() {
        _mustBeOperator(msg.sender);
        _;
    }

    function _mustBeOperator(address account) internal view {
        if (!_isOperator(account)) revert IAccessControl.AccessControlUnauthorizedAccount(account, OPERATOR);
    }

    function _isOperator(address account) internal view returns (bool) {
        return IAccessControl(address(this)).hasRole(OPERATOR, account);
    }

    function _mustBeConsumer(uint64 id, uint256 terms) internal view {
        if (msg.sender != _consumerOf(id, terms)) revert NotConsumer(msg.sender);
    }

    /// @dev Whether the caller is the consumer; if not, it must be the operator.
    function _mustBeParty(uint64 id, uint256 terms) internal view returns (bool byConsumer) {
        byConsumer = msg.sender == _consumerOf(id, terms);
        if (!byConsumer && !_isOperator(msg.sender)) revert NotParty(msg.sender);
    }

    /// @dev Not later than `deadline`, by an account or a smart wallet.
    function _mustHaveSigned(address account, bytes32 structHash, uint40 deadline, bytes calldata signature)
        internal
        view
    {
        if (block.timestamp > deadline) revert Expired(deadline, block.timestamp);
        if (!Messages.isSignedBy(account, Messages.typed(_domain(), structHash), signature)) revert BadSignature();
    }

    /// @dev An agreement that binds its parties and is not yet settled.
    function _running(uint64 id) internal view returns (Record storage record, uint256 terms) {
        (record, terms) = _loaded(id);
        if (record.state != State.Accepted && record.state != State.Terminated) revert WrongState(id, record.state);
    }
}
