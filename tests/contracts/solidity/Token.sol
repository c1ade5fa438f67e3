// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice An ERC-20 for the tests that can be as odd as real ones are. Anyone mints.
contract Token {
    enum Oddity {
        None,
        /// Keeps one of each hundred.
        Fee,
        /// Says false instead of reverting, and moves nothing.
        SaysFalse,
        /// Returns nothing.
        SaysNothing,
        /// Calls `target` with `data` before it moves anything.
        CallsBack,
        /// Pays nothing to `target`.
        Blocks,
        /// Says twice the balance that there is.
        Boasts,
        /// Says the balance that there was.
        Forgets
    }

    mapping(address => uint256) private _balances;
    mapping(address => mapping(address => uint256)) public allowance;
    Oddity public oddity;
    address private _target;
    bytes private _data;

    function mint(address to, uint256 amount) external {
        _balances[to] += amount;
    }

    function balanceOf(address account) external view returns (uint256) {
        if (oddity == Oddity.Forgets) return 0;
        return oddity == Oddity.Boasts ? 2 * _balances[account] : _balances[account];
    }

    function approve(address spender, uint256 amount) external returns (bool) {
        allowance[msg.sender][spender] = amount;
        return true;
    }

    function become(Oddity oddity_, address target, bytes calldata data) external {
        (oddity, _target, _data) = (oddity_, target, data);
    }

    function transfer(address to, uint256 amount) external {
        _answer(_move(msg.sender, to, amount));
    }

    function transferFrom(address from, address to, uint256 amount) external {
        require(allowance[from][msg.sender] >= amount, "allowance");
        if (oddity != Oddity.SaysFalse) allowance[from][msg.sender] -= amount;
        _answer(_move(from, to, amount));
    }

    function _move(address from, address to, uint256 amount) private returns (bool) {
        if (oddity == Oddity.SaysFalse) return false;
        if (oddity == Oddity.CallsBack) {
            (bool good,) = _target.call(_data);
            require(good, "the call back was refused");
        }
        require(oddity != Oddity.Blocks || to != _target, "blocked");
        require(_balances[from] >= amount, "balance");
        _balances[from] -= amount;
        _balances[to] += oddity == Oddity.Fee ? amount - amount / 100 : amount;
        return true;
    }

    function _answer(bool good) private view {
        if (oddity == Oddity.SaysNothing) return;
        assembly ("memory-safe") {
            mstore(0, good)
            return(0, 32)
        }
    }
}
