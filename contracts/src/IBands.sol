// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IRecords} from "./IRecords.sol";

/// @notice How other bands come to hold for a part of the term.
interface IBands is IRecords {
    // -- Operator -----------------------------------------------------------------------------------------------------

    /// @notice Widen the bands of intervals that have not begun, of one pass at one place: a curtailment that the operator
    /// orders, works that it plans. Each new band contains what holds now.
    function widen(uint64 id, uint32 place, uint32 firstInterval, bytes calldata bands) external;

    /// @notice Replace bands with the consumer's signature of a `Renomination`: any sound ones, for intervals that have not
    /// begun. Sealed ones are replaced so alone, a whole pass with its nonce; that they are sound the parties see to.
    function renominateTogether(Renomination calldata renomination, bytes calldata signature) external;

    // -- Consumer -----------------------------------------------------------------------------------------------------

    /// @notice Replace the bands of intervals of one pass at one place, at least `leadSeconds` ahead: in each slot no wider
    /// than the agreed band, and at most `raiseUnits` higher. By the consumer's signature of a `Renomination`, sent by
    /// anyone; with an empty one by the consumer's own transaction.
    function renominate(Renomination calldata renomination, bytes calldata signature) external;
}
