// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Changes} from "./Changes.sol";
import {Proposals} from "./Proposals.sol";

/// @notice How an agreement comes about, who is in it, what measures, and how it ends before its time. What each call means
/// is said in {IParties}.
/// @dev One of the two parts of the code that {Electro} runs by delegatecall: one contract may not have more than 24,576
/// bytes. Called directly it finds empty storage, in which nobody has a role and no agreement exists. It has no value of
/// its own, so that its code is the same wherever and by whomever it was deployed, and Electro knows it by its hash.
contract Parties is Proposals, Changes {}
