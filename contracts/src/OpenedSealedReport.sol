// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Memory} from "./Memory.sol";
import {Messages} from "./Messages.sol";
import {OpenedReport} from "./OpenedReport.sol";

/// @notice A signed sealed report, copied from the calldata as {OpenedReport} copies one that anyone can read, to the same
/// place: what both say, up to the first interval, lies at the same addresses.
/// @dev What lies where, as far as it differs:
///
///     0x160  the typehash                       hashed from here on, 224 bytes: the struct
///     0x1e0  firstInterval                      from here on the data of the event SealedReported
///     0x200  the hash of the sealed readings    then 0x60: where they begin in the event
///     0x220  the hash of the deviations         then where these begin
///     0x240  the length of the sealed readings | 0x260 they, filled up with zeros to a whole word
///            the length of the deviations | they, filled up
library OpenedSealedReport {
    uint256 private constant BEGIN = 0x80;
    uint256 private constant DIGEST = 0xc0;
    uint256 private constant TYPEHASH = 0x160;
    uint256 private constant SEALED_AT = 0x200;
    uint256 private constant DEVIATIONS_AT = 0x220;
    uint256 private constant LENGTH = 0x240;
    uint256 private constant SEALED = 0x260;
    /// Of sealed readings: what is none, 16 bytes before the ciphertext and 8 of the register.
    uint256 private constant AROUND = 24;
    /// As masks: of so many bytes or more only a part is copied.
    uint256 private constant MOST_SEALED = 2047;
    uint256 private constant MOST_DEVIATIONS = 4095;

    /// Behind whatever a report may have.
    uint256 internal constant MOST_END = SEALED + MOST_SEALED + 1 + 32 + MOST_DEVIATIONS + 1;

    /// @notice Memory for the sealed reports of a call, one after the other. What is allocated lies behind each: the caller
    /// moves the end of the memory in use to where that is.
    function prepare(bytes32 domain) internal pure {
        OpenedReport.prepare(domain);
        Memory.store(TYPEHASH, uint256(Messages.SEALED_REPORT));
    }

    /// @notice How many bytes of deviations the calldata has, of which the opened report has the first ones.
    function toldLength(uint256 words) internal pure returns (uint256) {
        // Can't overflow: a memory address.
        unchecked {
            return Memory.load(words - 32);
        }
    }

    /// @notice Copy the report at calldata position `item`, and find who signed it.
    /// @return length of the readings in it, in bytes, as they would lie in a report that anyone can read
    /// @return words where the deviations begin, behind their length as the calldata has it
    /// @return end the address behind all that was copied
    /// @dev As {OpenedReport.open}: excess bits are cut off, positions beyond the calldata read as zeros, nothing branches.
    function open(uint256 item) internal view returns (uint256 length, uint256 words, uint256 end) {
        uint256 highS = Messages.HIGH_S;
        assembly ("memory-safe") {
            let source := add(item, calldataload(add(item, 128)))
            length := calldataload(source)
            let copied := and(length, MOST_SEALED)
            words := and(add(copied, add(SEALED, 63)), not(31))
            mstore(sub(words, 64), 0)
            calldatacopy(SEALED, add(source, 32), copied)
            mstore(LENGTH, copied)
            mstore(SEALED_AT, keccak256(SEALED, copied))
            length := mul(gt(length, AROUND), sub(length, AROUND))

            source := add(item, calldataload(add(item, 160)))
            let told := calldataload(source)
            copied := and(told, MOST_DEVIATIONS)
            end := and(add(copied, add(words, 31)), not(31))
            mstore(sub(end, 32), 0)
            calldatacopy(words, add(source, 32), copied)
            mstore(sub(words, 32), told)
            mstore(DEVIATIONS_AT, keccak256(words, copied))

            mstore(add(TYPEHASH, 32), shr(192, shl(192, calldataload(item))))
            mstore(add(TYPEHASH, 64), and(calldataload(add(item, 32)), 0xffffffffff))
            mstore(add(TYPEHASH, 96), calldataload(add(item, 64)))
            mstore(add(TYPEHASH, 112), 0)
            mstore(add(TYPEHASH, 128), and(calldataload(add(item, 96)), 0xffffffff))
            mstore(DIGEST, keccak256(TYPEHASH, 224))
            mstore(SEALED_AT, 0x60)
            mstore(DEVIATIONS_AT, sub(sub(words, 32), add(TYPEHASH, 128)))

            mstore(DIGEST, keccak256(add(BEGIN, 30), 66))
            let vs := calldataload(add(item, 224))
            let odd := slt(vs, 0)
            let s := sub(vs, shl(255, odd))
            // with a v of 0 nobody signed
            mstore(add(DIGEST, 32), mul(lt(s, highS), add(27, odd)))
            mstore(add(DIGEST, 64), calldataload(add(item, 192)))
            mstore(add(DIGEST, 96), s)
            // recovering from nonsense returns nothing, which leaves the 0
            mstore(add(DIGEST, 128), 0)
            pop(staticcall(gas(), 1, DIGEST, 128, add(DIGEST, 128), 32))
        }
    }
}
