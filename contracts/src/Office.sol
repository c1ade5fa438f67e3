// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {Domain} from "./Domain.sol";
import {IOffice} from "./IOffice.sol";
import {Messages} from "./Messages.sol";
import {Points} from "./Points.sol";
import {Records} from "./Records.sol";
import {Supply} from "./Supply.sol";
import {TermsCode} from "./TermsCode.sol";

/// @notice What people do with agreements: enrol, propose, accept, settle. What each call means is said in {IOffice}.
/// @dev This is the second half of {Electro}'s code, which runs it by delegatecall: one contract may not have more than
/// 24,576 bytes. Called directly it finds empty storage, in which nobody has a role and no agreement exists.
contract Office is Records, Domain, IOffice {
    using Points for uint256;
    using Supply for Supply.Book;
    using TermsCode for uint256;

    /// So that a settlement, which visits each point, stays far below any limit on a transaction's gas.
    uint256 private constant MAX_POINTS = 64;

    constructor() Domain(msg.sender) {}

    /// @dev The roles are kept by {Electro}'s other half: asked by an ordinary call, so that only it knows their layout.
    modifier onlyOperator() {
        if (!IAccessControl(address(this)).hasRole(OPERATOR, msg.sender)) {
            revert IAccessControl.AccessControlUnauthorizedAccount(msg.sender, OPERATOR);
        }
        _;
    }

    // -- Operator

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
    function propose(address consumer, Terms calldata terms, address[] calldata devices, uint128 bonus)
        external
        onlyOperator
        returns (uint64 id)
    {
        if (consumer == address(0)) revert NoConsumer();
        if (devices.length == 0 || devices.length > MAX_POINTS) revert BadDeviceCount(devices.length);
        for (uint256 i; i < devices.length; ++i) {
            if (_devices[devices[i]] == 0) revert NotEnrolled(devices[i]);
            for (uint256 k; k < i; ++k) {
                if (devices[k] == devices[i]) revert DuplicateDevice(devices[i]);
            }
        }
        id = ++_agreements;
        uint32 index = ++_creations;
        uint256 size = TermsCode.store(terms, devices, index);
        _records[id] = Record({
            consumer: consumer,
            start: terms.start,
            terms: index,
            size: uint8(size),
            points: uint8(devices.length),
            state: State.Proposed,
            bonus: bonus,
            discount: 0
        });
        emit AgreementProposed(id, consumer, bonus, terms, devices);
    }

    // -- Consumer

    /// @inheritdoc IOffice
    function accept(uint64 id, bytes32 termsHash, bytes32 devicesHash, uint128 bonus) external {
        if (msg.sender != _records[id].consumer) revert NotConsumer(msg.sender);
        _accept(id, termsHash, devicesHash, bonus);
    }

    /// @inheritdoc IOffice
    function acceptBySignature(
        uint64 id,
        bytes32 termsHash,
        bytes32 devicesHash,
        uint128 bonus,
        uint40 deadline,
        bytes calldata signature
    ) external {
        if (block.timestamp > deadline) revert Expired(deadline, block.timestamp);
        bytes32 structHash =
            keccak256(abi.encode(Messages.AGREEMENT_ACCEPTANCE, id, termsHash, devicesHash, bonus, deadline));
        bytes32 digest = Messages.typed(_domain(), structHash);
        if (!Messages.isSignedBy(_records[id].consumer, digest, signature)) revert BadSignature();
        _accept(id, termsHash, devicesHash, bonus);
    }

    function _accept(uint64 id, bytes32 termsHash, bytes32 devicesHash, uint128 bonus) private {
        Record storage record = _records[id];
        if (record.state != State.Proposed) revert WrongState(id, record.state);
        if (block.timestamp >= record.start) revert AlreadyStarted(record.start, block.timestamp);
        uint256 terms = TermsCode.load(record.terms);
        address[] memory devices = terms.devices(record.size, record.points);
        bytes32 proposedTerms = keccak256(abi.encode(terms.decode(record.start)));
        bytes32 proposedDevices = keccak256(abi.encodePacked(devices));
        if (termsHash != proposedTerms || devicesHash != proposedDevices || bonus != record.bonus) {
            revert NotWhatWasProposed(proposedTerms, proposedDevices, record.bonus);
        }
        record.state = State.Accepted;
        uint256 fresh = Points.make(record.terms, record.size, record.start, terms.word(0).intervals());
        for (uint256 i; i < devices.length; ++i) {
            _serve(devices[i], id, record.start);
            _points[Points.key(id, devices[i])] = fresh;
        }
        emit AgreementAccepted(id, record.consumer, termsHash, devicesHash);
    }

    /// @dev Put an agreement in front of the three that a device remembers. It must begin after the one before it has
    /// ended, and what it pushes out must be closed for reports.
    function _serve(address device, uint64 id, uint256 start) private {
        uint256 served = _devices[device];
        uint64 last = uint64(served);
        if (last != 0) {
            (uint256 end,) = _closing(_points[Points.key(last, device)]);
            if (start < end) revert DeviceBusy(device, last, end);
        }
        uint64 oldest = uint64(served >> 128);
        if (oldest != 0) {
            (, uint256 reportsUntil) = _closing(_points[Points.key(oldest, device)]);
            if (block.timestamp <= reportsUntil) revert DeviceBusy(device, oldest, reportsUntil);
        }
        _devices[device] = ENROLLED | (uint256(uint128(served)) << 64) | id;
    }

    // -- Anyone

    /// @inheritdoc IOffice
    function settle(uint64 id) external {
        Record storage record = _records[id];
        if (record.state != State.Accepted) revert WrongState(id, record.state);
        uint256 terms = TermsCode.load(record.terms);
        uint256 from = _end(record, terms) + terms.word(0).grace() + uint32(terms.word(2) >> 160) + 1;
        if (block.timestamp < from) revert TooEarly(from, block.timestamp);
        uint256 accrued = _accrued(record, id, terms);
        uint128 remaining = _remaining(record, accrued);
        // Fits: the rate is at most one million millionths.
        uint128 discount = uint128(uint256(remaining) * uint32(terms.word(2) >> 96) / 1_000_000);
        record.state = State.Settled;
        record.discount = discount;
        emit Settled(id, accrued, remaining, discount);
    }

    // -- To be asked

    /// @inheritdoc IOffice
    function agreementCount() external view returns (uint64) {
        return _agreements;
    }

    /// @inheritdoc IOffice
    function agreement(uint64 id) external view returns (Agreement memory view_) {
        (Record storage record, uint256 terms) = _loaded(id);
        uint256 end = _end(record, terms);
        uint256 reportsUntil = end + terms.word(0).grace();
        view_.consumer = record.consumer;
        view_.state = record.state;
        view_.start = record.start;
        view_.end = uint40(end);
        view_.reportsUntil = uint40(reportsUntil);
        view_.settlesAt = uint40(reportsUntil + uint32(terms.word(2) >> 160) + 1);
        view_.bonus = record.bonus;
        view_.accrued = record.state == State.Proposed ? 0 : _accrued(record, id, terms);
        view_.remaining = _remaining(record, view_.accrued);
        view_.discount = record.discount;
        view_.devices = terms.devices(record.size, record.points);
    }

    /// @inheritdoc IOffice
    function termsOf(uint64 id) external view returns (Terms memory) {
        (Record storage record, uint256 terms) = _loaded(id);
        return terms.decode(record.start);
    }

    /// @inheritdoc IOffice
    function hashesOf(uint64 id) external view returns (bytes32 termsHash, bytes32 devicesHash) {
        (Record storage record, uint256 terms) = _loaded(id);
        termsHash = keccak256(abi.encode(terms.decode(record.start)));
        devicesHash = keccak256(abi.encodePacked(terms.devices(record.size, record.points)));
    }

    /// @inheritdoc IOffice
    function point(uint64 id, address device) external view returns (Point memory) {
        uint256 key = Points.key(id, device);
        uint256 found = _points[key];
        if (found == 0) revert UnknownDevice(device, id);
        return Point({
            next: uint32(found.next()),
            end: uint32(found.end()),
            accrued: found.accrued(),
            outageAccrued: _supply.penalties(key),
            uncovered: uint32(_supply.uncovered(key))
        });
    }
}
