// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice The hashes of the code that {Electro} runs by delegatecall, and nothing else.
/// @dev Written by `python -m electro_contracts.build`, from what it has just compiled.
library Parts {
    bytes32 internal constant PARTIES = 0x9e7fc7bcc22dca2db6919bb776d0f9449bb86b40be8c8d6124f87a08588d70a2;
    bytes32 internal constant RESULTS = 0xb923ad37c010561b8059f00500b3fcc5ab61c4d44e8e66a85f3f5815d70e8c67;
}
