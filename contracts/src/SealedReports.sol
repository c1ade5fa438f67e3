// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Admission} from "./Admission.sol";
import {Deviations} from "./Deviations.sol";
import {Interruptions} from "./Interruptions.sol";
import {ISealed} from "./ISealed.sol";
import {Lanes} from "./Lanes.sol";
import {Memory} from "./Memory.sol";
import {OpenedReport} from "./OpenedReport.sol";
import {OpenedSealedReport} from "./OpenedSealedReport.sol";
import {Overrides} from "./Overrides.sol";
import {PendingItems} from "./PendingItems.sol";
import {Points} from "./Points.sol";
import {Prices} from "./Prices.sol";
import {TermsCode} from "./TermsCode.sol";

/// @notice Reports whose readings are sealed: what their meters say of them is priced, put on record, or refused.
abstract contract SealedReports is Admission {
    using Interruptions for Interruptions.Store;
    using Points for uint256;
    using TermsCode for uint256;

    bytes32 private constant SEALED_REPORTED = keccak256("SealedReported(uint64,address,uint32,bytes,bytes)");
    uint256 private constant HEADER_WORDS = TermsCode.HEADER / 32;

    /// @dev The calls of {ISealed}, if this is one of them. They are looked for in the fallback, behind all that the contract
    /// answers by name, so that a report that anyone can read pays nothing for them. Of their arguments nothing is decoded:
    /// see {OpenedSealedReport}.
    function _answersSealed() internal returns (bool) {
        if (msg.sig == ISealed.submitSealed.selector) {
            // A list of one, whose position is counted from where the arguments begin.
            _takeSealed(4, 36);
            return true;
        }
        (uint256 list, uint256 count) = _sealedEntries();
        if (msg.sig == ISealed.submitSealedBatch.selector) {
            _takeSealed(list, list + 32 * count);
            return true;
        }
        if (msg.sig != ISealed.checkSealed.selector) return false;
        bytes memory answer = abi.encode(_checkSealed(list, count));
        assembly ("memory-safe") {
            return(add(answer, 32), mload(answer))
        }
    }

    function _checkSealed(uint256 list, uint256 count) private view returns (bytes4[] memory reasons) {
        OpenedSealedReport.prepare(_domain());
        Memory.setEnd(OpenedSealedReport.MOST_END);
        reasons = new bytes4[](count);
        uint256[] memory pending = PendingItems.make(count);
        uint256 free = Memory.end();
        for (uint256 i; i < count; ++i) {
            // What one item needs is free again for the next.
            Memory.setEnd(free);
            (uint256 length, uint256 words,) = OpenedSealedReport.open(_item(list, list + 32 * i));
            uint256 position = _position(_reportedKey());
            uint256 place = PendingItems.find(pending, position);
            uint256 point_ = pending[place] != 0 ? pending[place + 1] : _stored(position);
            uint256 terms = _terms(point_);
            uint256 hash = TermsCode.hashOf(TermsCode.accountOf(point_.terms()));
            if (point_.has(Points.OVERRIDDEN)) hash = _scheduleHash(point_, terms, hash);
            (bytes32 reason,,) = _admit(point_, terms, hash, length, true);
            uint256 taken;
            if (reason == 0) {
                taken = _taken(point_, length);
                (reason,,,) = _told(words, length, taken);
            }
            reasons[i] = bytes4(reason);
            if (reason == 0) (pending[place], pending[place + 1]) = (position, point_.advance(taken));
        }
    }

    /// @dev Take the reports whose positions are at calldata positions `list` to `end`.
    function _takeSealed(uint256 list, uint256 end) private {
        OpenedSealedReport.prepare(_domain());
        // Can't overflow: calldata positions.
        unchecked {
            for (uint256 entry = list; entry < end; entry += 32) {
                (bytes32 reason, uint256 a, uint256 b) = _takeOne(_item(list, entry));
                if (reason == 0) continue;
                if (msg.sig == ISealed.submitSealed.selector) _refuse(reason, a, b);
                emit ReportSkipped((entry - list) / 32, bytes4(reason));
            }
        }
    }

    /// @dev The header of the terms is put right behind the report, what is allocated behind that. The usual report is of the
    /// whole of its extent, and of a meter that has nothing to tell.
    function _takeOne(uint256 item) private returns (bytes32 reason, uint256 a, uint256 b) {
        (uint256 length, uint256 words, uint256 terms) = OpenedSealedReport.open(item);
        uint256 position = _position(_reportedKey());
        uint256 point_ = _stored(position);
        uint256 hash = TermsCode.hashOf(TermsCode.copy(point_.terms(), HEADER_WORDS, terms));
        if (point_.has(Points.OVERRIDDEN)) hash = _scheduleHash(point_, terms, hash);
        uint256 taken = length >> 1;
        if (!_isUsual(point_, terms, hash, length)) {
            (reason, a, b) = _admit(point_, terms, hash, length, true);
            if (reason != 0) return (reason, a, b);
            taken = _taken(point_, length);
        }
        if (OpenedSealedReport.toldLength(words) != 0) {
            // Can't overflow: a memory address.
            unchecked {
                Memory.setEnd(terms + TermsCode.HEADER);
            }
            Lanes.Judgement memory judged;
            (reason, a, b, judged) = _told(words, length, taken);
            if (reason != 0) return (reason, a, b);
            _logSealed(terms);
            point_ = _chargeSealed(point_, terms, judged);
            if (judged.interrupted != 0) {
                uint256 marks = Deviations.marks(words, OpenedSealedReport.toldLength(words), taken);
                _interruptions.note(_reportedKey(), marks, taken, point_.next());
            }
        } else {
            _logSealed(terms);
        }
        point_ = point_.advance(taken);
        assembly ("memory-safe") {
            sstore(position, point_)
        }
    }

    /// @dev The code hash of the bands by which the opened report is to be judged, where some passes have other ones: `agreed`,
    /// or that of its pass's override. Of its pass, not of the point's next, so that a report that is there already is told
    /// just that.
    function _scheduleHash(uint256 point_, uint256 terms, uint256 agreed) private view returns (uint256) {
        uint256 key = Overrides.key(OpenedReport.agreementId(), point_.place());
        uint256 creation = _places[key].creations[Memory.load(OpenedReport.FIRST) / terms.slots()];
        return creation == 0 ? agreed : TermsCode.hashOf(TermsCode.accountOf(creation));
    }

    /// @dev {_hindrance} of a sealed report, which has no bits to spare and goes the usual way up to its point's end. It
    /// shares nothing with that one, for what two call is put into the code of neither, and each plain report would pay.
    function _isUsual(uint256 point_, uint256 terms, uint256 hash, uint256 length) private view returns (bool usual) {
        uint256 slots = terms.slots();
        uint256 interval = terms.intervalSeconds();
        uint256 open;
        // Can't overflow: products and sums of numbers of 32 bits.
        unchecked {
            open = terms.intervals() * interval + terms.grace();
        }
        bool sealed_ = terms.isSealed();
        uint256 start = point_.start();
        uint256 end = point_.end();
        uint256 next = point_.next();
        uint256 first = Memory.load(OpenedReport.FIRST);
        uint256 believedStart = Memory.load(OpenedReport.START);
        uint256 believedHash = Memory.load(OpenedReport.TERMS);
        assembly ("memory-safe") {
            let count := shr(1, length)
            let last := add(first, count)
            let wrong := or(iszero(sealed_), or(iszero(length), and(length, 1)))
            wrong := or(wrong, or(xor(start, believedStart), xor(shl(128, shr(128, hash)), believedHash)))
            wrong := or(wrong, or(xor(first, next), gt(last, end)))
            wrong := or(wrong, gt(add(mod(first, slots), count), slots))
            wrong := or(wrong, gt(add(start, mul(last, interval)), timestamp()))
            usual := iszero(or(wrong, gt(timestamp(), add(start, open))))
        }
    }

    /// @dev How many intervals of an admitted report lie before the point's end.
    function _taken(uint256 point_, uint256 length) private pure returns (uint256) {
        uint256 left = point_.end() - point_.next();
        return left < length / 2 ? left : length / 2;
    }

    /// @dev What the meter says of an admitted report, or why that can't be.
    function _told(uint256 words, uint256 length, uint256 taken)
        private
        pure
        returns (bytes32 reason, uint256 a, uint256 b, Lanes.Judgement memory judged)
    {
        uint256 count = length / 2;
        uint256 told = OpenedSealedReport.toldLength(words);
        uint256 most = Deviations.WORD * count;
        if (told > most || told % Deviations.WORD != 0) return (BadLength.selector, told, most, judged);
        bool bad;
        (judged, bad) = Deviations.read(words, told, count, taken);
        if (bad) {
            (a, b) = Deviations.firstBad(words, count);
            reason = BadDeviation.selector;
        }
    }

    function _logSealed(uint256 end) private {
        bytes32 topic = SEALED_REPORTED;
        uint256 data = OpenedReport.FIRST;
        uint256 agreementId = OpenedReport.agreementId();
        uint256 device = OpenedReport.signer();
        assembly ("memory-safe") {
            log3(data, sub(end, data), topic, agreementId, device)
        }
    }

    /// @dev The point with the penalty for what was judged.
    function _chargeSealed(uint256 point_, uint256 terms, Lanes.Judgement memory judged) private returns (uint256) {
        if (judged.under | judged.over | judged.noData == 0) return point_;
        uint256 penalty = Prices.readings(judged, terms);
        emit Violations(
            uint64(OpenedReport.agreementId()),
            address(uint160(OpenedReport.signer())),
            uint32(point_.next()),
            judged.under,
            judged.over,
            judged.noData,
            judged.underUnits,
            judged.overUnits,
            penalty
        );
        return point_.charge(penalty);
    }

    /// @dev Where the entries of the only argument, a list, begin in the calldata, and how many there are.
    function _sealedEntries() private pure returns (uint256 list, uint256 count) {
        assembly ("memory-safe") {
            list := add(36, calldataload(4))
            count := calldataload(sub(list, 32))
        }
    }
}
