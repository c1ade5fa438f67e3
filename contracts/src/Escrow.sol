// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Prices} from "./Prices.sol";
import {Roles} from "./Roles.sol";

/// @notice The token in escrow, if there is one: how much of it is locked, how it comes in, and whom it is owed to.
abstract contract Escrow is Roles {
    using SafeERC20 for IERC20;

    /// @dev What the discount of an agreement can be at most: so much of its bonus and grants is locked.
    function _locked(uint64 id, Record storage record, uint256 terms) internal view returns (uint256) {
        if (!_isInEscrow(record)) return 0;
        return Prices.discount(uint256(record.bonus) + _since[id].grants, terms);
    }

    /// @dev The last act of a call. A token that calls back while it pays finds everything on record; and whatever it brings
    /// in meanwhile for another agreement makes the sum wrong here.
    function _fund(uint64 id, uint256 amount) internal {
        if (amount == 0) return;
        IERC20 token = IERC20(_currency);
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(_funders[id], address(this), amount);
        uint256 got = token.balanceOf(address(this)) - before;
        if (got != amount) revert NotFunded(amount, got);
    }

    /// @dev Money leaves by {Settlement.collect} only, so that no account that can't be paid holds up a settlement.
    function _credit(uint64 id, address account, uint256 amount) internal {
        if (amount == 0) return;
        _owed[account] += amount;
        emit Credited(id, account, amount);
    }
}
