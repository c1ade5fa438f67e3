// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Currency} from "./Currency.sol";
import {Escrow} from "./Escrow.sol";
import {ISettlement} from "./ISettlement.sol";
import {Messages} from "./Messages.sol";
import {Prices} from "./Prices.sol";
import {TermsCode} from "./TermsCode.sol";

/// @notice What an agreement comes to in the end: penalties are taken off, what is left is settled to a discount, and that is
/// credited from the escrow, or redeemed until it expires.
abstract contract Settlement is Escrow, Currency {
    using TermsCode for uint256;

    /// @inheritdoc ISettlement
    function settle(uint64 id) external {
        (Record storage record, uint256 terms) = _running(id);
        Standing memory now_ = _standing(id, record, terms);
        uint256 from = now_.closesAt + terms.disputeWindow();
        if (block.timestamp < from) revert TooEarly(from, block.timestamp);
        // Fits: a part of what remains.
        uint128 discount = uint128(Prices.discount(now_.remaining, terms));
        uint256 locked = _locked(id, record, terms);
        record.state = State.Settled;
        record.settledAt = uint40(block.timestamp);
        if (discount != 0) _uses[id].discount = discount;
        emit Settled(id, now_.accrued, now_.remaining, discount);
        if (!_isInEscrow(record)) return;
        _credit(id, _consumerOf(id, terms), discount);
        _credit(id, _funders[id], locked - discount);
    }

    /// @inheritdoc ISettlement
    function waive(uint64 id, uint128 amount) external onlyOperator {
        (Record storage record, uint256 terms) = _running(id);
        Since storage since = _since[id];
        Standing memory now_ = _standing(id, record, terms);
        if (block.timestamp < now_.closesAt) revert TooEarly(now_.closesAt, block.timestamp);
        uint256 most = now_.accrued - since.waived;
        if (amount == 0 || amount > most) revert BadAmount(most, amount);
        since.waived += amount;
        emit Waived(id, amount);
    }

    /// @inheritdoc ISettlement
    function redeem(uint64 id, bytes32 invoice, uint128 amount) external {
        _mustBePromise(id);
        (Record storage record, uint256 terms) = _loaded(id);
        _mustBeConsumer(id, terms);
        _redeem(id, record, terms, invoice, amount);
    }

    /// @inheritdoc ISettlement
    function redeemBySignature(
        uint64 id,
        bytes32 invoice,
        uint128 amount,
        uint40 deadline,
        bytes calldata signature
    ) external {
        _mustBePromise(id);
        (Record storage record, uint256 terms) = _loaded(id);
        bytes32 structHash = keccak256(abi.encode(Messages.DISCOUNT_REDEMPTION, id, invoice, amount, deadline));
        _mustHaveSigned(_consumerOf(id, terms), structHash, deadline, signature);
        _redeem(id, record, terms, invoice, amount);
    }

    /// @inheritdoc ISettlement
    function acknowledge(uint64 id, bytes32 invoice) external onlyOperator {
        _mustBePromise(id);
        Redemption storage redeemed = _uses[id].redemptions[invoice];
        if (redeemed.amount == 0 || redeemed.acknowledged) revert NothingToAcknowledge(id, invoice);
        redeemed.acknowledged = true;
        emit RedemptionAcknowledged(id, invoice, redeemed.amount);
    }

    /// @dev The settlement credits a discount in escrow at once: there is nothing to redeem.
    function _mustBePromise(uint64 id) private view {
        if (_escrow) revert HeldInEscrow(id);
    }

    /// @dev No signature counts twice, for an invoice doesn't.
    function _redeem(uint64 id, Record storage record, uint256 terms, bytes32 invoice, uint128 amount) private {
        if (record.state != State.Settled) revert WrongState(id, record.state);
        Use storage use = _uses[id];
        uint256 until = _redeemableUntil(record, terms);
        if (block.timestamp > until) revert TooLate(until, block.timestamp);
        Redemption storage redeemed = use.redemptions[invoice];
        if (redeemed.amount != 0) revert InvoiceRedeemed(invoice, redeemed.amount);
        uint256 most = use.discount - use.redeemed;
        if (amount == 0 || amount > most) revert BadAmount(most, amount);
        use.redeemed += amount;
        redeemed.amount = amount;
        redeemed.redeemedAt = uint64(block.timestamp);
        emit DiscountRedeemed(id, invoice, amount);
    }

    /// @dev Of a settled agreement.
    function _redeemableUntil(Record storage record, uint256 terms) internal view returns (uint256) {
        return record.settledAt + terms.discountExpiry();
    }

    // -- To be asked

    /// @inheritdoc ISettlement
    function agreement(uint64 id) external view returns (Agreement memory view_) {
        (Record storage record, uint256 terms) = _loaded(id);
        Standing memory now_ = _standing(id, record, terms);
        view_.consumer = _consumerOf(id, terms);
        view_.state = record.state;
        view_.start = record.start;
        view_.end = uint40(record.start + _intervals(id, terms) * terms.intervalSeconds());
        view_.reportsUntil = uint40(_reportsUntil(record.start, terms));
        view_.settlesAt = uint40(now_.closesAt + terms.disputeWindow());
        view_.bonus = record.bonus;
        view_.accrued = now_.accrued;
        view_.remaining = now_.remaining;
        view_.discount = _uses[id].discount;
        view_.devices = _devicesOf(id, terms);
        view_.grants = _since[id].grants;
        view_.waived = _since[id].waived;
        view_.forfeited = _since[id].forfeited;
        view_.neutralShare = uint128(now_.neutralShare);
        view_.redeemed = _uses[id].redeemed;
        if (record.state == State.Accepted || record.state == State.Terminated) {
            view_.locked = uint128(_locked(id, record, terms));
        }
        if (record.state == State.Settled) view_.redeemableUntil = uint64(_redeemableUntil(record, terms));
        view_.successor = _successions[id].offered;
        view_.neutralIntervals = uint32(now_.neutral);
    }

    /// @inheritdoc ISettlement
    function redemption(uint64 id, bytes32 invoice) external view returns (Redemption memory) {
        return _uses[id].redemptions[invoice];
    }
}
