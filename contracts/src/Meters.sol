// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Interruptions} from "./Interruptions.sol";
import {IParties} from "./IParties.sol";
import {Messages} from "./Messages.sol";
import {Overrides} from "./Overrides.sol";
import {Points} from "./Points.sol";
import {Roles} from "./Roles.sol";
import {TermsCode} from "./TermsCode.sol";

/// @notice Meters as people handle them: enrolled, put to an agreement, replaced, revoked, at fault.
abstract contract Meters is Roles, IParties {
    using Interruptions for uint256;
    using Overrides for Overrides.Place;
    using Points for uint256;
    using TermsCode for uint256;

    /// So that a settlement, which visits each point, stays far below any limit on a transaction's gas.
    uint256 internal constant MAX_POINTS = 64;
    uint256 private constant BASE_SECONDS = 192;

    /// @inheritdoc IParties
    function enrol(bytes32 hardwareId, uint32 baseSeconds, uint40 deadline, bytes32 r, bytes32 vs)
        external
        onlyOperator
        returns (address device)
    {
        if (block.timestamp > deadline) revert Expired(deadline, block.timestamp);
        if (baseSeconds == 0) revert BadAmount(type(uint32).max, 0);
        bytes32 structHash = keccak256(abi.encode(Messages.DEVICE_ENROLLMENT, hardwareId, baseSeconds, deadline));
        device = Messages.recover(Messages.typed(_domain(), structHash), r, vs);
        if (device == address(0)) revert BadSignature();
        if (_devices[device] != 0) revert AlreadyEnrolled(device);
        _devices[device] = ENROLLED | (uint256(baseSeconds) << BASE_SECONDS);
        emit DeviceEnrolled(device, hardwareId, baseSeconds);
    }

    /// @inheritdoc IParties
    function revoke(address device) external onlyOperator {
        uint256 served = _devices[device];
        if (served == 0) revert NotEnrolled(device);
        if (served & REVOKED != 0) revert RevokedDevice(device);
        _devices[device] = served | REVOKED;
        for (uint256 i; i < 3; ++i) {
            uint256 key = Points.key(uint64(served >> (64 * i)), device);
            uint256 point_ = _points[key];
            if (point_ == 0) continue;
            uint256 length = _terms(point_).intervalSeconds();
            _points[key] = point_.endAt(_begun(point_.start(), length, block.timestamp));
        }
        emit DeviceRevoked(device, uint40(block.timestamp));
    }

    /// @inheritdoc IParties
    function noteViewingKey(bytes32 viewingKeyHash, bytes32 r, bytes32 vs) external returns (address device) {
        bytes32 structHash = keccak256(abi.encode(Messages.VIEWING_KEY_READY, viewingKeyHash));
        device = Messages.recover(Messages.typed(_domain(), structHash), r, vs);
        if (device == address(0)) revert BadSignature();
        if (_devices[device] == 0) revert NotEnrolled(device);
        _viewingKeys[device][viewingKeyHash] = true;
        emit ViewingKeyHeld(device, viewingKeyHash);
    }

    /// @inheritdoc IParties
    function fault(uint64 id, uint32 place) external {
        (Record storage record, uint256 terms) = _running(id);
        _mustBeConsumer(id, terms);
        if (place >= terms.points()) revert NoSuchPlace(id, place);
        if (block.timestamp < record.start) revert TooEarly(record.start, block.timestamp);
        uint256 until = _reportsUntil(record.start, terms);
        if (block.timestamp > until) revert TooLate(until, block.timestamp);
        address device = _meterAt(id, terms, place);
        uint256 key = Points.key(id, device);
        uint256 point_ = _points[key];
        if (point_.has(Points.FAULTED)) revert AlreadyFaulted(id, place);
        uint256 length = terms.intervalSeconds();
        uint256 begun = _begun(record.start, length, block.timestamp);
        uint256 end = point_.end();
        // Whoever ended the point before bears what comes after.
        bool decides = begun < end;
        uint256 since = block.timestamp - record.start;
        uint256 lookback = terms.faultLookback();
        Fault memory fault_;
        fault_.lookFrom = since > lookback ? uint32((since - lookback + length - 1) / length) : 0;
        // The running interval is never neutral.
        fault_.lookTo = uint32(begun - 1 < end ? begun - 1 : end);
        if (decides) (fault_.gapFrom, fault_.gapTo) = (uint32(begun), type(uint32).max);
        _faults[key] = fault_;
        point_ = point_.endAt(begun).flagged(Points.FAULTED);
        _points[key] = point_;
        emit FaultDeclared(id, place, device, uint32(point_.end()), fault_.lookFrom, fault_.lookTo, decides);
    }

    /// @inheritdoc IParties
    function proposeRotation(uint64 id, address from, address to) external onlyOperator {
        (Record storage record, uint256 terms) = _running(id);
        uint256 key = Points.key(id, from);
        if (_points[key] == 0 || _points[key].has(Points.REPLACED)) revert UnknownDevice(from, id);
        if (_points[Points.key(id, to)] != 0) revert DuplicateDevice(to);
        _mustFit(to, record.start, terms.intervalSeconds());
        _rotations[key] = to;
        emit RotationProposed(id, from, to);
    }

    /// @inheritdoc IParties
    function acceptRotation(uint64 id, address from, address to) external {
        (Record storage record, uint256 terms) = _running(id);
        _mustBeConsumer(id, terms);
        uint256 key = Points.key(id, from);
        uint256 old = _points[key];
        if (to == address(0) || old.has(Points.REPLACED) || _rotations[key] != to) revert NoSuchRotation(id, from, to);
        // It may have come by another rotation since.
        if (_points[Points.key(id, to)] != 0) revert DuplicateDevice(to);
        uint256 length = terms.intervalSeconds();
        uint256 first = _begun(record.start, length, block.timestamp);
        uint256 end = _intervals(id, terms);
        if (first >= end) revert OutsideTerm(end, first);
        uint256 count = terms.points() + _joined[id].length;
        if (count >= MAX_POINTS) revert BadDeviceCount(count + 1);
        _points[key] = old.endAt(first).flagged(Points.REPLACED);
        if (first == 0) _release(from, id);
        // Neutral only until here.
        if (_faults[key].gapTo != 0) _faults[key].gapTo = uint32(first);
        _mustHoldKey(to, terms);
        _serve(to, id, record.start + first * length);
        uint256 place = old.place();
        uint256 fresh = _freshPoint(record, terms, end).atPlace(place).advance(first);
        Overrides.Place storage overrides = _places[Overrides.key(id, place)];
        if (!terms.isSealed()) fresh = fresh.stopAt(overrides.stop(first, end, terms.slots()));
        else if (overrides.sequence != 0) fresh = fresh.flagged(Points.OVERRIDDEN);
        uint256 joined = Points.key(id, to);
        _points[joined] = fresh;
        if (first != 0) _interruptions.records[joined] = Interruptions.from(first);
        _joined[id].push(Joined(to, uint8(place)));
        emit DeviceRotated(id, from, to, uint32(place), uint32(first));
    }

    /// @dev A point at which nothing has been reported.
    function _freshPoint(Record storage record, uint256 terms, uint256 end) internal view returns (uint256 fresh) {
        fresh = Points.make(record.terms, terms.words(), record.start, end);
        if (terms.isSealed()) fresh = fresh.stopAt(0);
    }

    /// @dev Where readings are sealed, a meter without the key could report nothing.
    function _mustHoldKey(address device, uint256 terms) internal view {
        bytes32 viewingKeyHash = terms.viewingKeyHash();
        if (viewingKeyHash != 0 && !_viewingKeys[device][viewingKeyHash]) revert NoViewingKey(device, viewingKeyHash);
    }

    /// @dev Whether a meter can be put to an agreement: enrolled, not revoked, and measuring in intervals of which those
    /// of the agreement are made.
    function _mustFit(address device, uint256 start, uint256 length) internal view {
        uint256 served = _devices[device];
        if (served == 0) revert NotEnrolled(device);
        if (served & REVOKED != 0) revert RevokedDevice(device);
        uint256 base = uint32(served >> BASE_SECONDS);
        if (start % base != 0 || length % base != 0) revert BaseMismatch(device, base);
    }

    /// @dev Put an agreement in front of the three that a device remembers. It must begin after the one before it has
    /// ended, and what it pushes out must be closed for reports.
    function _serve(address device, uint64 id, uint256 start) internal {
        uint256 served = _devices[device];
        if (served & REVOKED != 0) revert RevokedDevice(device);
        uint64 last = uint64(served);
        if (last != 0) {
            uint256 point_ = _points[Points.key(last, device)];
            uint256 end = point_.start() + point_.end() * _terms(point_).intervalSeconds();
            if (start < end) revert DeviceBusy(device, last, end);
        }
        uint64 oldest = uint64(served >> 128);
        if (oldest != 0) {
            uint256 point_ = _points[Points.key(oldest, device)];
            uint256 until = _reportsUntil(point_.start(), _terms(point_));
            if (block.timestamp <= until) revert DeviceBusy(device, oldest, until);
        }
        _devices[device] = _kept(served) | (uint256(uint128(served)) << 64) | id;
    }

    /// @dev Take an agreement that never began from those that a device remembers.
    function _release(address device, uint64 id) internal {
        uint256 served = _devices[device];
        uint256 kept = _kept(served);
        uint256 place;
        for (uint256 i; i < 3; ++i) {
            uint64 each = uint64(served >> (64 * i));
            if (each == id) continue;
            kept |= uint256(each) << place;
            place += 64;
        }
        _devices[device] = kept;
    }

    /// @dev What is on record of a device beside its agreements.
    function _kept(uint256 served) private pure returns (uint256) {
        return (served >> BASE_SECONDS) << BASE_SECONDS;
    }
}
