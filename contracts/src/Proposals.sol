// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Escrow} from "./Escrow.sol";
import {IParties} from "./IParties.sol";
import {Messages} from "./Messages.sol";
import {Meters} from "./Meters.sol";
import {Points} from "./Points.sol";
import {TermsAbi} from "./TermsAbi.sol";
import {TermsCode} from "./TermsCode.sol";
import {TermsStore} from "./TermsStore.sol";

/// @notice How an agreement comes about, or does not: proposed, renewed, accepted, cancelled.
abstract contract Proposals is Escrow, Meters {
    using Points for uint256;
    using TermsAbi for uint256;
    using TermsCode for uint256;

    /// @inheritdoc IParties
    function pauseProposals(bool paused) external onlyOperator {
        _paused = paused;
        emit ProposalsPause(paused);
    }

    /// @inheritdoc IParties
    function propose(address consumer, Terms memory terms, address[] calldata devices, uint128 bonus)
        external
        onlyOperator
        returns (uint64 id)
    {
        if (_paused) revert ProposalsPaused();
        if (consumer == address(0)) revert NoConsumer();
        if (devices.length == 0 || devices.length > MAX_POINTS) revert BadDeviceCount(devices.length);
        for (uint256 i; i < devices.length; ++i) {
            _mustFit(devices[i], terms.start, terms.intervalSeconds);
            for (uint256 k; k < i; ++k) {
                if (devices[k] == devices[i]) revert DuplicateDevice(devices[i]);
            }
        }
        id = ++_agreements;
        uint32 index = ++_creations;
        TermsStore.store(
            terms, consumer, devices, index, TermsStore.Least(_leastGrace, _leastDisputeWindow, _leastDiscountExpiry)
        );
        _open(id, terms.start, index, bonus);
        emit AgreementProposed(id, consumer, bonus, terms, devices);
    }

    /// @inheritdoc IParties
    function renew(uint64 id, uint40 start, uint128 bonus, uint40 deadline, bytes calldata signature)
        external
        onlyOperator
        returns (uint64 renewed)
    {
        if (_paused) revert ProposalsPaused();
        Record memory record = _records[id];
        bool accepted = record.state == State.Accepted || record.state == State.Terminated || record.state == State.Settled;
        if (!accepted || _joined[id].length != 0) revert NotRenewable(id);
        uint256 terms = TermsCode.load(record.terms);
        TermsStore.validateStart(start, _reportsUntil(start, terms) + terms.disputeWindow());
        address[] memory devices = terms.devices();
        for (uint256 i; i < devices.length; ++i) _mustFit(devices[i], start, terms.intervalSeconds());
        renewed = ++_agreements;
        _open(renewed, start, record.terms, bonus);
        address consumer = _consumerOf(id, terms);
        if (consumer != terms.consumer()) {
            _successions[renewed].consumer = consumer;
            _records[renewed].marks |= SUCCEEDED;
        }
        emit AgreementProposed(renewed, consumer, bonus, terms.decode(start), devices);
        emit AgreementRenewed(renewed, id);
        if (signature.length == 0) return renewed;
        bytes32 termsHash = terms.hash(start);
        bytes32 devicesHash = keccak256(abi.encodePacked(devices));
        _mustHaveAccepted(consumer, renewed, termsHash, devicesHash, bonus, deadline, signature);
        _begin(renewed, consumer, terms, devices, termsHash, devicesHash);
    }

    function _open(uint64 id, uint40 start, uint32 terms, uint128 bonus) private {
        _records[id] = Record({
            start: start,
            terms: terms,
            state: State.Proposed,
            bonus: bonus,
            settledAt: 0,
            marks: _escrow ? IN_ESCROW : 0
        });
        if (_escrow) _funders[id] = msg.sender;
    }

    /// @inheritdoc IParties
    function accept(uint64 id, bytes32 termsHash, bytes32 devicesHash, uint128 bonus) external {
        (Record storage record, uint256 terms) = _loaded(id);
        address consumer = _consumerOf(id, terms);
        if (msg.sender != consumer) revert NotConsumer(msg.sender);
        _accept(id, record, consumer, terms, termsHash, devicesHash, bonus);
    }

    /// @inheritdoc IParties
    function acceptBySignature(
        uint64 id,
        bytes32 termsHash,
        bytes32 devicesHash,
        uint128 bonus,
        uint40 deadline,
        bytes calldata signature
    ) external {
        (Record storage record, uint256 terms) = _loaded(id);
        address consumer = _consumerOf(id, terms);
        _mustHaveAccepted(consumer, id, termsHash, devicesHash, bonus, deadline, signature);
        _accept(id, record, consumer, terms, termsHash, devicesHash, bonus);
    }

    /// @inheritdoc IParties
    function cancel(uint64 id) external {
        (Record storage record, uint256 terms) = _loaded(id);
        bool byConsumer = _mustBeParty(id, terms);
        if (record.state == State.Accepted && byConsumer) {
            if (block.timestamp >= record.start) revert AlreadyStarted(record.start, block.timestamp);
            address[] memory devices = _devicesOf(id, terms);
            for (uint256 i; i < devices.length; ++i) {
                delete _points[Points.key(id, devices[i])];
                _release(devices[i], id);
            }
            _credit(id, _funders[id], _locked(id, record, terms));
        } else if (record.state != State.Proposed) {
            revert WrongState(id, record.state);
        }
        record.state = State.Cancelled;
        emit Cancelled(id, msg.sender);
    }

    function _mustHaveAccepted(
        address consumer,
        uint64 id,
        bytes32 termsHash,
        bytes32 devicesHash,
        uint128 bonus,
        uint40 deadline,
        bytes calldata signature
    ) private view {
        bytes32 structHash =
            keccak256(abi.encode(Messages.AGREEMENT_ACCEPTANCE, id, termsHash, devicesHash, bonus, deadline));
        _mustHaveSigned(consumer, structHash, deadline, signature);
    }

    function _accept(
        uint64 id,
        Record storage record,
        address consumer,
        uint256 terms,
        bytes32 termsHash,
        bytes32 devicesHash,
        uint128 bonus
    ) private {
        if (record.state != State.Proposed) revert WrongState(id, record.state);
        if (block.timestamp >= record.start) revert AlreadyStarted(record.start, block.timestamp);
        address[] memory devices = terms.devices();
        bytes32 proposedTerms = terms.hash(record.start);
        bytes32 proposedDevices = keccak256(abi.encodePacked(devices));
        if (termsHash != proposedTerms || devicesHash != proposedDevices || bonus != record.bonus) {
            revert NotWhatWasProposed(proposedTerms, proposedDevices, record.bonus);
        }
        _begin(id, consumer, terms, devices, termsHash, devicesHash);
    }

    /// @dev From here on an agreement binds: its meters get their points.
    function _begin(
        uint64 id,
        address consumer,
        uint256 terms,
        address[] memory devices,
        bytes32 termsHash,
        bytes32 devicesHash
    ) private {
        Record storage record = _records[id];
        record.state = State.Accepted;
        uint256 fresh = _freshPoint(record, terms, terms.intervals());
        for (uint256 place; place < devices.length; ++place) {
            _mustHoldKey(devices[place], terms);
            _serve(devices[place], id, record.start);
            _points[Points.key(id, devices[place])] = fresh.atPlace(place);
        }
        emit AgreementAccepted(id, consumer, termsHash, devicesHash);
        if (!_isInEscrow(record)) return;
        _mustBeOperator(_funders[id]);
        _fund(id, _locked(id, record, terms));
    }
}
