// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Interruptions} from "./Interruptions.sol";
import {Points} from "./Points.sol";
import {Prices} from "./Prices.sol";
import {Records} from "./Records.sol";
import {TermsCode} from "./TermsCode.sol";

/// @notice What an agreement comes to: all points added up, and from when on nothing can change it.
abstract contract Tally is Records {
    using Interruptions for uint256;
    using Points for uint256;
    using TermsCode for uint256;

    /// How an agreement stands now.
    struct Standing {
        uint256 accrued;
        uint128 remaining;
        /// The first instant at which no message can change it.
        uint256 closesAt;
        /// Intervals that a message could still tell something of.
        uint256 unreported;
        uint256 unexplained;
        /// Of the unreported ones those that a look-back makes neutral.
        uint256 lookedBack;
        /// Neutral intervals and what they cost, once it is closed.
        uint256 neutral;
        uint256 neutralShare;
    }

    /// @dev An agreement that does not bind, or no more, costs nothing.
    function _standing(uint64 id, Record storage record, uint256 terms) internal view returns (Standing memory now_) {
        State state = record.state;
        uint256 kept = _intervals(id, terms);
        if (state == State.Proposed || state == State.Cancelled) {
            now_.closesAt = record.start + kept * terms.intervalSeconds() + terms.grace() + 1;
        } else {
            _add(now_, id, record, terms, kept);
        }
        if (state == State.Cancelled) return now_;
        Since storage since = _since[id];
        uint256 due = now_.accrued - since.waived;
        uint256 given = uint256(record.bonus) + since.grants;
        // Fits: bonus and grants together do.
        now_.remaining = due >= given ? 0 : uint128(given - due);
    }

    /// @dev After notice the term closes by its new dates only if there is nothing that a message could still tell.
    function _add(Standing memory now_, uint64 id, Record storage record, uint256 terms, uint256 kept) private view {
        now_.accrued = _since[id].forfeited;
        uint256 gaps;
        address[] memory devices = _devicesOf(id, terms);
        for (uint256 i; i < devices.length; ++i) gaps += _addPoint(now_, Points.key(id, devices[i]), kept);
        uint256 last = now_.unreported == 0 && now_.unexplained == 0 ? kept : terms.intervals();
        now_.closesAt = record.start + last * terms.intervalSeconds() + terms.grace() + 1;
        if (block.timestamp < now_.closesAt) return;
        now_.neutral = gaps + now_.lookedBack;
        now_.neutralShare = Prices.share(record.bonus, now_.neutral, terms.intervals() * terms.points());
        now_.accrued += now_.neutralShare
            + Prices.missing(now_.unreported - now_.lookedBack + now_.unexplained, terms);
    }

    /// @return gap how many intervals behind the point are neutral
    function _addPoint(Standing memory now_, uint256 key, uint256 kept) private view returns (uint256 gap) {
        uint256 point_ = _points[key];
        uint256 outages = _interruptions.records[key];
        now_.accrued += point_.accrued() + outages.penalties();
        now_.unreported += point_.end() - point_.next();
        now_.unexplained += outages.unexplained();
        if (!point_.has(Points.FAULTED)) return 0;
        Fault storage fault_ = _faults[key];
        now_.lookedBack += _between(fault_.lookFrom, fault_.lookTo, point_.next(), type(uint256).max);
        return _between(fault_.gapFrom, fault_.gapTo, 0, kept);
    }

    /// @dev How many intervals there are from `from` to before `to` that are not before `first` nor beyond `last`.
    function _between(uint256 from, uint256 to, uint256 first, uint256 last) private pure returns (uint256) {
        if (from < first) from = first;
        if (to > last) to = last;
        return to > from ? to - from : 0;
    }
}
