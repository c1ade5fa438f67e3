// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IRecords} from "./IRecords.sol";

/// @notice Every refusal, with the numbers that explain it. Meters' messages meet only those with two numbers or none.
interface IErrors is IRecords {
    // -- Why a message is refused -------------------------------------------------------------------------------------

    /// @notice The signature is malformed: it recovers to nobody, or its s lies in the upper half of the order.
    error BadSignature();
    /// @notice This key measures nothing in this agreement: not a meter of it, not yet accepted, or signed otherwise.
    error UnknownDevice(address device, uint64 agreementId);
    /// @notice The readings or bands are no whole number of items, or none, or more than there can be; or sealed bands are not
    /// those of a whole pass.
    error BadLength(uint256 length, uint256 most);
    /// @notice The meter believed in another start of the agreement.
    error OtherStart(uint256 expected, uint256 got);
    /// @notice The agreement's readings are sealed, or they are not, and what came is of the other form.
    error OtherForm(uint256 agreementId, bool sealed_);
    /// @notice The meter believed in other terms, or judged by other bands.
    error OtherTerms(bytes16 expected, bytes16 got);
    /// @notice Of what a meter says of its own readings this word can't be: no kind, no interval behind the one before, or
    /// units that its kind can't have.
    error BadDeviation(uint256 index, uint256 word);
    /// @notice The report begins elsewhere than the contract expects: a replay or a gap.
    error WrongSequence(uint256 expected, uint256 got);
    /// @notice There are more intervals than are left in this pass of the schedule.
    error BeyondSchedule(uint256 slotsLeft, uint256 got);
    /// @notice Nothing of it lies before the end of the term, or of what this meter measures.
    error OutsideTerm(uint256 end, uint256 got);
    /// @notice What is reported has not happened yet.
    error FromTheFuture(uint256 instant, uint256 now_);
    /// @notice It was possible until an earlier instant.
    error TooLate(uint256 until, uint256 now_);
    /// @notice An outage must end after it starts, and have cause 0, 1 or 2.
    error BadOutage(uint256 startedAt, uint256 endedAt);
    /// @notice Outages are told in their order: a replay or a gap.
    error WrongOutage(uint256 expected, uint256 got);
    /// @notice This outage has been told as open already.
    error KnownOutage(uint256 number, uint256 startedAt);
    /// @notice The outage begins before the one before it has ended.
    error OverlappingOutage(uint256 lastEndedAt, uint256 startedAt);
    /// @notice The intervals that the outage touches must be reported first.
    error AheadOfReports(uint256 needed, uint256 next);

    // -- Meters and terms ---------------------------------------------------------------------------------------------

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
    /// @notice Start and interval are no multiples of the interval in which this device measures.
    error BaseMismatch(address device, uint256 baseSeconds);
    /// @notice This key measures nothing new any more.
    error RevokedDevice(address device);
    /// @notice This meter has not said that it holds the viewing key of the agreement.
    error NoViewingKey(address device, bytes32 viewingKeyHash);
    /// @notice The named field of the terms is out of its range.
    error InvalidTerms(bytes32 field);
    /// @notice In this slot saying nothing would cost less than the truth can: `least` is what the missing penalty must be.
    error SilenceTooCheap(uint256 slot, uint256 least, uint256 missingPenalty);
    /// @notice The terms could not be stored as code.
    error TermsNotStored();
    /// @notice This chain's signature recovery is not secp256k1, so that no meter could ever be believed.
    error WrongCurve();
    /// @notice This account has not the code of the part of the contract that it is to be: deploy that first.
    error WrongPart(address account);

    // -- What the parties may not -------------------------------------------------------------------------------------

    /// @notice The agreement is not in the state that this call needs.
    error WrongState(uint64 id, State state);
    /// @notice The start has passed: of the agreement, or of the intervals that are meant.
    error AlreadyStarted(uint256 start, uint256 now_);
    /// @notice It is possible from a later instant on.
    error TooEarly(uint256 from, uint256 now_);
    /// @notice Only the consumer may do this.
    error NotConsumer(address caller);
    /// @notice Only the operator and the consumer may do this.
    error NotParty(address caller);
    /// @notice What is being accepted is not what was proposed.
    error NotWhatWasProposed(bytes32 termsHash, bytes32 devicesHash, uint128 bonus);
    /// @notice A consumer's address can't be zero.
    error NoConsumer();
    /// @notice The operator takes no new proposals at present.
    error ProposalsPaused();
    /// @notice An amount must be from 1 to the one named.
    error BadAmount(uint256 most, uint256 got);
    /// @notice The notice would run beyond the end of the term.
    error NoticeTooLong(uint256 end, uint256 noticeEnds);
    /// @notice Only an agreement that was accepted, and whose meters are still the same, can be renewed.
    error NotRenewable(uint64 id);
    /// @notice The operator has proposed no such change of meters.
    error NoSuchRotation(uint64 id, address from, address to);
    /// @notice The agreement has no metering place of this number.
    error NoSuchPlace(uint64 id, uint256 place);
    /// @notice The consumer has given this notice already.
    error AlreadyFaulted(uint64 id, uint256 place);
    /// @notice The consumer has not offered its place to this account.
    error NotOffered(uint64 id, address caller);

    // -- Renominations ------------------------------------------------------------------------------------------------

    /// @notice A newer one of this place is in force.
    error StaleRenomination(uint256 last, uint256 got);
    /// @notice A band needs least <= greatest <= capacity.
    error UnsoundBand(uint256 slot, uint256 least, uint256 greatest);
    /// @notice The consumer alone can't have a wider band than agreed.
    error BandTooWide(uint256 slot, uint256 most, uint256 got);
    /// @notice The consumer alone can't go higher.
    error BandTooHigh(uint256 slot, uint256 most, uint256 got);
    /// @notice The operator alone can only widen what holds: from `least` to `greatest`.
    error BandNarrowed(uint256 slot, uint256 least, uint256 greatest);

    // -- Money --------------------------------------------------------------------------------------------------------

    /// @notice This invoice has had its share of this discount.
    error InvoiceRedeemed(bytes32 invoice, uint128 amount);
    /// @notice Nothing was redeemed against this invoice, or it is acknowledged already.
    error NothingToAcknowledge(uint64 id, bytes32 invoice);
    /// @notice The discount is money in escrow, which the settlement has credited.
    error HeldInEscrow(uint64 id);
    /// @notice The currency is chosen once, before the first proposal.
    error CurrencyFixed();
    /// @notice This account is no ERC-20.
    error NotToken(address account);
    /// @notice Money here is a promise in minor units: there is no escrow to take from.
    error NoEscrow();
    /// @notice Only who funds the agreement may add to it.
    error NotFunder(address caller);
    /// @notice The token did not bring what was asked for: it keeps a fee, say.
    error NotFunded(uint256 asked, uint256 got);
    /// @notice There is nothing to take, or it was taken.
    error NothingToTake();
}
