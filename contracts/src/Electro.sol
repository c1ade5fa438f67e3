// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {
    AccessControlDefaultAdminRules
} from "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";
import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {Checks} from "./Checks.sol";
import {Domain} from "./Domain.sol";
import {IParties} from "./IParties.sol";
import {Messages} from "./Messages.sol";
import {Outages} from "./Outages.sol";
import {Parts} from "./Parts.sol";
import {SealedReports} from "./SealedReports.sol";

/// @title Electro
/// @notice The whole agreement contract at one address: it takes the meters' messages, and keeps the roles and everything
/// on record. How the parties agree is in another part of its code, {Parties}; which bands hold, what agreements come to,
/// and what is asked, in a third, {Results}. What each call means is said in {IElectro}.
/// @dev The other parts only make room, and are no way to change anything later: which code they have is fixed by its hash
/// ({Parts}) when this is compiled, and at which address when this is deployed. It can't go away either: no part has a
/// SELFDESTRUCT. Who deployed them, and where, is of no account. The meters' messages, which are nearly all calls, never
/// pass through them, and pay nothing for them.
contract Electro is Checks, SealedReports, Outages, AccessControlDefaultAdminRules, IERC5267 {
    bytes32 public constant OPERATOR_ROLE = OPERATOR;
    address public immutable PARTIES;
    address public immutable RESULTS;
    uint256 private immutable DEPLOYED_ON = block.chainid;
    bytes32 private immutable SEPARATOR = _separator();

    constructor(
        address admin,
        uint48 adminDelay,
        address operator,
        uint32 leastGrace,
        uint32 leastDisputeWindow,
        uint32 leastDiscountExpiry,
        address parties,
        address results
    ) AccessControlDefaultAdminRules(adminDelay, admin) {
        if (!Messages.curveIsSecp256k1()) revert WrongCurve();
        if (parties.codehash != Parts.PARTIES) revert WrongPart(parties);
        if (results.codehash != Parts.RESULTS) revert WrongPart(results);
        (PARTIES, RESULTS) = (parties, results);
        _grantRole(OPERATOR_ROLE, operator);
        _leastGrace = leastGrace;
        _leastDisputeWindow = leastDisputeWindow;
        _leastDiscountExpiry = leastDiscountExpiry;
    }

    /// @dev Everything in ISealed and IParties; or in IBands, ISettlement and IAnswers. Without `payable`, so that money sent here by
    /// mistake goes back.
    fallback() external {
        if (_answersSealed()) return;
        address part = _isOfParties(msg.sig) ? PARTIES : RESULTS;
        assembly ("memory-safe") {
            let m := mload(0x40)
            calldatacopy(m, 0, calldatasize())
            let good := delegatecall(gas(), part, m, calldatasize(), 0, 0)
            returndatacopy(m, 0, returndatasize())
            if iszero(good) { revert(m, returndatasize()) }
            return(m, returndatasize())
        }
    }

    /// @dev Whether a call is one of IParties; those of which there are most come first.
    function _isOfParties(bytes4 call) private pure returns (bool) {
        return call == IParties.propose.selector || call == IParties.acceptBySignature.selector
            || call == IParties.renew.selector || call == IParties.enrol.selector || call == IParties.accept.selector
            || call == IParties.grant.selector || call == IParties.cancel.selector
            || call == IParties.terminate.selector || call == IParties.revoke.selector
            || call == IParties.fault.selector || call == IParties.noteViewingKey.selector || call == IParties.proposeRotation.selector
            || call == IParties.acceptRotation.selector || call == IParties.offerSuccession.selector
            || call == IParties.acceptSuccession.selector || call == IParties.pauseProposals.selector;
    }

    /// @dev A chain that forks off with a new id gets a new domain, so that no message counts on both.
    function _domain() internal view override returns (bytes32) {
        return block.chainid == DEPLOYED_ON ? SEPARATOR : _separator();
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
