// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ISettlement} from "./ISettlement.sol";
import {Records} from "./Records.sol";

/// @notice What the money is, and how it is paid out.
abstract contract Currency is Records, ISettlement {
    using SafeERC20 for IERC20;

    /// AccessControl's DEFAULT_ADMIN_ROLE.
    bytes32 private constant ADMIN = 0;

    /// @inheritdoc ISettlement
    function useEscrow(address token) external {
        if (!IAccessControl(address(this)).hasRole(ADMIN, msg.sender)) {
            revert IAccessControl.AccessControlUnauthorizedAccount(msg.sender, ADMIN);
        }
        if (_agreements != 0 || _escrow) revert CurrencyFixed();
        (bool answers, bytes memory balance) = token.staticcall(abi.encodeCall(IERC20.balanceOf, (address(this))));
        if (token.code.length == 0 || !answers || balance.length < 32) revert NotToken(token);
        _escrow = true;
        _currency = token;
        emit EscrowChosen(token);
    }

    /// @inheritdoc ISettlement
    function collect(address account) external {
        _collect(account, account);
    }

    /// @inheritdoc ISettlement
    function collectTo(address to) external {
        _collect(msg.sender, to);
    }

    function _collect(address account, address to) private {
        if (!_escrow) revert NoEscrow();
        uint256 amount = _owed[account];
        if (amount == 0) revert NothingToTake();
        _owed[account] = 0;
        emit Collected(account, to, amount);
        IERC20(_currency).safeTransfer(to, amount);
    }

    // -- To be asked

    /// @inheritdoc ISettlement
    function currency() external view returns (address) {
        return _currency;
    }

    /// @inheritdoc ISettlement
    function owed(address account) external view returns (uint256) {
        return _owed[account];
    }
}
