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

    /// @notice Who stands behind an override of bands.
    enum Authorisation {
        Consumer,
        Operator,
        Both
    }

    /// @notice What the parties agree on. Fixed once proposed.
    struct Terms {
        /// The first instant of interval 0. The proposal lapses when it passes.
        uint40 start;
        /// Length of an interval, seconds.
        uint32 intervalSeconds;
        /// Number of intervals of the whole term, at most 65,535.
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
        /// 4: outages by the consumer (cause 2); 5: those of unknown cause (0) too. The grid's (1) never.
        uint8 penalisedCauses;
        /// The price of silence: taken for each interval without data, never reported, or interrupted and unexplained.
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
        /// What the connection can take in one interval: no slot's greatest is more.
        uint16 capacityUnits;
        /// By how much a consumer's renomination may raise a slot's greatest.
        uint16 raiseUnits;
        /// How many seconds ahead the consumer alone may renominate.
        uint32 leadSeconds;
        /// How many seconds before a fault notice never reported intervals are neutral.
        uint32 faultLookback;
        /// 0: everybody sees readings and bands. Else both are sealed, for those who have the viewing key with this hash.
        bytes32 viewingKeyHash;
        /// The schedule: each slot's least reading, then each slot's greatest, big-endian uint16 each, at most 0x7FFF. If
        /// they are sealed: so many bytes of ciphertext, and its nonce of 16 bytes.
        bytes bands;
    }

    /// @notice `EnergyReport(uint64 agreementId,uint40 start,bytes16 terms,uint32 firstInterval,uint64 registerWh,bytes
    /// readings)` with the meter's signature in the compact form of EIP-2098.
    struct SignedReport {
        uint64 agreementId;
        /// The agreement's start, as the meter believes it.
        uint40 start;
        /// The first half of the code hash of the account with the terms, as the meter believes it.
        bytes16 terms;
        /// The interval of the first reading: the one the contract expects next. This is the only replay protection.
        uint32 firstInterval;
        /// The meter's import register at the end of the last interval, for auditors: it also shows lost intervals.
        uint64 registerWh;
        /// One uint16 for each interval, all in one pass of the schedule.
        bytes readings;
        bytes32 r;
        bytes32 vs;
    }

    /// @notice `SealedReport(uint64 agreementId,uint40 start,bytes16 schedule,uint32 firstInterval,bytes sealed,bytes
    /// deviations)` with its signature: the meter has judged its readings, and only those with the viewing key can read them.
    struct SignedSealedReport {
        uint64 agreementId;
        uint40 start;
        /// The first half of the code hash of the account with the bands by which the meter judged: the terms, or other bands
        /// of this pass.
        bytes16 schedule;
        uint32 firstInterval;
        /// 16 bytes that nobody chooses, then under the viewing key 8 of the register and 2 for each interval.
        bytes sealedReadings;
        /// Four bytes for each interval that costs something or may, in rising order: kind 4 bits, offset from the first
        /// interval 12 bits, units 16 bits. Kinds: 0 over its band by so many units, 1 under it, 2 interrupted and over by so
        /// many, or none; 3 no data.
        bytes deviations;
        bytes32 r;
        bytes32 vs;
    }

    /// @notice `OutageReport(uint64 agreementId,uint32 number,uint40 startedAt,uint40 endedAt,uint8 cause)` with its
    /// signature.
    struct SignedOutage {
        uint64 agreementId;
        /// Counts the ended outages of this meter in this agreement, from 0 and without gaps.
        uint32 number;
        /// The true start, before the agreement's too.
        uint40 startedAt;
        /// 0: still out. That is only told; the report with the end decides start, cause and money.
        uint40 endedAt;
        uint8 cause;
        bytes32 r;
        bytes32 vs;
    }

    /// @notice `Renomination(uint64 agreementId,uint32 place,uint32 firstInterval,uint32 sequence,bytes bands,uint40
    /// deadline)`, as the consumer signs it: other bands for intervals of one pass at one place.
    struct Renomination {
        uint64 agreementId;
        uint32 place;
        uint32 firstInterval;
        /// Higher than that of any earlier one at this place.
        uint32 sequence;
        /// n least readings, then n greatest, for `n` intervals from the first on. Where readings are sealed: ciphertext of as
        /// many bytes for a whole pass, and its nonce of 16 bytes.
        bytes bands;
        /// Good until here, included.
        uint40 deadline;
    }

    /// @notice What a meter has to know about one of its agreements.
    struct MeterState {
        uint64 agreementId;
        uint8 state;
        /// The metering place at which it serves.
        uint8 place;
        uint40 start;
        uint32 intervalSeconds;
        /// Of the whole term, as agreed.
        uint32 intervals;
        /// Where the next pass with other bands begins, or `end`; 0 if readings are sealed.
        uint32 stop;
        /// The first interval that does not count at this meter any more.
        uint32 end;
        /// Messages are taken until here, included.
        uint40 reportsUntil;
        uint16 slots;
        uint32 unitWh;
        /// The account whose code the terms are.
        address termsAccount;
        bytes32 codeHash;
        /// What the next report must begin with.
        uint32 nextInterval;
        /// The number of the next outage.
        uint32 nextOutage;
        /// Whether that one has been told as open.
        bool outageOpen;
        uint128 remainingBonus;
        /// The running interval: 0 before the start, `end` after the end.
        uint32 boundsFrom;
        /// n least readings, then n greatest, from `boundsFrom` on, overrides included; none if they are sealed.
        bytes bounds;
    }

    /// @notice An agreement's parties and money.
    struct Agreement {
        /// The present one.
        address consumer;
        State state;
        uint40 start;
        /// First instant after the term, as far as notice has left it.
        uint40 end;
        /// Reports are taken until here, included, notice or not.
        uint40 reportsUntil;
        /// From here on anyone may settle.
        uint40 settlesAt;
        uint128 bonus;
        /// Penalties so far; once reports are no longer taken, with everything that is missing. Never capped by the bonus.
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
        /// The share of the bonus for neutral intervals, once no message can change it. Part of `accrued`.
        uint128 neutralShare;
        /// What of the discount has been set against invoices.
        uint128 redeemed;
        /// What the escrow holds for it.
        uint128 locked;
        /// The discount can be redeemed until here, included. Set by the settlement.
        uint64 redeemableUntil;
        /// To whom the consumer offers its place in the agreement.
        address successor;
        /// How many intervals of all places are neutral, once no message can change it.
        uint32 neutralIntervals;
    }

    /// @notice What of a discount was set against one invoice. An amount of 0: nothing.
    struct Redemption {
        uint128 amount;
        uint64 redeemedAt;
        /// The operator has confirmed that the invoice is so much lower.
        bool acknowledged;
    }

    /// @notice One meter's service at one place of one agreement.
    struct Point {
        uint32 place;
        uint32 next;
        uint32 stop;
        /// Intervals that count at this point.
        uint32 end;
        /// Penalties for readings.
        uint256 accrued;
        /// Penalties for outages.
        uint256 outageAccrued;
        /// Intervals reported as interrupted that no ended outage touches.
        uint32 unexplained;
        uint32 nextOutage;
        bool outageOpen;
        uint40 lastEndedAt;
        /// Another meter measures on in its place.
        bool replaced;
        /// The consumer has given notice of a fault.
        bool faulted;
    }

    /// @notice What readings come to: intervals under and over their band, without data and interrupted; the units by
    /// which they are under and over; and the sum of money. An interrupted interval costs what it is over its band here;
    /// when reports are no longer taken it costs the missing penalty if no outage explains it.
    struct Quote {
        uint256 under;
        uint256 over;
        uint256 noData;
        uint256 interrupted;
        uint256 underUnits;
        uint256 overUnits;
        uint256 penalty;
    }
}
