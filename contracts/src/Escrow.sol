// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Desk} from "./Desk.sol";
import {IOffice} from "./IOffice.sol";

/// @notice The token in escrow, if there is one: how it comes in, whom it is owed to, and how it goes out.
abstract contract Escrow is Desk {
    using SafeERC20 for IERC20;

    /// AccessControl's DEFAULT_ADMIN_ROLE.
    bytes32 private constant ADMIN = 0;

    /// @inheritdoc IOffice
    function useEscrow(address token) external {
        if (!IAccessControl(address(this)).hasRole(ADMIN, msg.sender)) {
            revert IAccessControl.AccessControlUnauthorizedAccount(msg.sender, ADMIN);
        }
        if (_agreements != 0 || _escrow || token == address(0)) revert CurrencyFixed();
        _escrow = true;
        _currency = token;
        emit EscrowChosen(token);
    }

    /// @inheritdoc IOffice
    function collect(address account) external {
        _mustHoldMoney();
        uint256 amount = _owed[account];
        if (amount == 0) revert NothingToTake();
        _owed[account] = 0;
        emit Collected(account, amount);
        IERC20(_currency).safeTransfer(account, amount);
    }

    function _mustHoldMoney() internal view {
        if (!_escrow) revert NoEscrow();
    }

    /// @dev The last act of a call. A token that calls back while it pays finds the books closed; and whatever it brings
    /// in meanwhile for another agreement makes the sum wrong here.
    function _fund(uint64 id, address from, uint256 amount) internal {
        if (!_records[id].escrow || amount == 0) return;
        IERC20 token = IERC20(_currency);
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(from, address(this), amount);
        uint256 got = token.balanceOf(address(this)) - before;
        if (got != amount) revert NotFunded(amount, got);
    }

    /// @dev What an agreement does not need goes back to who funded it.
    function _repay(uint64 id, uint256 amount) internal {
        if (!_records[id].escrow || amount == 0) return;
        _credit(id, _funders[id].account, amount);
    }

    /// @dev Money leaves by {collect} only, so that no account that can't be paid holds up a settlement.
    function _credit(uint64 id, address account, uint256 amount) internal {
        _owed[account] += amount;
        emit Credited(id, account, amount);
    }

    // -- To be asked

    /// @inheritdoc IOffice
    function currency() external view returns (address) {
        return _currency;
    }

    /// @inheritdoc IOffice
    function owed(address account) external view returns (uint256) {
        return _owed[account];
    }
}
