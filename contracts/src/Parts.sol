// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice The hashes of the code that {Electro} runs by delegatecall, and nothing else.
/// @dev Written by `python -m electro_contracts.build`, from what it has just compiled.
library Parts {
    bytes32 internal constant PARTIES = 0x98397e121a94da4e16f4381d49ca6854d212442d7e1ffbdef02fa048f6a5cb85;
    bytes32 internal constant RESULTS = 0xf147daa8064f1ec0ac10925611d3852bb1476bca3fddac5865acd95f9eb25319;
}
