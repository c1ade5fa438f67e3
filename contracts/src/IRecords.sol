// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice What is agreed, signed, kept and answered.
interface IRecords {
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

    /// @notice What readings come to: intervals under and over their band, without data and without supply; the units by
    /// which they are under and over; and the sum of money. An interval without supply costs nothing here: it does at the
    /// end of the grace, if no outage explains it.
    struct Quote {
        uint256 under;
        uint256 over;
        uint256 noData;
        uint256 noSupply;
        uint256 underUnits;
        uint256 overUnits;
        uint256 penalty;
    }
}
