// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IRecords} from "./IRecords.sol";

/// @notice What anyone asks: what is on record, what applies to a meter, and what readings would cost.
interface IAnswers is IRecords {
    // -- An agreement -------------------------------------------------------------------------------------------------

    function termsOf(uint64 id) external view returns (Terms memory);
    function point(uint64 id, address device) external view returns (Point memory);
    /// @notice The account with the bands of one pass at one place, if they are not the agreed ones, and the sequence of the
    /// place's last renomination.
    function overrideOf(uint64 id, uint32 place, uint32 pass) external view returns (address account, uint32 sequence);
    /// @notice The hashes that an acceptance of this agreement names.
    function hashesOf(uint64 id) external view returns (bytes32 termsHash, bytes32 devicesHash);
    /// @notice The number of agreements ever proposed: the highest id.
    function agreementCount() external view returns (uint64);
    /// @notice Whether the operator takes no new proposals at present.
    function proposalsPaused() external view returns (bool);
    /// @notice The least seconds that terms here must have.
    function leastSeconds() external view returns (uint32 grace, uint32 disputeWindow, uint32 discountExpiry);

    // -- A meter ------------------------------------------------------------------------------------------------------

    /// @notice What readings would cost if the meter of a place reported them from `firstInterval` on: whoever asks,
    /// without a signature, whatever the time, in an agreement that is only proposed too. They must lie in the term and in
    /// one pass of its schedule.
    function quote(uint64 agreementId, uint32 place, uint32 firstInterval, bytes calldata readings)
        external
        view
        returns (Quote memory);

    /// @notice The last three agreements that a device was accepted for, in order of their start.
    /// @param slotsAhead for how many intervals from the running one on bounds are wanted
    function meterState(address device, uint16 slotsAhead) external view returns (MeterState[] memory);

    /// @notice The same for many devices; one that never enrolled has none.
    function meterStates(address[] calldata devices, uint16 slotsAhead)
        external
        view
        returns (bool[] memory enrolled, MeterState[][] memory states);
    function isEnrolled(address device) external view returns (bool);
    /// @notice Whether a meter has said that it holds this viewing key.
    function holdsViewingKey(address device, bytes32 viewingKeyHash) external view returns (bool);
    /// @notice The account whose code has the bands that hold at a place in an interval, and the hash of that code.
    function scheduleOf(uint64 id, uint32 place, uint32 interval)
        external
        view
        returns (address account, bytes32 codeHash);
}
