// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Admission} from "./Admission.sol";
import {IMeters} from "./IMeters.sol";
import {Interruptions} from "./Interruptions.sol";
import {Lanes} from "./Lanes.sol";
import {Memory} from "./Memory.sol";
import {OpenedReport} from "./OpenedReport.sol";
import {Overrides} from "./Overrides.sol";
import {Points} from "./Points.sol";
import {Prices} from "./Prices.sol";
import {TermsCode} from "./TermsCode.sol";

/// @notice Reports of energy: judged, put on record, or refused.
abstract contract Reports is Admission {
    using Interruptions for Interruptions.Store;
    using Overrides for Overrides.Place;
    using Points for uint256;
    using TermsCode for uint256;

    bytes32 private constant ENERGY_REPORTED = keccak256("EnergyReported(uint64,address,uint32,uint64,bytes)");

    /// See Lanes.within.
    uint256 private immutable LANES_HIGH = Lanes.HIGH;

    /// @inheritdoc IMeters
    function submit(SignedReport calldata report) external {
        // A list of one, the position of which is counted from where the list begins, as in any list. As a number it would
        // have the optimizer make all that follows twice.
        uint256 list;
        assembly ("memory-safe") {
            list := sub(report, calldataload(4))
        }
        _takeAll(list, list + 32);
    }

    /// @inheritdoc IMeters
    function submitBatch(SignedReport[] calldata reports) external {
        uint256 list = _entries(reports);
        _takeAll(list, list + 32 * reports.length);
    }

    /// @dev Take the reports whose positions are at calldata positions `list` to `end`. The usual way of a report: one
    /// account's code, one slot, one event. The terms are put right behind the report; what is allocated lies behind them.
    function _takeAll(uint256 list, uint256 end) private {
        OpenedReport.prepare(_domain());
        for (uint256 entry = list; entry < end;) {
            (uint256 length, uint256 terms) = OpenedReport.open(_item(list, entry));
            uint256 position = _position(_reportedKey());
            uint256 point_ = _stored(position);
            // As in _terms, but without a branch, and into memory that is free still: of an unknown point no word is
            // copied.
            uint256 hash = TermsCode.hashOf(TermsCode.copy(point_.terms(), point_.size(), terms));
            (uint256 wrong, uint256 slot) = _hindrance(point_, terms, hash, length);
            // Can't overflow: calldata positions.
            unchecked {
                if (wrong == 0) {
                    _log(terms);
                    _store(
                        position,
                        _isWithin(terms, slot, length)
                            ? point_.advanceBehind(length)
                            : _charge(point_, terms, length)
                    );
                } else if (_admits(point_, terms, hash, length, (entry - list) / 32)) {
                    _log(terms);
                    _store(position, _takeUnusual(point_, terms, length));
                }
                entry += 32;
            }
        }
    }

    /// @dev Whether the opened report, which is number `index` of a batch, is taken; if not, {submit} reverts.
    function _admits(uint256 point_, uint256 terms, uint256 hash, uint256 length, uint256 index) private returns (bool) {
        (bytes32 reason, uint256 a, uint256 b) = _admit(point_, terms, hash, length, false);
        if (reason == 0) return true;
        if (msg.sig == this.submit.selector) _refuse(reason, a, b);
        emit ReportSkipped(index, bytes4(reason));
        return false;
    }

    /// @dev A report that is admitted, but reaches beyond the point's `stop`: judged by the bands of an override, if there
    /// is one, and up to where the point was cut.
    function _takeUnusual(uint256 point_, uint256 terms, uint256 length) private returns (uint256) {
        uint64 agreementId = uint64(OpenedReport.agreementId());
        uint256 next = point_.next();
        // Can't overflow: an admitted report begins before the end.
        unchecked {
            if (length / 2 > point_.end() - next) length = 2 * (point_.end() - next);
        }
        _override(terms, agreementId, point_.place(), next);
        point_ = _charge(point_, terms, length);
        if (point_.stop() == point_.end()) return point_;
        Overrides.Place storage place = _places[Overrides.key(agreementId, point_.place())];
        return point_.stopAt(place.stop(point_.next(), point_.end(), terms.slots()));
    }

    /// @dev The event's data ends where the terms begin, for they were put behind it.
    function _log(uint256 terms) private {
        bytes32 topic = ENERGY_REPORTED;
        uint256 data = OpenedReport.FIRST;
        uint256 agreementId = OpenedReport.agreementId();
        uint256 device = OpenedReport.signer();
        assembly ("memory-safe") {
            log3(data, sub(terms, data), topic, agreementId, device)
        }
    }

    /// @dev The point behind the first `length` bytes of readings, with their penalty; interrupted intervals are noted.
    function _charge(uint256 point_, uint256 terms, uint256 length) private returns (uint256) {
        uint256 first = point_.next();
        // Can't overflow: a memory address.
        unchecked {
            Memory.setEnd(terms + 32 * point_.size());
        }
        (uint256 least, uint256 greatest) = terms.boundsFrom(first % terms.slots());
        Lanes.Judgement memory judged = Lanes.judge(OpenedReport.READINGS, length, least, greatest, LANES_HIGH);
        if (judged.under | judged.over | judged.noData != 0) {
            uint256 penalty = Prices.readings(judged, terms);
            emit Violations(
                uint64(OpenedReport.agreementId()),
                address(uint160(OpenedReport.signer())),
                uint32(first),
                judged.under,
                judged.over,
                judged.noData,
                judged.underUnits,
                judged.overUnits,
                penalty
            );
            point_ = point_.charge(penalty);
        }
        if (judged.interrupted != 0) {
            _interruptions.note(_reportedKey(), OpenedReport.READINGS, length / 2, first);
        }
        return point_.advanceBehind(length);
    }

    /// @dev Whether every reading is a full measurement inside its band, by the bands of terms in memory from a slot on.
    function _isWithin(uint256 terms, uint256 slot, uint256 length) private view returns (bool) {
        // Can't overflow: memory addresses, and a slot of a schedule.
        unchecked {
            uint256 least = terms + TermsCode.HEADER + 2 * slot;
            return Lanes.within(OpenedReport.READINGS, length, least, least + 2 * terms.slots(), LANES_HIGH);
        }
    }

    /// @dev Where a list's entries begin in the calldata.
    function _entries(SignedReport[] calldata reports) internal pure returns (uint256 list) {
        assembly ("memory-safe") {
            list := reports.offset
        }
    }
}
