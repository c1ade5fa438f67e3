// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice The EIP-712 domain: name "Electro", version "1", this chain, this contract.
/// @dev OpenZeppelin's EIP712 does not compile for the EVM target paris (its string code uses MCOPY), and asks at each
/// use whether it is behind a proxy, which this contract never is.
abstract contract Domain {
    bytes32 private constant TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    string internal constant NAME = "Electro";
    string internal constant VERSION = "1";
    bytes32 private constant NAME_HASH = keccak256("Electro");
    bytes32 private constant VERSION_HASH = keccak256("1");

    /// @dev Worked out anew, for the parts of the code have no values of their own: {Electro} keeps it for the reports.
    function _domain() internal view virtual returns (bytes32) {
        return _separator();
    }

    function _separator() internal view returns (bytes32) {
        return keccak256(abi.encode(TYPEHASH, NAME_HASH, VERSION_HASH, block.chainid, address(this)));
    }
}
