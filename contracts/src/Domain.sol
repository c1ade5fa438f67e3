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

    uint256 private immutable DEPLOYED_ON = block.chainid;
    bytes32 private immutable SEPARATOR;

    /// @param home where the code runs: not where it lies, if it is run by delegatecall
    constructor(address home) {
        SEPARATOR = _separator(home);
    }

    /// @dev A chain that forks off with a new id gets a new domain, so that no message counts on both.
    function _domain() internal view returns (bytes32) {
        return block.chainid == DEPLOYED_ON ? SEPARATOR : _separator(address(this));
    }

    function _separator(address home) private view returns (bytes32) {
        return keccak256(
            abi.encode(TYPEHASH, keccak256(bytes(NAME)), keccak256(bytes(VERSION)), block.chainid, home)
        );
    }
}
