// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice What a list's earlier items would have changed, so that its later ones are judged behind them without a change:
/// a table in memory. To find something takes the same time whatever the length of the list.
/// @dev Pairs of key and value, half of them free, so that every search ends. A key is a hash, so its low bits are as good
/// as any; a collision costs time and nothing else.
library PendingItems {
    /// @notice A table that takes `count` keys.
    function make(uint256 count) internal pure returns (uint256[] memory table) {
        uint256 length = 4;
        while (length < 4 * count) length *= 2;
        table = new uint256[](length);
    }

    /// @notice Where the pair of `key` is, or where it belongs: then the key there is 0.
    function find(uint256[] memory table, uint256 key) internal pure returns (uint256 i) {
        uint256 mask = table.length - 2;
        for (i = key & mask; table[i] != 0 && table[i] != key; i = (i + 2) & mask) {}
    }
}
