// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice The hashes of the code that {Electro} runs by delegatecall, and nothing else.
/// @dev Written by `python -m electro_contracts.build`, from what it has just compiled.
library Parts {
    bytes32 internal constant PARTIES = 0x0b82eb31879f3ad81a28a0b2d587af2be2204679aa4c080ee8076e38cd9b13a2;
    bytes32 internal constant RESULTS = 0x1c8e1e1ad226779aa253a64e9de1d920d7c0140b55640a9666e0cfd99e1b5267;
}
