// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Lanes} from "../src/Lanes.sol";

/// @notice What halmos proves of the lane arithmetic, for all values: see prove.py.
contract LanesProof {
    /// One whole word of sixteen readings, with any bounds that the terms admit.
    function check_withinIsThePlainDefinition(uint256 readings, uint256 least, uint256 greatest) public pure {
        _within(readings, least, greatest, 0);
    }

    /// A word of which only the first five readings count.
    function check_whatIsBehindTheLengthDoesNotCount(uint256 readings, uint256 least, uint256 greatest) public pure {
        _within(readings, least, greatest, 11);
    }

    function check_boundsAreBounds(uint256 least, uint256 greatest) public pure {
        uint256 a = _inMemory(least, greatest, 0);
        assert(Lanes.areBounds(a, 16, ~Lanes.HIGH, 0, ~Lanes.HIGH) == _areBounds(least, greatest));
    }

    // Each limit alone, lane by lane: that a limit is the same in every lane is another claim.

    function check_leastHasALimit(uint256 least, uint256 greatest, uint256 most) public pure {
        require(_areBounds(least, greatest));
        most &= ~Lanes.HIGH;
        uint256 a = _inMemory(least, greatest, 0);
        assert(Lanes.areBounds(a, 16, most, 0, ~Lanes.HIGH) == _noneIsLess(most, least));
    }

    function check_greatestHasALimitBelow(uint256 least, uint256 greatest, uint256 lowest) public pure {
        require(_areBounds(least, greatest));
        lowest &= ~Lanes.HIGH;
        uint256 a = _inMemory(least, greatest, 0);
        assert(Lanes.areBounds(a, 16, ~Lanes.HIGH, lowest, ~Lanes.HIGH) == _noneIsLess(greatest, lowest));
    }

    function check_greatestHasALimitAbove(uint256 least, uint256 greatest, uint256 capacity) public pure {
        require(_areBounds(least, greatest));
        capacity &= ~Lanes.HIGH;
        uint256 a = _inMemory(least, greatest, 0);
        assert(Lanes.areBounds(a, 16, ~Lanes.HIGH, 0, capacity) == _noneIsLess(capacity, greatest));
    }

    function check_eachLaneHasTheValue(uint256 value) public pure {
        value &= 0x7FFF;
        uint256 plain;
        for (uint256 lane; lane < 16; ++lane) plain |= value << (16 * lane);
        assert(Lanes.each(value) == plain);
    }

    function check_interruptedBitsAreTheInterruptedLanes(uint256 readings) public pure {
        uint256 plain;
        for (uint256 lane; lane < 16; ++lane) plain |= _interrupted(_lane(readings, lane)) << lane;
        assert(Lanes.interruptedBits(readings) == plain);
    }

    // A whole word judged: each figure is a claim of its own, so that one which a solver finds hard keeps no other back.

    function check_underIsCounted(uint256 readings, uint256 least, uint256 greatest) public pure {
        uint256 plain;
        for (uint256 lane; lane < 16; ++lane) plain += _less(0, _short(readings, least, lane));
        assert(_judge(readings, least, greatest).under == plain);
    }

    function check_overIsCounted(uint256 readings, uint256 least, uint256 greatest) public pure {
        uint256 plain;
        for (uint256 lane; lane < 16; ++lane) plain += _less(0, _excess(readings, greatest, lane));
        assert(_judge(readings, least, greatest).over == plain);
    }

    // Sums of sixteen are too hard for solvers: so of each quarter of a word, with nothing in the others.

    function check_unitsUnderOfQuarter0(uint256 readings, uint256 least, uint256 greatest) public pure {
        _unitsUnder(readings, least, greatest, 0);
    }

    function check_unitsUnderOfQuarter1(uint256 readings, uint256 least, uint256 greatest) public pure {
        _unitsUnder(readings, least, greatest, 4);
    }

    function check_unitsUnderOfQuarter2(uint256 readings, uint256 least, uint256 greatest) public pure {
        _unitsUnder(readings, least, greatest, 8);
    }

    function check_unitsUnderOfQuarter3(uint256 readings, uint256 least, uint256 greatest) public pure {
        _unitsUnder(readings, least, greatest, 12);
    }

    function check_unitsOverOfQuarter0(uint256 readings, uint256 least, uint256 greatest) public pure {
        _unitsOver(readings, least, greatest, 0);
    }

    function check_unitsOverOfQuarter1(uint256 readings, uint256 least, uint256 greatest) public pure {
        _unitsOver(readings, least, greatest, 4);
    }

    function check_unitsOverOfQuarter2(uint256 readings, uint256 least, uint256 greatest) public pure {
        _unitsOver(readings, least, greatest, 8);
    }

    function check_unitsOverOfQuarter3(uint256 readings, uint256 least, uint256 greatest) public pure {
        _unitsOver(readings, least, greatest, 12);
    }

    function check_noDataIsCounted(uint256 readings, uint256 least, uint256 greatest) public pure {
        uint256 plain;
        for (uint256 lane; lane < 16; ++lane) plain += _same(_lane(readings, lane), 0xFFFF);
        assert(_judge(readings, least, greatest).noData == plain);
    }

    function check_interruptedIsCounted(uint256 readings, uint256 least, uint256 greatest) public pure {
        uint256 plain;
        for (uint256 lane; lane < 16; ++lane) plain += _interrupted(_lane(readings, lane));
        assert(_judge(readings, least, greatest).interrupted == plain);
    }

    function _within(uint256 readings, uint256 least, uint256 greatest, uint256 last) private pure {
        require(_areBounds(least, greatest));
        uint256 bad;
        for (uint256 lane = last; lane < 16; ++lane) {
            uint256 value = _lane(readings, lane);
            bad |= _less(0x7FFF, value) | _less(value, _lane(least, lane)) | _less(_lane(greatest, lane), value);
        }
        uint256 a = _inMemory(readings, least, greatest);
        assert(Lanes.within(a, 2 * (16 - last), a + 32, a + 64, Lanes.HIGH) == (bad == 0));
    }

    /// What the terms admit.
    function _areBounds(uint256 least, uint256 greatest) private pure returns (bool) {
        uint256 bad;
        for (uint256 lane; lane < 16; ++lane) {
            bad |= _less(0x7FFF, _lane(greatest, lane)) | _less(_lane(greatest, lane), _lane(least, lane));
        }
        return bad == 0;
    }

    function _noneIsLess(uint256 a, uint256 b) private pure returns (bool) {
        uint256 bad;
        for (uint256 lane; lane < 16; ++lane) bad |= _less(_lane(a, lane), _lane(b, lane));
        return bad == 0;
    }

    function _unitsUnder(uint256 readings, uint256 least, uint256 greatest, uint256 first) private pure {
        uint256 quarter = 0xFFFFFFFFFFFFFFFF << (16 * first);
        uint256 plain;
        for (uint256 lane = first; lane < first + 4; ++lane) plain += _short(readings, least, lane);
        assert(_judge(readings & quarter, least & quarter, greatest & quarter).underUnits == plain);
    }

    function _unitsOver(uint256 readings, uint256 least, uint256 greatest, uint256 first) private pure {
        uint256 quarter = 0xFFFFFFFFFFFFFFFF << (16 * first);
        uint256 plain;
        for (uint256 lane = first; lane < first + 4; ++lane) plain += _excess(readings, greatest, lane);
        assert(_judge(readings & quarter, least & quarter, greatest & quarter).overUnits == plain);
    }

    function _judge(uint256 readings, uint256 least, uint256 greatest) private pure returns (Lanes.Judgement memory) {
        require(_areBounds(least, greatest));
        uint256 a = _inMemory(readings, least, greatest);
        return Lanes.judge(a, 32, a + 32, a + 64, Lanes.HIGH);
    }

    /// 1 if bit 15 is set and it is not 0xFFFF.
    function _interrupted(uint256 value) private pure returns (uint256) {
        return _less(0x7FFF, value) & _less(value, 0xFFFF);
    }

    /// Units missing to the least bound of a lane that is measured whole, and above the greatest of one with data. Without branches, of
    /// which sixteen would make 65,536 paths, and without products, which a solver finds hard.
    function _short(uint256 readings, uint256 least, uint256 lane) private pure returns (uint256) {
        uint256 value = _lane(readings, lane);
        return _above(_lane(least, lane), value & 0x7FFF) & _mask(_less(value, 0x8000));
    }

    function _excess(uint256 readings, uint256 greatest, uint256 lane) private pure returns (uint256) {
        uint256 value = _lane(readings, lane);
        return _above(value & 0x7FFF, _lane(greatest, lane)) & _mask(_less(value, 0xFFFF));
    }

    /// max(0, a - b)
    function _above(uint256 a, uint256 b) private pure returns (uint256) {
        unchecked {
            return (a - b) & _mask(_less(b, a));
        }
    }

    /// 1 if a < b, else 0; both far below 2**255.
    function _less(uint256 a, uint256 b) private pure returns (uint256) {
        unchecked {
            return (a - b) >> 255;
        }
    }

    function _same(uint256 a, uint256 b) private pure returns (uint256) {
        return 1 - _less(a, b) - _less(b, a);
    }

    /// All ones for 1, 0 for 0.
    function _mask(uint256 one) private pure returns (uint256) {
        unchecked {
            return 0 - one;
        }
    }

    /// The lowest lane is the last interval.
    function _lane(uint256 word, uint256 lane) private pure returns (uint256) {
        return (word >> (16 * lane)) & 0xFFFF;
    }

    function _inMemory(uint256 x, uint256 y, uint256 z) private pure returns (uint256 a) {
        assembly ("memory-safe") {
            a := mload(0x40)
            mstore(a, x)
            mstore(add(a, 32), y)
            mstore(add(a, 64), z)
            mstore(0x40, add(a, 96))
        }
    }
}
