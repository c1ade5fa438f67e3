// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice The hashes of the code that {Electro} runs by delegatecall, and nothing else.
/// @dev Written by `python -m electro_contracts.build`, from what it has just compiled.
library Parts {
    bytes32 internal constant PARTIES = 0xe9bf820483859ee2f5a084d265b91f9c770f46d0f76a9cb12f42c824601112bc;
    bytes32 internal constant RESULTS = 0x50b74cf53c8b12f5f31f5c271b817e193cfcbe454e2307d0de1cc5209f081615;
}
