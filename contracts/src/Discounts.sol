// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Escrow} from "./Escrow.sol";
import {IOffice} from "./IOffice.sol";
import {Messages} from "./Messages.sol";
import {TermsCode} from "./TermsCode.sol";

/// @notice What an agreement comes to in the end: settled to a discount, which is redeemed, or expires.
abstract contract Discounts is Escrow {
    using TermsCode for uint256;

    /// @inheritdoc IOffice
    function settle(uint64 id) external {
        Record storage record = _running(id);
        uint256 terms = TermsCode.load(record.terms);
        uint256 from = _end(record, id, terms) + terms.word(0).grace() + terms.word(2).disputeWindow() + 1;
        if (block.timestamp < from) revert TooEarly(from, block.timestamp);
        uint256 accrued = _accrued(record, id, terms);
        uint128 remaining = _remaining(record, id, accrued);
        // Fits: the rate is at most one million millionths.
        uint128 discount = uint128(uint256(remaining) * terms.word(2).discountRatePpm() / 1_000_000);
        record.state = State.Settled;
        record.settledAt = uint40(block.timestamp);
        if (discount != 0) _uses[id].discount = discount;
        emit Settled(id, accrued, remaining, discount);
        _repay(id, uint256(record.bonus) + _since[id].grants - discount);
    }

    /// @inheritdoc IOffice
    function redeem(uint64 id, bytes32 invoice, uint128 amount) external {
        (Record storage record, uint256 terms) = _loaded(id);
        if (msg.sender != terms.consumer()) revert NotConsumer(msg.sender);
        _redeem(id, record, terms, invoice, amount);
    }

    /// @inheritdoc IOffice
    function redeemBySignature(
        uint64 id,
        bytes32 invoice,
        uint128 amount,
        uint40 deadline,
        bytes calldata signature
    ) external {
        (Record storage record, uint256 terms) = _loaded(id);
        bytes32 structHash = keccak256(abi.encode(Messages.DISCOUNT_REDEMPTION, id, invoice, amount, deadline));
        _mustHaveSigned(terms.consumer(), structHash, deadline, signature);
        _redeem(id, record, terms, invoice, amount);
    }

    /// @inheritdoc IOffice
    function acknowledge(uint64 id, bytes32 invoice) external onlyOperator {
        Redemption storage redeemed = _uses[id].redemptions[invoice];
        if (redeemed.amount == 0 || redeemed.acknowledged || redeemed.withdrawn) {
            revert NothingToAcknowledge(id, invoice);
        }
        redeemed.acknowledged = true;
        emit RedemptionAcknowledged(id, invoice, redeemed.amount);
        // The consumer has its money's worth on the invoice, so the money is the operator's again.
        _repay(id, redeemed.amount);
    }

    /// @inheritdoc IOffice
    function withdraw(uint64 id, bytes32 invoice) external {
        _mustHoldMoney();
        Redemption storage redeemed = _uses[id].redemptions[invoice];
        if (redeemed.amount == 0 || redeemed.acknowledged || redeemed.withdrawn) revert NothingToTake();
        uint256 terms = TermsCode.load(_records[id].terms);
        uint256 from = redeemed.redeemedAt + terms.word(2).disputeWindow() + 1;
        if (block.timestamp < from) revert TooEarly(from, block.timestamp);
        redeemed.withdrawn = true;
        emit RedemptionWithdrawn(id, invoice, redeemed.amount);
        _credit(id, terms.consumer(), redeemed.amount);
    }

    /// @inheritdoc IOffice
    function reclaim(uint64 id) external {
        _mustHoldMoney();
        Record storage record = _records[id];
        if (record.state != State.Settled) revert WrongState(id, record.state);
        uint256 until = _redeemableUntil(record, TermsCode.load(record.terms));
        if (block.timestamp <= until) revert TooEarly(until + 1, block.timestamp);
        uint256 rest = _uses[id].discount - _uses[id].redeemed;
        if (rest == 0 || _funders[id].reclaimed) revert NothingToTake();
        _funders[id].reclaimed = true;
        _repay(id, rest);
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

    // -- To be asked

    /// @inheritdoc IOffice
    function redemption(uint64 id, bytes32 invoice) external view returns (Redemption memory) {
        return _uses[id].redemptions[invoice];
    }
}
