// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Lanes} from "./Lanes.sol";
import {TermsCode} from "./TermsCode.sol";

/// @notice What everything costs: the one place where counts meet rates. Terms are memory addresses of their header.
/// @dev Everything unchecked here: rates have 64 bits, counts of readings 10, sums of units 26, intervals of a term 16,
/// minutes 42, bonuses 128.
library Prices {
    using TermsCode for uint256;

    uint256 internal constant PPM = 1_000_000;

    /// @notice What judged readings cost. An interrupted interval costs what it is over its band; see {missing} for what
    /// it costs if no outage explains it.
    function readings(Lanes.Judgement memory judged, uint256 terms) internal pure returns (uint256) {
        unchecked {
            return (judged.under + judged.over) * terms.violationPenalty() + judged.underUnits * terms.underRate()
                + judged.overUnits * terms.overRate() + judged.noData * terms.missingPenalty();
        }
    }

    /// @notice What an ended outage costs: its event, if it counts here, and its full minutes.
    function outage(bool event_, uint256 seconds_, uint256 terms) internal pure returns (uint256) {
        unchecked {
            return (event_ ? terms.outagePenalty() : 0) + (seconds_ / 60) * terms.outageMinutePenalty();
        }
    }

    /// @notice What so many intervals cost of which nothing is known when reports are no longer taken.
    function missing(uint256 intervals, uint256 terms) internal pure returns (uint256) {
        unchecked {
            return intervals * terms.missingPenalty();
        }
    }

    /// @notice The least missing penalty at which saying nothing of an interval is never cheaper than the truth: the most
    /// that its band, one outage's event and all its minutes can cost.
    function silence(uint256 least, uint256 greatest, uint256 terms) internal pure returns (uint256) {
        unchecked {
            uint256 over = (terms.capacityUnits() - greatest) * terms.overRate();
            uint256 under = least * terms.underRate();
            return silenceAside(terms) + (over > under ? over : under);
        }
    }

    /// @notice {silence} of a band that is not known.
    function silenceOfAny(uint256 terms) internal pure returns (uint256) {
        unchecked {
            uint256 rate = terms.overRate() > terms.underRate() ? terms.overRate() : terms.underRate();
            return silenceAside(terms) + terms.capacityUnits() * rate;
        }
    }

    /// @notice The part of {silence} that is the same whatever the band.
    function silenceAside(uint256 terms) internal pure returns (uint256) {
        unchecked {
            return terms.violationPenalty() + terms.outagePenalty()
                + ((terms.intervalSeconds() + 59) / 60) * terms.outageMinutePenalty();
        }
    }

    /// @notice A share of the bonus, rounded down: for intervals that a leaving consumer gives up, or neutral ones.
    function share(uint256 bonus, uint256 intervals, uint256 all) internal pure returns (uint256) {
        unchecked {
            return bonus * intervals / all;
        }
    }

    /// @notice The discount for what is left of a bonus, rounded down; and so what must be locked for the whole of it.
    function discount(uint256 remaining, uint256 terms) internal pure returns (uint256) {
        unchecked {
            return remaining * terms.discountRatePpm() / PPM;
        }
    }
}
