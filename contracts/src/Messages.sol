// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {IRecords} from "./IRecords.sol";

/// @notice The signed messages: their EIP-712 digests and who signed them.
library Messages {
    bytes32 internal constant ENERGY_REPORT =
        keccak256("EnergyReport(uint64 agreementId,uint32 firstInterval,uint64 registerWh,bytes readings)");
    bytes32 internal constant OUTAGE_REPORT =
        keccak256("OutageReport(uint64 agreementId,uint40 startedAt,uint40 endedAt,uint8 cause)");
    bytes32 internal constant DEVICE_ENROLLMENT = keccak256("DeviceEnrollment(bytes32 hardwareId,uint40 deadline)");
    bytes32 internal constant AGREEMENT_ACCEPTANCE = keccak256(
        "AgreementAcceptance(uint64 agreementId,bytes32 termsHash,bytes32 devicesHash,uint128 bonus,uint40 deadline)"
    );
    bytes32 internal constant DISCOUNT_REDEMPTION =
        keccak256("DiscountRedemption(uint64 agreementId,bytes32 invoice,uint128 amount,uint40 deadline)");

    /// Two bytes for each slot of the longest schedule.
    uint256 internal constant MAX_READINGS = 1344;
    /// The first s that is high: of the two s that sign the same thing only the lower counts (EIP-2), which is at most
    /// half the order of secp256k1.
    uint256 private constant HIGH_S = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A1;

    // A sheet, on which reports are opened one after the other: what lies where, in bytes from its beginning.
    //
    //     0 0x1901, in the last two bytes | 32 the domain | 64 the struct's hash; then digest, v, r, s
    //     192 who signed | 224 the typehash | 256 agreementId
    //     288 firstInterval | 320 registerWh | 352 0x60, or the hash of the readings | 384 their length | 416 readings
    //
    // From 30 on it is hashed for the digest, from 64 on recovered, from 224 on hashed as the struct, and from 288 on
    // logged as the data of EnergyReported. 0x1901, domain and typehash are those of all reports of a call.
    uint256 internal constant DOMAIN = 32;
    uint256 internal constant SIGNER = 192;
    uint256 private constant TYPEHASH = 224;
    uint256 internal constant AGREEMENT_ID = 256;
    uint256 internal constant DATA = 288;
    uint256 internal constant LENGTH = 384;
    uint256 internal constant READINGS = 416;

    /// @notice A sheet in memory for the reports of a call; the domain is for the caller to put there.
    /// @dev What is behind its first DATA bytes is not allocated, for nobody knows how long it will be: who wants memory
    /// while a report lies there has to move the memory's end first.
    function newSheet() internal pure returns (uint256 sheet) {
        bytes32 typehash = ENERGY_REPORT;
        assembly ("memory-safe") {
            sheet := mload(0x40)
            mstore(0x40, add(sheet, DATA))
            mstore(sheet, 0x1901)
            mstore(add(sheet, TYPEHASH), typehash)
        }
    }

    /// @notice Open the report at calldata position `item`: on the sheet are then who signed it, 0 if nobody, and what.
    /// @return length of the readings, in bytes, as the report has it
    /// @return end the address behind all that is on the sheet
    /// @dev In plain Solidity the struct's hash is `keccak256(abi.encode(ENERGY_REPORT, report.agreementId,
    /// report.firstInterval, report.registerWh, keccak256(report.readings)))`. Here each word is written once and serves
    /// both digest and event: the place of the event's offset holds the hash of the readings while the struct is hashed.
    /// Excess bits of the integers are cut off before anything else, and positions beyond the calldata read as zeros, so
    /// that what is signed is what counts, however oddly it was encoded.
    /// No length makes this dear: of 2048 bytes or more only a part is opened. Who signed is of no use then:
    /// more than MAX_READINGS are never taken. Nothing branches: what is refused costs the same.
    /// A sheet begins where a word does, as all that Solidity allocates: so one rounding pads the readings.
    function openReport(uint256 item, uint256 sheet) internal view returns (uint256 length, uint256 end) {
        assembly ("memory-safe") {
            let readings := add(item, calldataload(add(item, 96)))
            length := calldataload(readings)
            let opened := and(length, 2047)
            end := and(add(add(sheet, add(READINGS, 31)), opened), not(31))
            mstore(sub(end, 32), 0)
            calldatacopy(add(sheet, READINGS), add(readings, 32), opened)

            mstore(add(sheet, AGREEMENT_ID), and(calldataload(item), 0xffffffffffffffff))
            mstore(add(sheet, DATA), and(calldataload(add(item, 32)), 0xffffffff))
            mstore(add(sheet, add(DATA, 32)), and(calldataload(add(item, 64)), 0xffffffffffffffff))
            mstore(add(sheet, add(DATA, 64)), keccak256(add(sheet, READINGS), opened))
            mstore(add(sheet, 64), keccak256(add(sheet, TYPEHASH), 160))
            mstore(add(sheet, add(DATA, 64)), 0x60)
            mstore(add(sheet, LENGTH), opened)

            // 0x1901 | domain | the struct's hash, in 66 bytes
            mstore(add(sheet, 64), keccak256(add(sheet, 30), 66))
            let vs := calldataload(add(item, 160))
            let odd := slt(vs, 0)
            let s := sub(vs, shl(255, odd))
            // with a v of 0 nobody signed
            mstore(add(sheet, 96), mul(lt(s, HIGH_S), add(27, odd)))
            mstore(add(sheet, 128), calldataload(add(item, 128)))
            mstore(add(sheet, 160), s)
            // recovering from nonsense returns nothing, which leaves the 0
            mstore(add(sheet, SIGNER), 0)
            pop(staticcall(gas(), 1, add(sheet, 64), 128, add(sheet, SIGNER), 32))
        }
    }

    function outageSigner(IRecords.SignedOutage calldata outage, bytes32 domain) internal view returns (address) {
        bytes32 structHash = keccak256(
            abi.encode(OUTAGE_REPORT, outage.agreementId, outage.startedAt, outage.endedAt, outage.cause)
        );
        return recover(typed(domain, structHash), outage.r, outage.vs);
    }

    /// @notice EIP-712: the digest of a struct in a domain.
    function typed(bytes32 domain, bytes32 structHash) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(hex"1901", domain, structHash));
    }

    /// @notice Who signed a digest with an EIP-2098 signature; 0 if nobody, or if s is high.
    function recover(bytes32 digest, bytes32 r, bytes32 vs) internal view returns (address signer) {
        assembly ("memory-safe") {
            let s := shr(1, shl(1, vs))
            if lt(s, HIGH_S) {
                let m := mload(0x40)
                mstore(m, digest)
                mstore(add(m, 32), add(27, shr(255, vs)))
                mstore(add(m, 64), r)
                mstore(add(m, 96), s)
                mstore(0, 0)
                // recovering from nonsense returns nothing, which leaves the 0
                pop(staticcall(gas(), 1, m, 128, 0, 32))
                signer := mload(0)
            }
        }
    }

    /// @notice Whether `account` signed: with its own key (65 bytes, or 64 as EIP-2098), or as a contract (ERC-1271).
    /// @dev OpenZeppelin's SignatureChecker needs MCOPY, see Domain. The key comes first, so that an account with
    /// delegated code (EIP-7702) can still sign by itself.
    function isSignedBy(address account, bytes32 digest, bytes calldata signature) internal view returns (bool) {
        address signer;
        if (signature.length == 64) {
            signer = recover(digest, bytes32(signature[:32]), bytes32(signature[32:]));
        } else if (signature.length == 65) {
            uint8 v = uint8(signature[64]);
            uint256 s = uint256(bytes32(signature[32:64]));
            if ((v == 27 || v == 28) && s < HIGH_S) {
                signer = recover(digest, bytes32(signature[:32]), bytes32(s | (uint256(v - 27) << 255)));
            }
        }
        if (signer == account && account != address(0)) return true;
        if (account.code.length == 0) return false;
        (bool success, bytes memory answer) =
            account.staticcall(abi.encodeCall(IERC1271.isValidSignature, (digest, signature)));
        return success && answer.length >= 32 && bytes32(answer) == bytes32(IERC1271.isValidSignature.selector);
    }

    /// @notice Whether the chain recovers secp256k1. A Besu network can be configured for another curve, on which all
    /// meters would be strangers for ever.
    /// @dev keccak256("Electro") signed with the private key 1, made by eth-keys.
    function curveIsSecp256k1() internal view returns (bool) {
        return recover(
            0xab58a2f424d9ecac14a5ce1486bd974ae705f2d58a641eb63385eb6f3c44fe22,
            0x869328eb3d0fe7443b342f76679df904eeba282065a851eeaa92e1fd280e5a90,
            0x1a1f808dbe5afb17c156ec9a5d9288892947e228894d50071126d6682610cb31
        ) == 0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf;
    }
}
