// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

/// @notice The signed messages: their EIP-712 digests and who signed them.
library Messages {
    bytes32 internal constant ENERGY_REPORT = keccak256(
        "EnergyReport(uint64 agreementId,uint40 start,bytes16 terms,uint32 firstInterval,uint64 registerWh,bytes readings)"
    );
    bytes32 internal constant SEALED_REPORT = keccak256(
        "SealedReport(uint64 agreementId,uint40 start,bytes16 schedule,uint32 firstInterval,bytes sealed,bytes deviations)"
    );
    bytes32 internal constant VIEWING_KEY_READY = keccak256("ViewingKeyReady(bytes32 viewingKeyHash)");
    bytes32 internal constant OUTAGE_REPORT =
        keccak256("OutageReport(uint64 agreementId,uint32 number,uint40 startedAt,uint40 endedAt,uint8 cause)");
    bytes32 internal constant DEVICE_ENROLLMENT =
        keccak256("DeviceEnrollment(bytes32 hardwareId,uint32 baseSeconds,uint40 deadline)");
    bytes32 internal constant AGREEMENT_ACCEPTANCE = keccak256(
        "AgreementAcceptance(uint64 agreementId,bytes32 termsHash,bytes32 devicesHash,uint128 bonus,uint40 deadline)"
    );
    bytes32 internal constant DISCOUNT_REDEMPTION =
        keccak256("DiscountRedemption(uint64 agreementId,bytes32 invoice,uint128 amount,uint40 deadline)");

    bytes32 internal constant RENOMINATION = keccak256(
        "Renomination(uint64 agreementId,uint32 place,uint32 firstInterval,uint32 sequence,bytes bands,uint40 deadline)"
    );

    /// The first s that is high: of the two s that sign the same thing only the lower counts (EIP-2), which is at most
    /// half the order of secp256k1.
    uint256 internal constant HIGH_S = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A1;

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
