// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IRecords} from "./IRecords.sol";

/// @notice What people do with agreements, and what they ask.
interface IOffice is IRecords {
    // -- Admin --------------------------------------------------------------------------------------------------------

    /// @notice Let all money be an ERC-20 in escrow, once, before the first proposal. Then who proposes also funds: the
    /// bonus is drawn from that account at the acceptance, a grant from who grants, and what the consumer does not get
    /// goes back to who proposed. A token that keeps a fee or says false funds nothing.
    function useEscrow(address token) external;

    // -- Operator -----------------------------------------------------------------------------------------------------

    /// @notice Enrol a meter by its own signature of
    /// `DeviceEnrollment(bytes32 hardwareId,uint40 deadline)`, which proves that the key exists and wants this contract.
    function enrol(bytes32 hardwareId, uint40 deadline, bytes32 r, bytes32 vs) external returns (address device);

    /// @notice Propose an agreement. It binds nobody until the consumer accepts, and lapses at its start.
    function propose(address consumer, Terms calldata terms, address[] calldata devices, uint128 bonus)
        external
        returns (uint64 id);

    /// @notice Propose a new period with the same consumer, terms and devices. With the consumer's signature of an
    /// `AgreementAcceptance`, for the id that comes next, it is accepted at once.
    /// @param signature 64 or 65 bytes of an account, or ERC-1271; empty: only propose
    function renew(uint64 id, uint40 start, uint128 bonus, uint40 deadline, bytes calldata signature)
        external
        returns (uint64 renewed);

    /// @notice Propose that another enrolled device measures in place of one; it replaces an earlier such proposal.
    function proposeRotation(uint64 id, address from, address to) external;

    /// @notice Take no new proposals, or take them again. Nothing else can be paused.
    function pauseProposals(bool paused) external;

    /// @notice Add to the bonus of an agreement that is not yet settled.
    function grant(uint64 id, uint128 amount) external;

    /// @notice Take off penalties, no more than there are: from the end of the grace, when nothing can change them any
    /// more, until the settlement.
    function waive(uint64 id, uint128 amount) external;

    /// @notice Put an end to what a key measures: the running interval is the last that counts, in all agreements. What
    /// it measured before is still taken until their grace is over.
    function revoke(address device) external;

    /// @notice Confirm that an invoice is lower by what was redeemed against it.
    function acknowledge(uint64 id, bytes32 invoice) external;

    // -- Operator or consumer -----------------------------------------------------------------------------------------

    /// @notice Call an agreement off before its start. The operator can take back a proposal only: what the consumer has
    /// accepted is the consumer's. The consumer can decline a proposal, and give up what it accepted.
    function cancel(uint64 id) external;

    /// @notice End a running agreement early. It runs until the notice is over, to the end of that interval. The bonus
    /// remains whole if the operator leaves; if the consumer does, it gives up the share of it that falls to the
    /// intervals left out, rounded down.
    function terminate(uint64 id) external;

    // -- Consumer -----------------------------------------------------------------------------------------------------

    /// @notice Accept by the consumer's own transaction. It names what it accepts, so that it can't accept by mistake.
    /// @param termsHash keccak256 of the ABI encoding of the Terms
    /// @param devicesHash keccak256 of the devices, 32 bytes each
    function accept(uint64 id, bytes32 termsHash, bytes32 devicesHash, uint128 bonus) external;

    /// @notice Accept by the consumer's signature of `AgreementAcceptance(uint64 agreementId,bytes32 termsHash,bytes32
    /// devicesHash,uint128 bonus,uint40 deadline)`, sent by anyone. 64 or 65 bytes of an account, or ERC-1271.
    function acceptBySignature(
        uint64 id,
        bytes32 termsHash,
        bytes32 devicesHash,
        uint128 bonus,
        uint40 deadline,
        bytes calldata signature
    ) external;

    /// @notice Agree that `to` measures in place of `from`, as the operator proposed: the running interval is the last
    /// of the one, the next is the first of the other.
    function acceptRotation(uint64 id, address from, address to) external;

    /// @notice Set a part of the discount against an invoice of the operator, by the consumer's own transaction. Each
    /// invoice once; until the discount expires.
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

    /// @notice In escrow: credit the consumer with what was redeemed against an invoice, if the operator has let the
    /// length of the dispute window pass without acknowledging it.
    function withdraw(uint64 id, bytes32 invoice) external;

    /// @notice In escrow: credit who proposed with the part of a discount that has expired.
    function reclaim(uint64 id) external;

    /// @notice Pay an account all that the escrow owes it.
    function collect(address account) external;

    /// @notice Turn what is left of the bonus into the discount, once the dispute window is over.
    function settle(uint64 id) external;

    // -- To be asked --------------------------------------------------------------------------------------------------

    function agreement(uint64 id) external view returns (Agreement memory);
    function termsOf(uint64 id) external view returns (Terms memory);
    function point(uint64 id, address device) external view returns (Point memory);
    function redemption(uint64 id, bytes32 invoice) external view returns (Redemption memory);
    /// @notice The hashes that an acceptance of this agreement names.
    function hashesOf(uint64 id) external view returns (bytes32 termsHash, bytes32 devicesHash);
    /// @notice The number of agreements ever proposed: the highest id.
    function agreementCount() external view returns (uint64);
    /// @notice Whether the operator takes no new proposals at present.
    function proposalsPaused() external view returns (bool);
    /// @notice The ERC-20 in escrow; zero: money is a promise in minor units of the parties' currency.
    function currency() external view returns (address);
    /// @notice What the escrow owes an account at once.
    function owed(address account) external view returns (uint256);
}
