// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice The hashes of the code that {Electro} runs by delegatecall, and nothing else.
/// @dev Written by `python -m electro_contracts.build`, from what it has just compiled.
library Parts {
    bytes32 internal constant PARTIES = 0x3add0a2df8c90be428a388b078e06bac33dbf75c5735d19076678ae1b011e693;
    bytes32 internal constant RESULTS = 0x34ab99df5206586a9b982b41172bd8378e31b53fa5f1e99348b6d7c4cec7233c;
}
