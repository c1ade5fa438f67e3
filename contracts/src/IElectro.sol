// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {IAnswers} from "./IAnswers.sol";
import {IBands} from "./IBands.sol";
import {IErrors} from "./IErrors.sol";
import {IEvents} from "./IEvents.sol";
import {IMeters} from "./IMeters.sol";
import {IParties} from "./IParties.sol";
import {ISealed} from "./ISealed.sol";
import {ISettlement} from "./ISettlement.sol";

/// @title Consumption agreements between a network company and a large consumer, judged by signed meter readings
/// @notice The consumer promises to stay, interval by interval, within a band of energy. At the acceptance it gets a
/// bonus; what the meters report outside the band, what is missing and what outages it causes is taken from it, and
/// what is left at the end becomes a discount. The contract believes a meter's signature and nobody's word: who sends
/// a message decides only who pays its gas.
///
/// Time is Unix seconds. Energy is counted in units of `Terms.unitWh` watt-hours. Money is in minor units of the
/// currency that the parties agreed on (kopecks, cents). An interval is numbered from the start of its agreement; its
/// slot in the schedule is `interval % slots`.
///
/// A reading is a big-endian uint16: 0x0000..0x7FFF measured units; 0x8000|x (x up to 0x7FFE) interrupted: supply was
/// missing for part or all of the interval, and x units were measured; 0xFFFF no data.
///
/// A place is a metering point of an agreement, numbered in the order of the proposal's devices. A meter's service at a
/// place is called a point: when another meter takes over, a point ends and another begins.
/// @dev Everything is called at one address: see {Electro}.
interface IElectro is IErrors, IEvents, IMeters, ISealed, IParties, IBands, ISettlement, IAnswers, IERC5267 {}
