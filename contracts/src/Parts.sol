// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice The hashes of the code that {Electro} runs by delegatecall, and nothing else.
/// @dev Written by `python -m electro_contracts.build`, from what it has just compiled.
library Parts {
    bytes32 internal constant PARTIES = 0x15f526f98ebd8edfe664f95f85523efdfccc75afc8a4051b52918cf5e5b6d695;
    bytes32 internal constant RESULTS = 0xda6b5d8403058396db4e6a24cc9269e7cfa44c03321b56172a64d8e8e39e8085;
}
