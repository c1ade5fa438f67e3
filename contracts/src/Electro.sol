// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {
    AccessControlDefaultAdminRules
} from "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";
import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {Checks} from "./Checks.sol";
import {Domain} from "./Domain.sol";
import {Messages} from "./Messages.sol";
import {MeterStates} from "./MeterStates.sol";
import {Outages} from "./Outages.sol";
import {Parties} from "./Parties.sol";
import {Settlement} from "./Settlement.sol";
import {TermsStore} from "./TermsStore.sol";

/// @title Electro
/// @notice The whole agreement contract at one address: it takes the meters' messages, settles, and keeps the roles.
/// How the parties agree and change what they agreed is in the other half of its code, {Parties}. What each call means is said in {IElectro}.
/// @dev The other half is made here and fixed for ever: it only makes room, and is no way to change anything later. The
/// meters' messages, which are nearly all calls, never pass through it, and pay nothing for it.
contract Electro is Checks, Outages, MeterStates, Settlement, AccessControlDefaultAdminRules, IERC5267 {
    bytes32 public constant OPERATOR_ROLE = OPERATOR;
    address public immutable PARTIES;

    constructor(
        address admin,
        uint48 adminDelay,
        address operator,
        uint32 leastGrace,
        uint32 leastDisputeWindow,
        uint32 leastDiscountExpiry
    ) Domain(address(this)) AccessControlDefaultAdminRules(adminDelay, admin) {
        if (!Messages.curveIsSecp256k1()) revert WrongCurve();
        _grantRole(OPERATOR_ROLE, operator);
        PARTIES = address(new Parties(TermsStore.Least(leastGrace, leastDisputeWindow, leastDiscountExpiry)));
        _creations = 1;
    }

    /// @dev Everything in IParties. Without `payable`, so that money sent here by mistake goes back.
    fallback() external {
        address parties = PARTIES;
        assembly ("memory-safe") {
            let m := mload(0x40)
            calldatacopy(m, 0, calldatasize())
            let good := delegatecall(gas(), parties, m, calldatasize(), 0, 0)
            returndatacopy(m, 0, returndatasize())
            if iszero(good) { revert(m, returndatasize()) }
            return(m, returndatasize())
        }
    }

    // -- To be asked

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
}
