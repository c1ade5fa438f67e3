// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IRecords} from "./IRecords.sol";

/// @notice What meters send through anyone's hands, and what they and their carriers ask.
interface IMeters is IRecords {
    // -- Anyone -------------------------------------------------------------------------------------------------------

    /// @notice Take one report, or revert with the reason. Of a report that reaches beyond where its point was cut the
    /// readings before the cut are taken.
    function submit(SignedReport calldata report) external;
    /// @notice Take the good reports of a list; the bad ones are skipped and cost the others nothing.
    function submitBatch(SignedReport[] calldata reports) external;
    /// @notice Take one outage, or revert with the reason. One that has ended waits until the intervals that it touches
    /// have been reported.
    function submitOutage(SignedOutage calldata outage) external;
    function submitOutageBatch(SignedOutage[] calldata outages) external;

    // -- To be asked --------------------------------------------------------------------------------------------------

    /// @notice What `submitBatch` would do now: 0, or the selector of the error, for each item after those before it.
    function check(SignedReport[] calldata reports) external view returns (bytes4[] memory reasons);
    function checkOutages(SignedOutage[] calldata outages) external view returns (bytes4[] memory reasons);

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
}
