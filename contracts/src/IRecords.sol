// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice What the agreements' calls share: what is agreed, signed and kept; why a call is refused; what is logged.
interface IRecords {
    // -- What is agreed and what is signed ----------------------------------------------------------------------------

    /// @notice Side exits have their numbers behind the others: a number never changes meaning.
    enum State {
        None,
        Proposed,
        Accepted,
        Settled,
        /// Never began, and binds nobody.
        Cancelled,
        /// Ends sooner than agreed, by notice; until it is settled all else is as in Accepted.
        Terminated
    }

    /// @notice What the parties agree on. Fixed once proposed.
    struct Terms {
        /// The first instant of interval 0. The proposal lapses when it passes.
        uint40 start;
        /// Length of an interval, seconds.
        uint32 intervalSeconds;
        /// Number of intervals of the whole term.
        uint32 intervals;
        /// Watt-hours in one unit of readings and bands.
        uint32 unitWh;
        /// Taken for each interval outside its band, whatever the distance.
        uint64 violationPenalty;
        /// Taken for each unit below the band.
        uint64 underRate;
        /// Taken for each unit above the band.
        uint64 overRate;
        /// Taken once for each outage that began in the term with a penalised cause.
        uint64 outagePenalty;
        /// Taken for each full minute of such an outage, as far as it lies in the term.
        uint64 outageMinutePenalty;
        /// Bit c set: cause c is penalised (0 unknown, 1 grid side, 2 consumer side).
        uint8 penalisedCauses;
        /// Taken for each interval without data.
        uint64 missingPenalty;
        /// Seconds after the end of the term during which reports are still taken.
        uint32 grace;
        /// Seconds after the grace before anyone may settle.
        uint32 disputeWindow;
        /// Seconds of notice for a termination.
        uint32 notice;
        /// Millionths of the remaining bonus that become the discount.
        uint32 discountRatePpm;
        /// Seconds after the settlement during which the discount can be redeemed.
        uint32 discountExpiry;
        /// The schedule: each slot's least reading, then each slot's greatest, big-endian uint16 each, at most 0x7FFF.
        bytes bands;
    }

    /// @notice `EnergyReport(uint64 agreementId,uint32 firstInterval,uint64 registerWh,bytes readings)` with the
    /// meter's signature in the compact form of EIP-2098.
    struct SignedReport {
        uint64 agreementId;
        /// The interval of the first reading: the one the contract expects next. This is the only replay protection.
        uint32 firstInterval;
        /// The meter's import register at the end of the last interval, for auditors: it also shows lost intervals.
        uint64 registerWh;
        /// One uint16 for each interval, all in one pass of the schedule.
        bytes readings;
        bytes32 r;
        bytes32 vs;
    }

    /// @notice `OutageReport(uint64 agreementId,uint40 startedAt,uint40 endedAt,uint8 cause)` with its signature.
    struct SignedOutage {
        uint64 agreementId;
        uint40 startedAt;
        /// 0: still out. A later report with the same `startedAt` closes it, and its cause and end replace the first's.
        uint40 endedAt;
        uint8 cause;
        bytes32 r;
        bytes32 vs;
    }

    /// @notice What a meter has to know about one of its agreements.
    struct MeterState {
        uint64 agreementId;
        uint8 state;
        uint40 start;
        uint32 intervalSeconds;
        uint32 intervals;
        uint16 slots;
        uint32 unitWh;
        /// What the next report must begin with.
        uint32 nextInterval;
        uint128 remainingBonus;
        /// The running interval: 0 before the start, `intervals` after the end.
        uint32 boundsFrom;
        /// n least readings, then n greatest, from `boundsFrom` on.
        bytes bounds;
    }

    /// @notice An agreement's parties and money.
    struct Agreement {
        address consumer;
        State state;
        uint40 start;
        /// First instant after the term.
        uint40 end;
        /// Reports are taken until here, included.
        uint40 reportsUntil;
        /// From here on anyone may settle.
        uint40 settlesAt;
        uint128 bonus;
        /// Penalties so far; after `reportsUntil` with everything that is missing. Never capped by the bonus.
        uint256 accrued;
        /// What penalties have left of the bonus.
        uint128 remaining;
        /// Set by the settlement.
        uint128 discount;
        address[] devices;
        /// What the operator added to the bonus.
        uint128 grants;
        /// What the operator took off the penalties.
        uint128 waived;
        /// The share of the bonus that the consumer gave up by leaving early. Part of `accrued`.
        uint128 forfeited;
        /// What of the discount has been set against invoices.
        uint128 redeemed;
        /// The discount can be redeemed until here, included. Set by the settlement.
        uint64 redeemableUntil;
    }

    /// @notice What of a discount was set against one invoice. An amount of 0: nothing.
    struct Redemption {
        uint128 amount;
        uint64 redeemedAt;
        /// The operator has confirmed that the invoice is so much lower.
        bool acknowledged;
        /// The consumer has taken the amount from the escrow instead.
        bool withdrawn;
    }

    /// @notice One metering point of one agreement.
    struct Point {
        uint32 next;
        /// Intervals that count at this point.
        uint32 end;
        /// Penalties for readings.
        uint256 accrued;
        /// Penalties for outages.
        uint256 outageAccrued;
        /// Intervals reported as without supply that no closed OutageReport covers.
        uint32 uncovered;
    }

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

    // -- What has happened --------------------------------------------------------------------------------------------

    event DeviceEnrolled(address indexed device, bytes32 indexed hardwareId);
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
    event DeviceRotated(uint64 indexed agreementId, address indexed from, address indexed to, uint32 firstInterval);
    /// @notice A report as it was signed. The readings are here, at 16 gas an interval, so that an auditor needs only
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
    /// @notice `penalty` is what this outage costs in all, in place of what an earlier report of it said.
    event OutageReported(
        uint64 indexed agreementId,
        address indexed device,
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
    event Collected(address indexed account, uint256 amount);
    event RedemptionWithdrawn(uint64 indexed agreementId, bytes32 indexed invoice, uint128 amount);
    event Settled(uint64 indexed agreementId, uint256 accrued, uint128 remaining, uint128 discount);
    event DiscountRedeemed(uint64 indexed agreementId, bytes32 indexed invoice, uint128 amount);
    event RedemptionAcknowledged(uint64 indexed agreementId, bytes32 indexed invoice, uint128 amount);
}
