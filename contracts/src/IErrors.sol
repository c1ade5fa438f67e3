// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IRecords} from "./IRecords.sol";

/// @notice Why a call is refused, with the numbers that explain it.
interface IErrors is IRecords {
    // -- Why a message is refused -------------------------------------------------------------------------------------

    /// @notice The signature is malformed: it recovers to nobody, or its s lies in the upper half of the order.
    error BadSignature();
    /// @notice This key measures nothing in this agreement: not a meter of it, not yet accepted, or signed otherwise.
    error UnknownDevice(address device, uint64 agreementId);
    /// @notice The readings are no whole number of uint16, or none, or more than the longest schedule has.
    error BadLength(uint256 length, uint256 most);
    /// @notice The report begins elsewhere than the contract expects: a replay or a gap.
    error WrongSequence(uint256 expected, uint256 got);
    /// @notice The report has more readings than are left in this pass of the schedule.
    error BeyondSchedule(uint256 slotsLeft, uint256 got);
    /// @notice For reports: the interval after the last one lies beyond the term's. For outages: none of it is inside.
    error OutsideTerm(uint256 end, uint256 got);
    /// @notice What is reported has not happened yet.
    error FromTheFuture(uint256 instant, uint256 now_);
    /// @notice The grace is over.
    error TooLate(uint256 until, uint256 now_);
    /// @notice An outage must end after it starts, and have cause 0, 1 or 2.
    error BadOutage(uint256 startedAt, uint256 endedAt);
    /// @notice This outage is on record already, closed or open as this report would have it.
    error KnownOutage(uint256 startedAt, uint256 endedAt);

    /// @notice A signed permission has run out.
    error Expired(uint256 deadline, uint256 now_);
    /// @notice A key enrols once, ever.
    error AlreadyEnrolled(address device);
    /// @notice This key has never enrolled.
    error NotEnrolled(address device);
    /// @notice A device is named twice.
    error DuplicateDevice(address device);
    /// @notice An agreement has 1 to 64 metering points.
    error BadDeviceCount(uint256 got);
    /// @notice A device's agreements follow one another: this one still runs, or is still open for reports.
    error DeviceBusy(address device, uint64 agreementId, uint256 until);
    /// @notice The named field of the terms is out of its range.
    error InvalidTerms(bytes32 field);
    /// @notice The agreement is not in the state that this call needs.
    error WrongState(uint64 id, State state);
    /// @notice The start has passed.
    error AlreadyStarted(uint256 start, uint256 now_);
    /// @notice Only the consumer may do this.
    error NotConsumer(address caller);
    /// @notice What is being accepted is not what was proposed.
    error NotWhatWasProposed(bytes32 termsHash, bytes32 devicesHash, uint128 bonus);
    /// @notice The grace or the dispute window is not over.
    error TooEarly(uint256 from, uint256 now_);
    /// @notice A consumer's address can't be zero.
    error NoConsumer();
    /// @notice The terms could not be stored as code.
    error TermsNotStored();
    /// @notice This chain's signature recovery is not secp256k1, so that no meter could ever be believed.
    error WrongCurve();

    /// @notice The operator takes no new proposals at present.
    error ProposalsPaused();
    /// @notice Only the operator and the consumer may do this.
    error NotParty(address caller);
    /// @notice An amount must be from 1 to the one named.
    error BadAmount(uint256 most, uint256 got);
    /// @notice The notice would run beyond the end of the term.
    error NoticeTooLong(uint256 end, uint256 noticeEnds);
    /// @notice This key measures nothing new any more.
    error RevokedDevice(address device);

    /// @notice This invoice has had its share of this discount.
    error InvoiceRedeemed(bytes32 invoice, uint128 amount);
    /// @notice Nothing was redeemed against this invoice, or it is acknowledged already.
    error NothingToAcknowledge(uint64 id, bytes32 invoice);

    /// @notice Only an agreement that was accepted, and whose meters are still the same, can be renewed.
    error NotRenewable(uint64 id);
    /// @notice The operator has proposed no such change of meters.
    error NoSuchRotation(uint64 id, address from, address to);

    /// @notice The currency is chosen once, before the first proposal.
    error CurrencyFixed();
    /// @notice Money here is a promise in minor units: there is no escrow to take from.
    error NoEscrow();
    /// @notice The token did not bring what was asked for: it keeps a fee, say.
    error NotFunded(uint256 asked, uint256 got);
    /// @notice There is nothing to take, or it was taken.
    error NothingToTake();
}
