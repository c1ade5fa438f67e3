// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";

/// @notice The EIP-712 domain: name "Electro", version "1", this chain, this contract.
/// @dev OpenZeppelin's EIP712 does not compile for the EVM target paris (its string code uses MCOPY), and asks at each
/// use whether it is behind a proxy, which this contract never is.
abstract contract Domain is IERC5267 {
    bytes32 private constant TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    string private constant NAME = "Electro";
    string private constant VERSION = "1";

    uint256 private immutable DEPLOYED_ON = block.chainid;
    bytes32 private immutable SEPARATOR = _separator();

    /// @dev A chain that forks off with a new id gets a new domain, so that no message counts on both.
    function _domain() internal view returns (bytes32) {
        return block.chainid == DEPLOYED_ON ? SEPARATOR : _separator();
    }

    /// @inheritdoc IERC5267
    function eip712Domain()
        external
        view
        returns (
            bytes1 fields,
            string memory name,
            string memory version,
            uint256 chainId,
            address verifyingContract,
            bytes32 salt,
            uint256[] memory extensions
        )
    {
        return (hex"0f", NAME, VERSION, block.chainid, address(this), 0, new uint256[](0));
    }

    function _separator() private view returns (bytes32) {
        return keccak256(
            abi.encode(TYPEHASH, keccak256(bytes(NAME)), keccak256(bytes(VERSION)), block.chainid, address(this))
        );
    }
}
