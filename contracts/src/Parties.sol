// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Changes} from "./Changes.sol";
import {Domain} from "./Domain.sol";
import {Interruptions} from "./Interruptions.sol";
import {IParties} from "./IParties.sol";
import {Points} from "./Points.sol";
import {Proposals} from "./Proposals.sol";
import {Renominations} from "./Renominations.sol";
import {TermsAbi} from "./TermsAbi.sol";
import {TermsCode} from "./TermsCode.sol";
import {TermsStore} from "./TermsStore.sol";

/// @notice How the parties agree and change what they agreed, in one contract, and what is on record of it. What each call means is said
/// in {IParties}.
/// @dev This is the second half of {Electro}'s code, which runs it by delegatecall: one contract may not have more than
/// 24,576 bytes. Called directly it finds empty storage, in which nobody has a role and no agreement exists.
contract Parties is Proposals, Changes, Renominations {
    using Interruptions for uint256;
    using Points for uint256;
    using TermsAbi for uint256;
    using TermsCode for uint256;

    uint32 private immutable LEAST_GRACE;
    uint32 private immutable LEAST_DISPUTE_WINDOW;
    uint32 private immutable LEAST_DISCOUNT_EXPIRY;

    constructor(TermsStore.Least memory least) Domain(msg.sender) {
        LEAST_GRACE = least.grace;
        LEAST_DISPUTE_WINDOW = least.disputeWindow;
        LEAST_DISCOUNT_EXPIRY = least.discountExpiry;
    }

    function _least() internal view override returns (TermsStore.Least memory) {
        return TermsStore.Least(LEAST_GRACE, LEAST_DISPUTE_WINDOW, LEAST_DISCOUNT_EXPIRY);
    }

    /// @inheritdoc IParties
    function leastSeconds() external view returns (uint32 grace, uint32 disputeWindow, uint32 discountExpiry) {
        return (LEAST_GRACE, LEAST_DISPUTE_WINDOW, LEAST_DISCOUNT_EXPIRY);
    }

    /// @inheritdoc IParties
    function termsOf(uint64 id) external view returns (Terms memory) {
        (Record storage record, uint256 terms) = _loaded(id);
        return terms.decode(record.start);
    }

    /// @inheritdoc IParties
    function point(uint64 id, address device) external view returns (Point memory) {
        uint256 key = Points.key(id, device);
        uint256 point_ = _points[key];
        if (point_ == 0) revert UnknownDevice(device, id);
        uint256 outages = _interruptions.records[key];
        return Point({
            place: uint32(point_.place()),
            next: uint32(point_.next()),
            stop: uint32(point_.stop()),
            end: uint32(point_.end()),
            accrued: point_.accrued(),
            outageAccrued: outages.penalties(),
            unexplained: uint32(outages.unexplained()),
            nextOutage: uint32(outages.nextOutage()),
            outageOpen: outages.isOpen(),
            lastEndedAt: uint40(outages.lastEndedAt()),
            replaced: point_.has(Points.REPLACED),
            faulted: point_.has(Points.FAULTED)
        });
    }
}
