// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IRecords} from "./IRecords.sol";

/// @notice What agreements come to, and where the money goes.
interface ISettlement is IRecords {
    // -- Admin -------------------------------------------------------------------------------------------------------------

    /// @notice Let all money be an ERC-20 in escrow, once, before the first proposal. Then who proposes also funds: what
    /// the discount can be at most is drawn from that account, at the acceptance and with each grant. A token that keeps a
    /// fee or says false funds nothing.
    function useEscrow(address token) external;

    // -- Operator ----------------------------------------------------------------------------------------------------------

    /// @notice Take off penalties, no more than there are: once nothing can change them any more, until the settlement.
    function waive(uint64 id, uint128 amount) external;

    /// @notice Confirm that an invoice is lower by what was redeemed against it.
    function acknowledge(uint64 id, bytes32 invoice) external;

    // -- Consumer ----------------------------------------------------------------------------------------------------------

    /// @notice Set a part of the discount against an invoice of the operator, by the consumer's own transaction. Each
    /// invoice once; until the discount expires. Not in escrow, which has paid.
    /// @param invoice the operator's number of the invoice, or a hash of it
    function redeem(uint64 id, bytes32 invoice, uint128 amount) external;

    /// @notice The same by the consumer's signature of `DiscountRedemption(uint64 agreementId,bytes32 invoice,uint128
    /// amount,uint40 deadline)`, sent by anyone. 64 or 65 bytes of an account, or ERC-1271.
    function redeemBySignature(
        uint64 id,
        bytes32 invoice,
        uint128 amount,
        uint40 deadline,
        bytes calldata signature
    ) external;

    // -- Anyone -------------------------------------------------------------------------------------------------------

    /// @notice Pay an account all that the escrow owes it.
    function collect(address account) external;

    /// @notice Pay what the escrow owes the caller to another account: for one that the token refuses, say.
    function collectTo(address to) external;

    /// @notice Turn what is left of the bonus into the discount, once the dispute window is over. In escrow the discount is
    /// due to the consumer at once, and the rest to who funded it.
    function settle(uint64 id) external;

    // -- To be asked -------------------------------------------------------------------------------------------------------

    function agreement(uint64 id) external view returns (Agreement memory);
    function redemption(uint64 id, bytes32 invoice) external view returns (Redemption memory);
    /// @notice The ERC-20 in escrow; zero: money is a promise in minor units of the parties' currency.
    function currency() external view returns (address);
    /// @notice What the escrow owes an account at once.
    function owed(address account) external view returns (uint256);
}
