// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Desk} from "./Desk.sol";
import {IOffice} from "./IOffice.sol";
import {Messages} from "./Messages.sol";
import {Points} from "./Points.sol";
import {TermsCode} from "./TermsCode.sol";

/// @notice Meters as people handle them: enrolled, put to an agreement, replaced, revoked.
abstract contract Meters is Desk {
    using Points for uint256;
    using TermsCode for uint256;

    /// So that a settlement, which visits each point, stays far below any limit on a transaction's gas.
    uint256 internal constant MAX_POINTS = 64;

    /// @inheritdoc IOffice
    function enrol(bytes32 hardwareId, uint40 deadline, bytes32 r, bytes32 vs)
        external
        onlyOperator
        returns (address device)
    {
        if (block.timestamp > deadline) revert Expired(deadline, block.timestamp);
        bytes32 structHash = keccak256(abi.encode(Messages.DEVICE_ENROLLMENT, hardwareId, deadline));
        device = Messages.recover(Messages.typed(_domain(), structHash), r, vs);
        if (device == address(0)) revert BadSignature();
        if (_devices[device] != 0) revert AlreadyEnrolled(device);
        _devices[device] = ENROLLED;
        emit DeviceEnrolled(device, hardwareId);
    }

    /// @inheritdoc IOffice
    function revoke(address device) external onlyOperator {
        uint256 served = _devices[device];
        if (served == 0) revert NotEnrolled(device);
        if (served & REVOKED != 0) revert RevokedDevice(device);
        _devices[device] = served | REVOKED;
        for (uint256 i; i < 3; ++i) {
            uint256 key = Points.key(uint64(served >> (64 * i)), device);
            uint256 found = _points[key];
            if (found == 0) continue;
            uint256 length = _terms(found).word(0).intervalSeconds();
            _points[key] = found.endAt(_begun(found.start(), length, block.timestamp));
        }
        emit DeviceRevoked(device, uint40(block.timestamp));
    }

    /// @inheritdoc IOffice
    function proposeRotation(uint64 id, address from, address to) external onlyOperator {
        _running(id);
        uint256 key = Points.key(id, from);
        if (_points[key] == 0 || _rotations[key] == from) revert UnknownDevice(from, id);
        if (_points[Points.key(id, to)] != 0) revert DuplicateDevice(to);
        if (_devices[to] == 0) revert NotEnrolled(to);
        _rotations[key] = to;
        emit RotationProposed(id, from, to);
    }

    /// @inheritdoc IOffice
    function acceptRotation(uint64 id, address from, address to) external {
        Record storage record = _running(id);
        uint256 terms = TermsCode.load(record.terms);
        if (msg.sender != terms.consumer()) revert NotConsumer(msg.sender);
        uint256 key = Points.key(id, from);
        if (to == address(0) || to == from || _rotations[key] != to) revert NoSuchRotation(id, from, to);
        // It may have come by another rotation since.
        if (_points[Points.key(id, to)] != 0) revert DuplicateDevice(to);
        if (block.timestamp < record.start) revert TooEarly(record.start, block.timestamp);
        uint256 length = terms.word(0).intervalSeconds();
        uint256 first = _begun(record.start, length, block.timestamp);
        uint256 end = _intervals(id, terms);
        if (first >= end) revert OutsideTerm(end, first);
        uint256 count = terms.word(0).points() + _joined[id].length;
        if (count >= MAX_POINTS) revert BadDeviceCount(count + 1);
        _rotations[key] = from;
        _points[key] = _points[key].endAt(first);
        _serve(to, id, record.start + first * length);
        _points[Points.key(id, to)] = Points.make(record.terms, terms.word(0).words(), record.start, end).advance(first);
        _joined[id].push(to);
        emit DeviceRotated(id, from, to, uint32(first));
    }

    /// @dev Put an agreement in front of the three that a device remembers. It must begin after the one before it has
    /// ended, and what it pushes out must be closed for reports.
    function _serve(address device, uint64 id, uint256 start) internal {
        uint256 served = _devices[device];
        if (served & REVOKED != 0) revert RevokedDevice(device);
        uint64 last = uint64(served);
        if (last != 0) {
            (uint256 end,) = _closing(_points[Points.key(last, device)], last);
            if (start < end) revert DeviceBusy(device, last, end);
        }
        uint64 oldest = uint64(served >> 128);
        if (oldest != 0) {
            (, uint256 reportsUntil) = _closing(_points[Points.key(oldest, device)], oldest);
            if (block.timestamp <= reportsUntil) revert DeviceBusy(device, oldest, reportsUntil);
        }
        _devices[device] = ENROLLED | (uint256(uint128(served)) << 64) | id;
    }

    /// @dev Take an agreement that never began from those that a device remembers.
    function _release(address device, uint64 id) internal {
        uint256 served = _devices[device];
        uint256 kept = served & (ENROLLED | REVOKED);
        uint256 place;
        for (uint256 i; i < 3; ++i) {
            uint64 each = uint64(served >> (64 * i));
            if (each == id) continue;
            kept |= uint256(each) << place;
            place += 64;
        }
        _devices[device] = kept;
    }
}
