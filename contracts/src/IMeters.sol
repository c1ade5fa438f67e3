// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IRecords} from "./IRecords.sol";

/// @notice What meters send through anyone's hands, and what their carriers ask before they pay for it.
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
}
