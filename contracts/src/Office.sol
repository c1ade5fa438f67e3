// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
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
    using SafeERC20 for IERC20;
    using Supply for Supply.Book;
    using TermsCode for uint256;

    /// So that a settlement, which visits each point, stays far below any limit on a transaction's gas.
    uint256 private constant MAX_POINTS = 64;
    /// AccessControl's DEFAULT_ADMIN_ROLE.
    bytes32 private constant ADMIN = 0;

    constructor() Domain(msg.sender) {}

    /// @dev The roles are kept by {Electro}'s other half: asked by an ordinary call, so that only it knows their layout.
    modifier onlyOperator() {
        if (!_isOperator()) revert IAccessControl.AccessControlUnauthorizedAccount(msg.sender, OPERATOR);
        _;
    }

    // -- Admin

    /// @inheritdoc IOffice
    function useEscrow(address token) external {
        if (!IAccessControl(address(this)).hasRole(ADMIN, msg.sender)) {
            revert IAccessControl.AccessControlUnauthorizedAccount(msg.sender, ADMIN);
        }
        if (_agreements != 0 || _escrow || token == address(0)) revert CurrencyFixed();
        _escrow = true;
        _currency = token;
        emit EscrowChosen(token);
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
        if (_paused) revert ProposalsPaused();
        if (consumer == address(0)) revert NoConsumer();
        if (devices.length == 0 || devices.length > MAX_POINTS) revert BadDeviceCount(devices.length);
        for (uint256 i; i < devices.length; ++i) {
            uint256 served = _devices[devices[i]];
            if (served == 0) revert NotEnrolled(devices[i]);
            if (served & REVOKED != 0) revert RevokedDevice(devices[i]);
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
        if (_escrow) _funders[id] = msg.sender;
        emit AgreementProposed(id, consumer, bonus, terms, devices);
    }

    /// @inheritdoc IOffice
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
        TermsCode.validateStart(
            start,
            uint256(start) + terms.word(0).intervals() * terms.word(0).intervalSeconds() + terms.word(0).grace()
                + terms.word(2).disputeWindow()
        );
        renewed = ++_agreements;
        (record.start, record.bonus, record.discount, record.state) = (start, bonus, 0, State.Proposed);
        _records[renewed] = record;
        if (_escrow) _funders[renewed] = msg.sender;
        address[] memory devices = terms.devices(record.size, record.points);
        Terms memory decoded = terms.decode(start);
        emit AgreementProposed(renewed, record.consumer, bonus, decoded, devices);
        emit AgreementRenewed(renewed, id);
        if (signature.length == 0) return renewed;
        bytes32 termsHash = keccak256(abi.encode(decoded));
        bytes32 devicesHash = keccak256(abi.encodePacked(devices));
        _mustHaveSigned(renewed, termsHash, devicesHash, bonus, deadline, signature);
        _begin(renewed, terms, devices, termsHash, devicesHash);
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
    function pauseProposals(bool paused) external onlyOperator {
        _paused = paused;
        emit ProposalsPause(paused);
    }

    /// @inheritdoc IOffice
    function grant(uint64 id, uint128 amount) external onlyOperator {
        Record storage record = _running(id);
        Since storage since = _since[id];
        uint256 most = type(uint128).max - record.bonus - since.grants;
        if (amount == 0 || amount > most) revert BadAmount(most, amount);
        since.grants += amount;
        emit Granted(id, amount);
        _fund(msg.sender, amount);
    }

    /// @inheritdoc IOffice
    function waive(uint64 id, uint128 amount) external onlyOperator {
        Record storage record = _running(id);
        Since storage since = _since[id];
        uint256 terms = TermsCode.load(record.terms);
        uint256 from = _end(record, id, terms) + terms.word(0).grace() + 1;
        if (block.timestamp < from) revert TooEarly(from, block.timestamp);
        uint256 most = _accrued(record, id, terms) - since.waived;
        if (amount == 0 || amount > most) revert BadAmount(most, amount);
        since.waived += amount;
        emit Waived(id, amount);
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
    function acknowledge(uint64 id, bytes32 invoice) external onlyOperator {
        Redemption storage redeemed = _uses[id].redemptions[invoice];
        if (redeemed.amount == 0 || redeemed.acknowledged || redeemed.withdrawn) {
            revert NothingToAcknowledge(id, invoice);
        }
        redeemed.acknowledged = true;
        emit RedemptionAcknowledged(id, invoice, redeemed.amount);
        // The consumer has its money's worth on the invoice, so the money is the operator's again.
        _credit(id, _funders[id], redeemed.amount);
    }

    // -- Operator or consumer

    /// @inheritdoc IOffice
    function cancel(uint64 id) external {
        Record storage record = _records[id];
        bool byConsumer = msg.sender == record.consumer;
        if (!byConsumer && !_isOperator()) revert NotParty(msg.sender);
        if (record.state == State.Accepted && byConsumer) {
            if (block.timestamp >= record.start) revert AlreadyStarted(record.start, block.timestamp);
            address[] memory devices = TermsCode.load(record.terms).devices(record.size, record.points);
            for (uint256 i; i < devices.length; ++i) {
                delete _points[Points.key(id, devices[i])];
                _release(devices[i], id);
            }
            _credit(id, _funders[id], uint256(record.bonus) + _since[id].grants);
        } else if (record.state != State.Proposed) {
            revert WrongState(id, record.state);
        }
        record.state = State.Cancelled;
        emit Cancelled(id, msg.sender);
    }

    /// @inheritdoc IOffice
    function terminate(uint64 id) external {
        Record storage record = _records[id];
        bool byConsumer = msg.sender == record.consumer;
        if (!byConsumer && !_isOperator()) revert NotParty(msg.sender);
        if (record.state != State.Accepted) revert WrongState(id, record.state);
        if (block.timestamp < record.start) revert TooEarly(record.start, block.timestamp);
        uint256 terms = TermsCode.load(record.terms);
        uint256 length = terms.word(0).intervalSeconds();
        uint256 all = terms.word(0).intervals();
        uint256 kept = _begun(record.start, length, block.timestamp + terms.word(2).notice());
        if (kept >= all) revert NoticeTooLong(record.start + all * length, record.start + kept * length);
        Since storage since = _since[id];
        // Fits: a share of the bonus; and fewer intervals than the terms have.
        if (byConsumer) since.forfeited = uint128(record.bonus * (all - kept) / all);
        since.intervals = uint32(kept);
        record.state = State.Terminated;
        address[] memory devices = _devicesOf(record, id, terms);
        for (uint256 i; i < devices.length; ++i) {
            uint256 key = Points.key(id, devices[i]);
            _points[key] = _points[key].endAt(kept);
        }
        emit Terminated(id, msg.sender, uint32(kept), uint40(record.start + kept * length), since.forfeited);
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
        _mustHaveSigned(id, termsHash, devicesHash, bonus, deadline, signature);
        _accept(id, termsHash, devicesHash, bonus);
    }

    function _mustHaveSigned(
        uint64 id,
        bytes32 termsHash,
        bytes32 devicesHash,
        uint128 bonus,
        uint40 deadline,
        bytes calldata signature
    ) private view {
        if (block.timestamp > deadline) revert Expired(deadline, block.timestamp);
        bytes32 structHash =
            keccak256(abi.encode(Messages.AGREEMENT_ACCEPTANCE, id, termsHash, devicesHash, bonus, deadline));
        bytes32 digest = Messages.typed(_domain(), structHash);
        if (!Messages.isSignedBy(_records[id].consumer, digest, signature)) revert BadSignature();
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
        _begin(id, terms, devices, termsHash, devicesHash);
    }

    /// @dev From here on an agreement binds: its meters get their points.
    function _begin(uint64 id, uint256 terms, address[] memory devices, bytes32 termsHash, bytes32 devicesHash)
        private
    {
        Record storage record = _records[id];
        record.state = State.Accepted;
        uint256 fresh = Points.make(record.terms, record.size, record.start, terms.word(0).intervals());
        for (uint256 i; i < devices.length; ++i) {
            _serve(devices[i], id, record.start);
            _points[Points.key(id, devices[i])] = fresh;
        }
        emit AgreementAccepted(id, record.consumer, termsHash, devicesHash);
        if (_escrow) _fund(_funders[id], record.bonus);
    }

    /// @dev Put an agreement in front of the three that a device remembers. It must begin after the one before it has
    /// ended, and what it pushes out must be closed for reports.
    function _serve(address device, uint64 id, uint256 start) private {
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
    function _release(address device, uint64 id) private {
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

    /// @inheritdoc IOffice
    function acceptRotation(uint64 id, address from, address to) external {
        Record storage record = _running(id);
        if (msg.sender != record.consumer) revert NotConsumer(msg.sender);
        uint256 key = Points.key(id, from);
        if (to == address(0) || to == from || _rotations[key] != to) revert NoSuchRotation(id, from, to);
        // It may have come by another rotation since.
        if (_points[Points.key(id, to)] != 0) revert DuplicateDevice(to);
        if (block.timestamp < record.start) revert TooEarly(record.start, block.timestamp);
        uint256 terms = TermsCode.load(record.terms);
        uint256 length = terms.word(0).intervalSeconds();
        uint256 first = _begun(record.start, length, block.timestamp);
        uint256 end = _intervals(id, terms);
        if (first >= end) revert OutsideTerm(end, first);
        uint256 count = record.points + _joined[id].length;
        if (count >= MAX_POINTS) revert BadDeviceCount(count + 1);
        _rotations[key] = from;
        _points[key] = _points[key].endAt(first);
        _serve(to, id, record.start + first * length);
        _points[Points.key(id, to)] = Points.make(record.terms, record.size, record.start, end).advance(first);
        _joined[id].push(to);
        emit DeviceRotated(id, from, to, uint32(first));
    }

    /// @inheritdoc IOffice
    function redeem(uint64 id, bytes32 invoice, uint128 amount) external {
        if (msg.sender != _records[id].consumer) revert NotConsumer(msg.sender);
        _redeem(id, invoice, amount);
    }

    /// @inheritdoc IOffice
    function redeemBySignature(
        uint64 id,
        bytes32 invoice,
        uint128 amount,
        uint40 deadline,
        bytes calldata signature
    ) external {
        if (block.timestamp > deadline) revert Expired(deadline, block.timestamp);
        bytes32 structHash = keccak256(abi.encode(Messages.DISCOUNT_REDEMPTION, id, invoice, amount, deadline));
        bytes32 digest = Messages.typed(_domain(), structHash);
        if (!Messages.isSignedBy(_records[id].consumer, digest, signature)) revert BadSignature();
        _redeem(id, invoice, amount);
    }

    /// @dev No signature counts twice, for an invoice doesn't.
    function _redeem(uint64 id, bytes32 invoice, uint128 amount) private {
        Record storage record = _records[id];
        if (record.state != State.Settled) revert WrongState(id, record.state);
        Use storage use = _uses[id];
        if (block.timestamp > use.until) revert TooLate(use.until, block.timestamp);
        Redemption storage redeemed = use.redemptions[invoice];
        if (redeemed.amount != 0) revert InvoiceRedeemed(invoice, redeemed.amount);
        uint256 most = record.discount - use.redeemed;
        if (amount == 0 || amount > most) revert BadAmount(most, amount);
        use.redeemed += amount;
        redeemed.amount = amount;
        redeemed.redeemedAt = uint64(block.timestamp);
        emit DiscountRedeemed(id, invoice, amount);
    }

    // -- Anyone

    /// @inheritdoc IOffice
    function settle(uint64 id) external {
        Record storage record = _running(id);
        uint256 terms = TermsCode.load(record.terms);
        uint256 from = _end(record, id, terms) + terms.word(0).grace() + terms.word(2).disputeWindow() + 1;
        if (block.timestamp < from) revert TooEarly(from, block.timestamp);
        uint256 accrued = _accrued(record, id, terms);
        uint128 remaining = _remaining(record, id, accrued);
        // Fits: the rate is at most one million millionths.
        uint128 discount = uint128(uint256(remaining) * terms.word(2).discountRatePpm() / 1_000_000);
        record.state = State.Settled;
        record.discount = discount;
        _uses[id].until = uint64(block.timestamp + terms.word(2).discountExpiry());
        emit Settled(id, accrued, remaining, discount);
        _credit(id, _funders[id], uint256(record.bonus) + _since[id].grants - discount);
    }

    /// @inheritdoc IOffice
    function withdraw(uint64 id, bytes32 invoice) external {
        _mustHoldMoney();
        Record storage record = _records[id];
        Redemption storage redeemed = _uses[id].redemptions[invoice];
        if (redeemed.amount == 0 || redeemed.acknowledged || redeemed.withdrawn) revert NothingToTake();
        uint256 from = redeemed.redeemedAt + TermsCode.load(record.terms).word(2).disputeWindow() + 1;
        if (block.timestamp < from) revert TooEarly(from, block.timestamp);
        redeemed.withdrawn = true;
        emit RedemptionWithdrawn(id, invoice, redeemed.amount);
        _credit(id, record.consumer, redeemed.amount);
    }

    /// @inheritdoc IOffice
    function reclaim(uint64 id) external {
        _mustHoldMoney();
        Record storage record = _records[id];
        if (record.state != State.Settled) revert WrongState(id, record.state);
        Use storage use = _uses[id];
        if (block.timestamp <= use.until) revert TooEarly(use.until + 1, block.timestamp);
        uint256 rest = record.discount - use.redeemed;
        if (rest == 0 || use.reclaimed) revert NothingToTake();
        use.reclaimed = true;
        _credit(id, _funders[id], rest);
    }

    /// @inheritdoc IOffice
    function collect(address account) external {
        _mustHoldMoney();
        uint256 amount = _owed[account];
        if (amount == 0) revert NothingToTake();
        _owed[account] = 0;
        emit Collected(account, amount);
        IERC20(_currency).safeTransfer(account, amount);
    }

    function _mustHoldMoney() private view {
        if (!_escrow) revert NoEscrow();
    }

    /// @dev The last act of a call. A token that calls back while it pays finds the books closed; and whatever it brings
    /// in meanwhile for another agreement makes the sum wrong here.
    function _fund(address from, uint256 amount) private {
        if (!_escrow || amount == 0) return;
        IERC20 token = IERC20(_currency);
        uint256 before = token.balanceOf(address(this));
        token.safeTransferFrom(from, address(this), amount);
        uint256 got = token.balanceOf(address(this)) - before;
        if (got != amount) revert NotFunded(amount, got);
    }

    /// @dev Money leaves by {collect} only, so that no account that can't be paid holds up a settlement.
    function _credit(uint64 id, address account, uint256 amount) private {
        if (!_escrow || amount == 0) return;
        _owed[account] += amount;
        emit Credited(id, account, amount);
    }

    // -- To be asked

    /// @inheritdoc IOffice
    function currency() external view returns (address) {
        return _currency;
    }

    /// @inheritdoc IOffice
    function owed(address account) external view returns (uint256) {
        return _owed[account];
    }

    /// @inheritdoc IOffice
    function proposalsPaused() external view returns (bool) {
        return _paused;
    }

    /// @inheritdoc IOffice
    function agreementCount() external view returns (uint64) {
        return _agreements;
    }

    /// @inheritdoc IOffice
    function agreement(uint64 id) external view returns (Agreement memory view_) {
        (Record storage record, uint256 terms) = _loaded(id);
        uint256 end = _end(record, id, terms);
        uint256 reportsUntil = end + terms.word(0).grace();
        view_.consumer = record.consumer;
        view_.state = record.state;
        view_.start = record.start;
        view_.end = uint40(end);
        view_.reportsUntil = uint40(reportsUntil);
        view_.settlesAt = uint40(reportsUntil + terms.word(2).disputeWindow() + 1);
        view_.bonus = record.bonus;
        view_.accrued = _accrued(record, id, terms);
        view_.remaining = _remaining(record, id, view_.accrued);
        view_.discount = record.discount;
        view_.devices = _devicesOf(record, id, terms);
        view_.grants = _since[id].grants;
        view_.waived = _since[id].waived;
        view_.forfeited = _since[id].forfeited;
        view_.redeemed = _uses[id].redeemed;
        view_.redeemableUntil = _uses[id].until;
    }

    /// @inheritdoc IOffice
    function termsOf(uint64 id) external view returns (Terms memory) {
        (Record storage record, uint256 terms) = _loaded(id);
        return terms.decode(record.start);
    }

    /// @inheritdoc IOffice
    function redemption(uint64 id, bytes32 invoice) external view returns (Redemption memory) {
        return _uses[id].redemptions[invoice];
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

    // -- What they share

    function _isOperator() private view returns (bool) {
        return IAccessControl(address(this)).hasRole(OPERATOR, msg.sender);
    }

    /// @dev The record of an agreement that binds its parties and is not yet settled.
    function _running(uint64 id) private view returns (Record storage record) {
        record = _records[id];
        if (record.state != State.Accepted && record.state != State.Terminated) revert WrongState(id, record.state);
    }

    /// @dev How many intervals have begun until an instant, the running one included. What was measured until then lies
    /// in them, so that cutting a term there changes nothing that has happened, in whatever order messages of it arrive.
    function _begun(uint256 start, uint256 length, uint256 instant) private pure returns (uint256) {
        return instant < start ? 0 : (instant - start) / length + 1;
    }
}
