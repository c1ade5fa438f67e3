// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Admission} from "./Admission.sol";
import {IMeters} from "./IMeters.sol";
import {Interruptions} from "./Interruptions.sol";
import {Messages} from "./Messages.sol";
import {PendingItems} from "./PendingItems.sol";
import {Points} from "./Points.sol";
import {Prices} from "./Prices.sol";
import {TermsCode} from "./TermsCode.sol";

/// @notice Reports of outages: priced, put on record, or refused.
abstract contract Outages is Admission {
    using Interruptions for Interruptions.Store;
    using Interruptions for uint256;
    using Points for uint256;
    using TermsCode for uint256;

    /// An outage as it was signed, and by whom.
    struct Outage {
        uint256 agreementId;
        uint256 number;
        uint256 startedAt;
        uint256 endedAt;
        uint256 cause;
        address device;
        uint256 key;
    }

    /// @inheritdoc IMeters
    function submitOutage(SignedOutage calldata outage) external {
        (bytes4 reason, uint256 a, uint256 b) = _takeOutage(_opened(outage, _domain()));
        if (reason != 0) _refuse(reason, a, b);
    }

    /// @inheritdoc IMeters
    function submitOutageBatch(SignedOutage[] calldata outages) external {
        bytes32 domain = _domain();
        for (uint256 i; i < outages.length; ++i) {
            (bytes4 reason,,) = _takeOutage(_opened(outages[i], domain));
            if (reason != 0) emit OutageSkipped(i, reason);
        }
    }

    /// @inheritdoc IMeters
    function checkOutages(SignedOutage[] calldata outages) external view returns (bytes4[] memory reasons) {
        uint256 count = outages.length;
        reasons = new bytes4[](count);
        uint256[] memory pending = PendingItems.make(count);
        bytes32 domain = _domain();
        for (uint256 i; i < count; ++i) {
            Outage memory outage = _opened(outages[i], domain);
            // A point's key is no hash, and a table wants one.
            uint256 hash = uint256(keccak256(abi.encode(outage.key)));
            uint256 place = PendingItems.find(pending, hash);
            uint256 record = pending[place] != 0 ? pending[place + 1] : _interruptions.records[outage.key];
            uint256 point_ = _points[outage.key];
            uint256 terms = _terms(point_);
            (reasons[i],,) = _admitOutage(point_, terms, outage, record);
            if (reasons[i] != 0) continue;
            (pending[place], pending[place + 1]) = (hash, _behind(record, outage));
        }
    }

    /// @dev Read word by word, for Solidity's decoder refuses a whole batch for one item's excess bits. They are cut off
    /// before anything else: what is signed is what counts.
    function _opened(SignedOutage calldata signed, bytes32 domain) private view returns (Outage memory outage) {
        bytes32 r;
        bytes32 vs;
        assembly ("memory-safe") {
            mstore(outage, and(calldataload(signed), 0xffffffffffffffff))
            mstore(add(outage, 32), and(calldataload(add(signed, 32)), 0xffffffff))
            mstore(add(outage, 64), and(calldataload(add(signed, 64)), 0xffffffffff))
            mstore(add(outage, 96), and(calldataload(add(signed, 96)), 0xffffffffff))
            mstore(add(outage, 128), and(calldataload(add(signed, 128)), 0xff))
            r := calldataload(add(signed, 160))
            vs := calldataload(add(signed, 192))
        }
        bytes32 structHash = keccak256(
            abi.encode(
                Messages.OUTAGE_REPORT,
                outage.agreementId,
                outage.number,
                outage.startedAt,
                outage.endedAt,
                outage.cause
            )
        );
        outage.device = Messages.recover(Messages.typed(domain, structHash), r, vs);
        outage.key = Points.key(outage.agreementId, outage.device);
    }

    function _takeOutage(Outage memory outage) private returns (bytes4 reason, uint256 a, uint256 b) {
        uint256 point_ = _points[outage.key];
        uint256 terms = _terms(point_);
        uint256 record = _interruptions.records[outage.key];
        (reason, a, b) = _admitOutage(point_, terms, outage, record);
        if (reason != 0) return (reason, a, b);

        uint256 penalty;
        if (outage.endedAt == 0) {
            record = record.opened();
        } else {
            (uint256 from, uint256 to) = _touched(point_, terms, outage, record);
            uint256 paidUntil = record.paidUntil();
            uint256 explained;
            if (from < to) {
                (explained, penalty) = _explain(point_, terms, outage, from, to);
                paidUntil = to;
            }
            record = record.closed(outage.endedAt, paidUntil, explained, penalty);
        }
        _interruptions.records[outage.key] = record;
        emit OutageReported(
            uint64(outage.agreementId),
            outage.device,
            uint32(outage.number),
            uint40(outage.startedAt),
            uint40(outage.endedAt),
            uint8(outage.cause),
            penalty
        );
    }

    /// @dev Explain the interrupted intervals from `from` to before `to`, and price them: an outage costs its event if it
    /// began in one of them, and the minutes that lie in them.
    function _explain(uint256 point_, uint256 terms, Outage memory outage, uint256 from, uint256 to)
        private
        returns (uint256 count, uint256 penalty)
    {
        bool firstIs;
        bool lastIs;
        (count, firstIs, lastIs) = _interruptions.explain(outage.key, from, to);
        if (!terms.penalises(outage.cause)) return (count, 0);
        uint256 length = terms.intervalSeconds();
        uint256 begins = point_.start() + from * length;
        uint256 ends = point_.start() + to * length;
        // Whole intervals, less what of the first lies before the outage and of the last behind it.
        uint256 seconds_ = count * length;
        if (firstIs && outage.startedAt > begins) seconds_ -= outage.startedAt - begins;
        if (lastIs && outage.endedAt < ends) seconds_ -= ends - outage.endedAt;
        penalty = Prices.outage(firstIs && outage.startedAt >= begins, seconds_, terms);
    }

    /// @dev The intervals that an ended outage touches, as far as they are this point's and no earlier outage's: from `from`
    /// to before `to`; none if `from` is not less.
    function _touched(uint256 point_, uint256 terms, Outage memory outage, uint256 record)
        private
        pure
        returns (uint256 from, uint256 to)
    {
        uint256 start = point_.start();
        uint256 length = terms.intervalSeconds();
        from = outage.startedAt < start ? 0 : (outage.startedAt - start) / length;
        to = outage.endedAt <= start ? 0 : (outage.endedAt - start + length - 1) / length;
        if (from < record.paidUntil()) from = record.paidUntil();
        if (to > point_.end()) to = point_.end();
    }

    /// @dev What of a point's record later items of a list are judged by.
    function _behind(uint256 record, Outage memory outage) private pure returns (uint256) {
        return outage.endedAt == 0 ? record.opened() : record.closed(outage.endedAt, record.paidUntil(), 0, 0);
    }

    function _admitOutage(uint256 point_, uint256 terms, Outage memory outage, uint256 record)
        private
        view
        returns (bytes4, uint256, uint256)
    {
        if (outage.device == address(0)) return (BadSignature.selector, 0, 0);
        if (point_ == 0) return (UnknownDevice.selector, uint160(outage.device), outage.agreementId);
        (uint256 startedAt, uint256 endedAt) = (outage.startedAt, outage.endedAt);
        if (outage.cause > 2 || (endedAt != 0 && endedAt <= startedAt)) {
            return (BadOutage.selector, startedAt, endedAt);
        }
        uint256 expected = record.nextOutage();
        if (outage.number != expected) return (WrongOutage.selector, expected, outage.number);
        if (endedAt == 0 && record.isOpen()) return (KnownOutage.selector, outage.number, startedAt);
        if (startedAt < record.lastEndedAt()) return (OverlappingOutage.selector, record.lastEndedAt(), startedAt);
        uint256 last = endedAt == 0 ? startedAt : endedAt;
        if (last > block.timestamp) return (FromTheFuture.selector, last, block.timestamp);
        if (endedAt != 0) {
            (uint256 from, uint256 to) = _touched(point_, terms, outage, record);
            if (from < to && point_.next() < to) return (AheadOfReports.selector, to, point_.next());
        }
        uint256 until = _reportsUntil(point_.start(), terms);
        if (block.timestamp > until) return (TooLate.selector, until, block.timestamp);
        return (0, 0, 0);
    }
}
