// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IRecords} from "./IRecords.sol";

/// @notice What has happened. From these logs alone everything can be rebuilt: what was agreed, signed and paid.
interface IEvents is IRecords {
    event DeviceEnrolled(address indexed device, bytes32 indexed hardwareId, uint32 baseSeconds);
    event AgreementProposed(
        uint64 indexed agreementId, address indexed consumer, uint128 bonus, Terms terms, address[] devices
    );
    event AgreementAccepted(
        uint64 indexed agreementId, address indexed consumer, bytes32 termsHash, bytes32 devicesHash
    );
    /// @notice Follows AgreementProposed if an earlier agreement's terms and devices are used again.
    event AgreementRenewed(uint64 indexed agreementId, uint64 indexed earlier);
    event RotationProposed(uint64 indexed agreementId, address indexed from, address indexed to);
    /// @notice `to` measures from `firstInterval` on what `from` measured before.
    event DeviceRotated(
        uint64 indexed agreementId, address indexed from, address indexed to, uint32 place, uint32 firstInterval
    );
    /// @notice The bands of one pass at one place are others from `firstInterval` on; `bands` has n least readings, then n
    /// greatest, or where readings are sealed ciphertext of a whole pass, and its nonce. `sequence` is that of the place's last
    /// signed renomination, this one included.
    event Renominated(
        uint64 indexed agreementId,
        uint32 indexed place,
        uint32 firstInterval,
        uint32 sequence,
        Authorisation by,
        bytes bands
    );
    /// @notice The consumer has given notice that this meter is at fault. It counts until `end`; never reported intervals
    /// from `lookFrom` to before `lookTo` are neutral, and those behind the end if the notice `decides` it.
    event FaultDeclared(
        uint64 indexed agreementId,
        uint32 indexed place,
        address indexed device,
        uint32 end,
        uint32 lookFrom,
        uint32 lookTo,
        bool decides
    );
    /// @notice A sealed report as it was signed; what lies beyond a cut does not count.
    event SealedReported(
        uint64 indexed agreementId, address indexed device, uint32 firstInterval, bytes sealedReadings, bytes deviations
    );
    /// @notice The meter holds this viewing key.
    event ViewingKeyHeld(address indexed device, bytes32 indexed viewingKeyHash);
    /// @notice A report as it was signed: beyond where its point was cut its readings don't count. The readings are here, at 16 gas an interval, so that an auditor needs only
    /// the log: inside a batch, or below another contract, they are hard to find in calldata.
    event EnergyReported(
        uint64 indexed agreementId,
        address indexed device,
        uint32 firstInterval,
        uint64 registerWh,
        bytes readings
    );
    /// @notice Follows EnergyReported if it cost something: intervals under and over their band and without data, the
    /// units by which they were under and over, and the sum of money.
    event Violations(
        uint64 indexed agreementId,
        address indexed device,
        uint32 firstInterval,
        uint256 under,
        uint256 over,
        uint256 noData,
        uint256 underUnits,
        uint256 overUnits,
        uint256 penalty
    );
    /// @notice `penalty` is what this outage costs in all: nothing as long as it is open.
    event OutageReported(
        uint64 indexed agreementId,
        address indexed device,
        uint32 number,
        uint40 startedAt,
        uint40 endedAt,
        uint8 cause,
        uint256 penalty
    );
    /// @notice An item of a batch was left out; `reason` is the selector of the error that it alone would meet.
    event ReportSkipped(uint256 index, bytes4 reason);
    event OutageSkipped(uint256 index, bytes4 reason);
    event ProposalsPause(bool paused);
    event Granted(uint64 indexed agreementId, uint128 amount);
    event Waived(uint64 indexed agreementId, uint128 amount);
    event Cancelled(uint64 indexed agreementId, address by);
    /// @notice Of the term only the first `intervals` remain, which end at `end`; `forfeited` is the consumer's loss.
    event Terminated(uint64 indexed agreementId, address by, uint32 intervals, uint40 end, uint128 forfeited);
    /// @notice In each agreement that it serves the device's intervals end with the one that ran at `revokedAt`.
    event DeviceRevoked(address indexed device, uint40 revokedAt);
    /// @notice From here on all money is this ERC-20, held in escrow.
    event EscrowChosen(address indexed token);
    /// @notice The escrow owes so much more to an account, on account of an agreement.
    event Credited(uint64 indexed agreementId, address indexed account, uint256 amount);
    event Collected(address indexed account, address indexed to, uint256 amount);
    event SuccessorOffered(uint64 indexed agreementId, address indexed successor);
    event ConsumerChanged(uint64 indexed agreementId, address indexed from, address indexed to);
    event Settled(uint64 indexed agreementId, uint256 accrued, uint128 remaining, uint128 discount);
    event DiscountRedeemed(uint64 indexed agreementId, bytes32 indexed invoice, uint128 amount);
    event RedemptionAcknowledged(uint64 indexed agreementId, bytes32 indexed invoice, uint128 amount);
}
