// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IRecords} from "./IRecords.sol";

/// @notice How the parties come to an agreement and change it.
interface IParties is IRecords {
    // -- Operator -----------------------------------------------------------------------------------------------------

    /// @notice Enrol a meter by its own signature of `DeviceEnrollment(bytes32 hardwareId,uint32 baseSeconds,uint40
    /// deadline)`, which proves that the key exists and wants this contract.
    /// @param baseSeconds the interval in which it measures: starts and intervals of its agreements are multiples of it
    function enrol(bytes32 hardwareId, uint32 baseSeconds, uint40 deadline, bytes32 r, bytes32 vs)
        external
        returns (address device);

    /// @notice Propose an agreement. It binds nobody until the consumer accepts, and lapses at its start.
    function propose(address consumer, Terms calldata terms, address[] calldata devices, uint128 bonus)
        external
        returns (uint64 id);

    /// @notice Propose a new period with the present consumer, the same terms and devices. With the consumer's signature
    /// of an `AgreementAcceptance`, for the id that comes next, it is accepted at once.
    /// @param signature 64 or 65 bytes of an account, or ERC-1271; empty: only propose
    function renew(uint64 id, uint40 start, uint128 bonus, uint40 deadline, bytes calldata signature)
        external
        returns (uint64 renewed);

    /// @notice Propose that another enrolled device measures in place of one; it replaces an earlier such proposal.
    function proposeRotation(uint64 id, address from, address to) external;

    /// @notice Take no new proposals, or take them again. Nothing else can be paused.
    function pauseProposals(bool paused) external;

    /// @notice Add to the bonus of an agreement that is not yet settled. In escrow only who funds it.
    function grant(uint64 id, uint128 amount) external;

    /// @notice Put an end to what a key measures: the running interval is the last that counts, in all agreements. What
    /// it measured before is still taken until their grace is over. What is not measured afterwards costs nothing, until
    /// the consumer accepts another meter in its place.
    function revoke(address device) external;

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
    /// of the one, the next is the first of the other; before the start, `to` measures all.
    function acceptRotation(uint64 id, address from, address to) external;

    /// @notice Note, by a meter's signature of `ViewingKeyReady(bytes32 viewingKeyHash)`, that it holds a viewing key, sent by
    /// anyone: an agreement whose readings are sealed by it can begin, or go on, with this meter.
    function noteViewingKey(bytes32 viewingKeyHash, bytes32 r, bytes32 vs) external returns (address device);

    /// @notice Give notice that the meter of a place is at fault, for good: the running interval is its last. Later ones are
    /// neutral until the consumer accepts another meter, and so are never reported ones of the last `faultLookback`
    /// seconds. Neutral intervals cost their share of the bonus, at the settlement.
    function fault(uint64 id, uint32 place) external;

    /// @notice Offer the consumer's place in an agreement to another account; zero takes the offer back.
    function offerSuccession(uint64 id, address successor) external;

    /// @notice Take the consumer's place, as offered to the caller.
    function acceptSuccession(uint64 id) external;
}
