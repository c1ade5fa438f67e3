// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice The hashes of the code that {Electro} runs by delegatecall, and nothing else.
/// @dev Written by `python -m electro_contracts.build`, from what it has just compiled.
library Parts {
    bytes32 internal constant PARTIES = 0x5ca271716d213774db585748c57194066c8a1a43974c80f8365582955af0dc5b;
    bytes32 internal constant RESULTS = 0x309302179a7f70b848d2d6c04b8941a7c2061c2a2f8e2dd026e9ba95e7c54065;
}
