// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {
    AccessControlDefaultAdminRules
} from "@openzeppelin/contracts/access/extensions/AccessControlDefaultAdminRules.sol";
import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {Domain} from "./Domain.sol";
import {Forecasts} from "./Forecasts.sol";
import {IMeters} from "./IMeters.sol";
import {Messages} from "./Messages.sol";
import {Office} from "./Office.sol";
import {Outages} from "./Outages.sol";
import {Points} from "./Points.sol";
import {TermsCode} from "./TermsCode.sol";

/// @title Electro
/// @notice The whole agreement contract at one address: it takes the meters' messages, keeps the roles, and hands what
/// people do to its {Office}. What each call means is said in {IElectro}.
/// @dev The office is made here and fixed for ever: it only makes room, and is no way to change anything later. The
/// meters' messages, which are nearly all calls, never pass through it, and pay nothing for it.
contract Electro is Forecasts, Outages, AccessControlDefaultAdminRules, IERC5267 {
    using Points for uint256;
    using TermsCode for uint256;

    bytes32 public constant OPERATOR_ROLE = OPERATOR;
    address public immutable OFFICE;

    constructor(address admin, uint48 adminDelay, address operator)
        Domain(address(this))
        AccessControlDefaultAdminRules(adminDelay, admin)
    {
        if (!Messages.curveIsSecp256k1()) revert WrongCurve();
        _grantRole(OPERATOR_ROLE, operator);
        OFFICE = address(new Office());
        _creations = 1;
    }

    /// @dev Everything in IOffice. Without `payable`, so that money sent here by mistake goes back.
    fallback() external {
        address office = OFFICE;
        assembly ("memory-safe") {
            let m := mload(0x40)
            calldatacopy(m, 0, calldatasize())
            let good := delegatecall(gas(), office, m, calldatasize(), 0, 0)
            returndatacopy(m, 0, returndatasize())
            if iszero(good) { revert(m, returndatasize()) }
            return(m, returndatasize())
        }
    }

    // -- To be asked

    /// @inheritdoc IMeters
    function isEnrolled(address device) external view returns (bool) {
        return _devices[device] != 0;
    }

    /// @inheritdoc IMeters
    function meterState(address device, uint16 slotsAhead) external view returns (MeterState[] memory states) {
        uint256 served = _devices[device];
        if (served == 0) revert NotEnrolled(device);
        uint256 count = uint64(served) == 0 ? 0 : uint64(served >> 64) == 0 ? 1 : uint64(served >> 128) == 0 ? 2 : 3;
        states = new MeterState[](count);
        for (uint256 i; i < count; ++i) {
            states[count - 1 - i] = _meterState(uint64(served >> (64 * i)), device, slotsAhead);
        }
    }

    function _meterState(uint64 id, address device, uint256 slotsAhead) private view returns (MeterState memory state) {
        (Record storage record, uint256 terms) = _loaded(id);
        uint256 point_ = _points[Points.key(id, device)];
        uint256 head = terms.word(0);
        state.agreementId = id;
        state.state = uint8(record.state);
        state.start = record.start;
        state.intervalSeconds = uint32(head.intervalSeconds());
        state.intervals = uint32(point_.end());
        state.slots = uint16(head.slots());
        state.unitWh = uint32(head.unitWh());
        state.nextInterval = uint32(point_.next());
        state.remainingBonus = _remaining(record, id, _accrued(record, id, terms));
        uint256 running;
        if (block.timestamp > record.start) running = (block.timestamp - record.start) / head.intervalSeconds();
        if (running > point_.end()) running = point_.end();
        state.boundsFrom = uint32(running);
        uint256 count = point_.end() - running;
        if (count > slotsAhead) count = slotsAhead;
        state.bounds = _bounds(terms + TermsCode.HEADER, head.slots(), running, count);
    }

    /// @dev The bounds of `count` intervals from `from` on: the schedule turned and repeated.
    function _bounds(uint256 bands, uint256 slots, uint256 from, uint256 count)
        private
        pure
        returns (bytes memory bounds)
    {
        bounds = new bytes(4 * count);
        for (uint256 i; i < count; ++i) {
            uint256 least = bands + 2 * ((from + i) % slots);
            assembly ("memory-safe") {
                let to := add(add(bounds, 32), shl(1, i))
                let value := mload(least)
                mstore8(to, byte(0, value))
                mstore8(add(to, 1), byte(1, value))
                to := add(to, shl(1, count))
                value := mload(add(least, shl(1, slots)))
                mstore8(to, byte(0, value))
                mstore8(add(to, 1), byte(1, value))
            }
        }
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
}
