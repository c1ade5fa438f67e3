// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice The hashes of the code that {Electro} runs by delegatecall, and nothing else.
/// @dev Written by `python -m electro_contracts.build`, from what it has just compiled.
library Parts {
    bytes32 internal constant PARTIES = 0xa290ada52466614391601eb1dea7f52786e6ec54498ec6f3abdcf507e86ad313;
    bytes32 internal constant RESULTS = 0x78f6c2cd4a33d5ca799640f7830fd17df599deb722e52404afb78dd1ef1cd428;
}
