// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IAnswers} from "./IAnswers.sol";
import {Interruptions} from "./Interruptions.sol";
import {Memory} from "./Memory.sol";
import {Overrides} from "./Overrides.sol";
import {Points} from "./Points.sol";
import {Tally} from "./Tally.sol";
import {TermsCode} from "./TermsCode.sol";

/// @notice What a meter asks: what applies to it, and what has arrived.
abstract contract MeterStates is Tally, IAnswers {
    using Interruptions for uint256;
    using Points for uint256;
    using TermsCode for uint256;

    /// @inheritdoc IAnswers
    function isEnrolled(address device) external view returns (bool) {
        return _devices[device] != 0;
    }

    /// @inheritdoc IAnswers
    function holdsViewingKey(address device, bytes32 viewingKeyHash) external view returns (bool) {
        return _viewingKeys[device][viewingKeyHash];
    }

    /// @inheritdoc IAnswers
    function scheduleOf(uint64 id, uint32 place, uint32 interval)
        external
        view
        returns (address account, bytes32 codeHash)
    {
        (Record storage record, uint256 terms) = _loaded(id);
        if (place >= terms.points()) revert NoSuchPlace(id, place);
        uint256 creation = _places[Overrides.key(id, place)].creations[interval / terms.slots()];
        account = address(uint160(TermsCode.accountOf(creation != 0 ? creation : record.terms)));
        codeHash = account.codehash;
    }

    /// @inheritdoc IAnswers
    function meterState(address device, uint16 slotsAhead) external view returns (MeterState[] memory) {
        if (_devices[device] == 0) revert NotEnrolled(device);
        return _meterStates(device, slotsAhead);
    }

    /// @inheritdoc IAnswers
    function meterStates(address[] calldata devices, uint16 slotsAhead)
        external
        view
        returns (bool[] memory enrolled, MeterState[][] memory states)
    {
        enrolled = new bool[](devices.length);
        states = new MeterState[][](devices.length);
        for (uint256 i; i < devices.length; ++i) {
            enrolled[i] = _devices[devices[i]] != 0;
            states[i] = _meterStates(devices[i], slotsAhead);
        }
    }

    function _meterStates(address device, uint256 slotsAhead) private view returns (MeterState[] memory states) {
        uint256 served = _devices[device];
        uint256 count = uint64(served) == 0 ? 0 : uint64(served >> 64) == 0 ? 1 : uint64(served >> 128) == 0 ? 2 : 3;
        states = new MeterState[](count);
        for (uint256 i; i < count; ++i) {
            states[count - 1 - i] = _meterState(uint64(served >> (64 * i)), device, slotsAhead);
        }
    }

    function _meterState(uint64 id, address device, uint256 slotsAhead) private view returns (MeterState memory state) {
        (Record storage record, uint256 terms) = _loaded(id);
        uint256 key = Points.key(id, device);
        uint256 point_ = _points[key];
        uint256 outages = _interruptions.records[key];
        state.agreementId = id;
        state.state = uint8(record.state);
        state.place = uint8(point_.place());
        state.start = record.start;
        state.intervalSeconds = uint32(terms.intervalSeconds());
        state.intervals = uint32(terms.intervals());
        state.stop = uint32(point_.stop());
        state.end = uint32(point_.end());
        state.reportsUntil = uint40(_reportsUntil(record.start, terms));
        state.slots = uint16(terms.slots());
        state.unitWh = uint32(terms.unitWh());
        state.termsAccount = address(uint160(TermsCode.accountOf(record.terms)));
        state.codeHash = state.termsAccount.codehash;
        state.nextInterval = uint32(point_.next());
        state.nextOutage = uint32(outages.nextOutage());
        state.outageOpen = outages.isOpen();
        state.remainingBonus = _standing(id, record, terms).remaining;
        uint256 running;
        if (block.timestamp > record.start) running = (block.timestamp - record.start) / terms.intervalSeconds();
        if (running > point_.end()) running = point_.end();
        state.boundsFrom = uint32(running);
        uint256 count = terms.isSealed() ? 0 : point_.end() - running;
        if (count > slotsAhead) count = slotsAhead;
        state.bounds = _bounds(record.terms, id, point_.place(), running, count);
    }

    /// @dev The bounds of `count` intervals from `from` on at a place, pass by pass: of an override, or as agreed.
    function _bounds(uint256 creation, uint64 id, uint256 place, uint256 from, uint256 count)
        private
        view
        returns (bytes memory bounds)
    {
        bounds = new bytes(4 * count);
        uint256 to = Memory.dataOf(bounds);
        uint256 terms = TermsCode.load(creation);
        uint256 slots = terms.slots();
        for (uint256 i; i < count; ++i) {
            uint256 slot = (from + i) % slots;
            if (i == 0 || slot == 0) {
                TermsCode.copyBands(creation, terms);
                _override(terms, id, place, from + i);
            }
            (uint256 least, uint256 greatest) = terms.band(slot);
            Memory.store16(to + 2 * i, least);
            Memory.store16(to + 2 * (count + i), greatest);
        }
    }
}
