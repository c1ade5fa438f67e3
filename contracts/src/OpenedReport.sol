// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Memory} from "./Memory.sol";
import {Messages} from "./Messages.sol";

/// @notice A signed report, copied from the calldata to one stretch of memory from which its digest, its signer and its
/// event are made without a further copy.
/// @dev The stretch is the first memory of a call, which begins at 0x80, as `electro_contracts.build` makes sure: an address
/// that is known beforehand costs a third of one that is worked out, and a report has forty. So {prepare} comes before
/// anything else in a call; if something lay there, reports would be signed by nobody.
///
/// What lies where:
///
///     0x080  0x1901, in the last two bytes      hashed from 0x09e on, 66 bytes: the digest
///     0x0a0  the domain's separator
///     0x0c0  the struct's hash                  then the digest, and from here on the four words for ecrecover:
///     0x0e0    v | 0x100 r | 0x120 s            digest, v, r, s
///     0x140  who signed, 0 if nobody
///     0x160  the typehash                       hashed from here on, 224 bytes: the struct
///     0x180  agreementId | 0x1a0 start | 0x1c0 terms
///     0x1e0  firstInterval                      from here on the data of the event EnergyReported
///     0x200  registerWh
///     0x220  the hash of the readings           then 0x60: where the event's readings begin
///     0x240  the length of the readings | 0x260 the readings, filled up with zeros to a whole word
///
/// 0x1901, domain and typehash are written once for all reports of a call.
library OpenedReport {
    uint256 private constant BEGIN = 0x80;
    uint256 private constant DOMAIN = 0xa0;
    uint256 private constant DIGEST = 0xc0;
    uint256 internal constant SIGNER = 0x140;
    uint256 private constant TYPEHASH = 0x160;
    uint256 internal constant AGREEMENT_ID = 0x180;
    uint256 internal constant START = 0x1a0;
    uint256 internal constant TERMS = 0x1c0;
    uint256 internal constant FIRST = 0x1e0;
    uint256 private constant REGISTER_WH = 0x200;
    uint256 private constant READINGS_AT = 0x220;
    uint256 private constant LENGTH = 0x240;
    uint256 internal constant READINGS = 0x260;

    /// Two bytes for each slot of the longest schedule.
    uint256 internal constant MAX_READINGS = 1344;
    /// As a mask: of so many bytes of readings or more only a part is copied.
    uint256 private constant MOST_COPIED = 2047;

    /// @notice Memory for the reports of a call, one after the other. What is allocated later lies behind it.
    function prepare(bytes32 domain) internal pure {
        Memory.setEnd(READINGS + MOST_COPIED + 1);
        Memory.store(BEGIN, 0x1901);
        Memory.store(DOMAIN, uint256(domain));
        Memory.store(TYPEHASH, uint256(Messages.ENERGY_REPORT));
    }

    /// @notice Copy the report at calldata position `item`, and find who signed it.
    /// @return length of the readings, in bytes, as the calldata has it
    /// @return end the address behind all that was copied
    /// @dev In plain Solidity the struct's hash is `keccak256(abi.encode(ENERGY_REPORT, report.agreementId, report.start,
    /// report.terms, report.firstInterval, report.registerWh, keccak256(report.readings)))`, and the signer is
    /// `Messages.recover(Messages.typed(domain, hash), report.r, report.vs)`: tests with wallets' signatures hold it to that.
    ///
    /// 1. The numbers are hashed as they are in the calldata. What has bits that its type has not no meter has signed, and
    ///    it is never taken: see {excess}. Positions beyond the calldata read as zeros.
    /// 2. No length makes this dear: of 2048 bytes or more only a part is copied. Who signed is of no use then, for more
    ///    than MAX_READINGS are never taken.
    /// 3. Nothing branches: what is refused costs the same.
    function open(uint256 item) internal view returns (uint256 length, uint256 end) {
        uint256 highS = Messages.HIGH_S;
        assembly ("memory-safe") {
            let readings := add(item, calldataload(add(item, 160)))
            length := calldataload(readings)
            let copied := and(length, MOST_COPIED)
            end := and(add(copied, add(READINGS, 31)), not(31))
            mstore(sub(end, 32), 0)
            calldatacopy(LENGTH, readings, add(copied, 32))

            calldatacopy(AGREEMENT_ID, item, 160)
            mstore(READINGS_AT, keccak256(READINGS, copied))
            mstore(DIGEST, keccak256(TYPEHASH, 224))
            mstore(READINGS_AT, 0x60)

            mstore(DIGEST, keccak256(add(BEGIN, 30), 66))
            let vs := calldataload(add(item, 224))
            let odd := slt(vs, 0)
            let s := sub(vs, shl(255, odd))
            // with a v of 0 nobody signed
            mstore(add(DIGEST, 32), mul(lt(s, highS), add(27, odd)))
            mstore(add(DIGEST, 64), calldataload(add(item, 192)))
            mstore(add(DIGEST, 96), s)
            // recovering from nonsense returns nothing, which leaves the 0
            mstore(SIGNER, 0)
            pop(staticcall(gas(), 1, DIGEST, 128, SIGNER, 32))
        }
    }

    /// @notice Bits that an agreement's number and a register have not: of a good report 0. The start, the terms and the
    /// first interval, which are compared with what they must be, need no such look.
    function excess() internal pure returns (uint256) {
        return (Memory.load(AGREEMENT_ID) | Memory.load(REGISTER_WH)) >> 64;
    }

    /// @notice The agreement, of which the report speaks.
    function agreementId() internal pure returns (uint256) {
        return Memory.load(AGREEMENT_ID);
    }

    /// @notice Who signed, 0 if nobody.
    function signer() internal pure returns (uint256) {
        return Memory.load(SIGNER);
    }
}
