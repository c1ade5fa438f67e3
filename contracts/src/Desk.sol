// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {Domain} from "./Domain.sol";
import {IOffice} from "./IOffice.sol";
import {Messages} from "./Messages.sol";
import {Records} from "./Records.sol";

/// @notice What all that people do begins with: who may do it, what they have signed, and which agreements still run.
abstract contract Desk is Records, Domain, IOffice {
    /// @dev The roles are kept by {Electro}'s other half: asked by an ordinary call, so that only it knows their layout.
    modifier onlyOperator() {
        if (!_isOperator()) revert IAccessControl.AccessControlUnauthorizedAccount(msg.sender, OPERATOR);
        _;
    }

    function _isOperator() internal view returns (bool) {
        return IAccessControl(address(this)).hasRole(OPERATOR, msg.sender);
    }

    /// @dev Not later than `deadline`, by an account or a smart wallet.
    function _mustHaveSigned(address account, bytes32 structHash, uint40 deadline, bytes calldata signature)
        internal
        view
    {
        if (block.timestamp > deadline) revert Expired(deadline, block.timestamp);
        if (!Messages.isSignedBy(account, Messages.typed(_domain(), structHash), signature)) revert BadSignature();
    }

    /// @dev The record of an agreement that binds its parties and is not yet settled.
    function _running(uint64 id) internal view returns (Record storage record) {
        record = _records[id];
        if (record.state != State.Accepted && record.state != State.Terminated) revert WrongState(id, record.state);
    }

    /// @dev How many intervals have begun until an instant, the running one included. What was measured until then lies
    /// in them, so that cutting a term there changes nothing that has happened, in whatever order messages of it arrive.
    function _begun(uint256 start, uint256 length, uint256 instant) internal pure returns (uint256) {
        return instant < start ? 0 : (instant - start) / length + 1;
    }
}
