// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IRecords} from "./IRecords.sol";

/// @notice What meters send where readings are sealed. The contract prices what the meter says of them as it would price
/// the readings; that the meter judged right is for those to check who have the viewing key.
interface ISealed is IRecords {
    /// @notice Take one report, or revert with the reason. Of one that reaches beyond where its point was cut, what lies
    /// before the cut is taken.
    function submitSealed(SignedSealedReport calldata report) external;
    /// @notice Take the good reports of a list; the bad ones are skipped and cost the others nothing.
    function submitSealedBatch(SignedSealedReport[] calldata reports) external;

    /// @notice What `submitSealedBatch` would do now: 0, or the selector of the error, for each item after those before it.
    function checkSealed(SignedSealedReport[] calldata reports) external view returns (bytes4[] memory reasons);
}
