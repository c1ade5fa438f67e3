// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Answers} from "./Answers.sol";
import {MeterStates} from "./MeterStates.sol";
import {Quotes} from "./Quotes.sol";
import {Renominations} from "./Renominations.sol";
import {Settlement} from "./Settlement.sol";

/// @notice Which bands hold, what agreements come to, and what anyone asks. What each call means is said in {IBands},
/// {ISettlement} and {IAnswers}.
/// @dev The other part of the code that {Electro} runs by delegatecall; what is said of {Parties} holds for it too.
contract Results is Renominations, Settlement, Answers, MeterStates, Quotes {}
