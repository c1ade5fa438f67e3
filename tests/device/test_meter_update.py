# SPDX-License-Identifier: Apache-2.0
"""The update as a pure function: what each event does, and what no row of cuts, lies and crashes can do."""

import random
import unittest

from electro_meter.updating.state import (
    BYTES,
    COMMITTED,
    DAMAGED,
    EXCHANGED,
    IDLE,
    JUDGING,
    LATE,
    MOST_ATTEMPTS,
    MOST_LOSSES,
    MOST_TRIES,
    NOTHING,
    OFFERED,
    PROVED,
    RESET,
    STAGED,
    STORED,
    STORING,
    TRIAL,
    Offer,
    State,
    refusal,
    step,
    unpack,
)

_BOOT = (__file__.rpartition("/")[0] or ".") + "/../../firmware/boot.py"
POWER, FAILURE, PERSON = 0, 1, 2
NOW_S = 1_800_000_000
OPERATOR, CONSUMER = b"\x01" * 20, b"\x02" * 20


def boot():
    """Return the names of firmware/boot.py, which is never updated and shares no code with what is."""
    names = {"__name__": "boot"}
    with open(_BOOT) as file:
        exec(file.read(), names)
    return names


def offer(version=7, manifest=None, serial=False, operator=OPERATOR, consumer=CONSUMER):
    manifest = manifest or bytes([version % 251 + 1]) * 32
    return Offer(manifest, version, NOW_S + 10, operator, consumer, serial)


def after(*events, state=None):
    """Return the state after some events; an event is a number, or an offer."""
    state = state or State()
    for event in events:
        state = (step(state, OFFERED, event) if isinstance(event, Offer) else step(state, event))[0]
    return state


class Blob(unittest.TestCase):
    def test_a_state_survives_its_blob(self):
        state = after(offer(9, operator=b"\x05" * 20), STORED, EXCHANGED)
        again = unpack(state.pack())
        self.assertEqual(again.pack(), state.pack())
        self.assertEqual(len(state.pack()), BYTES)
        self.assertEqual((again.kind, again.next_version, again.next_operator), (TRIAL, 9, b"\x05" * 20))

    def test_what_is_no_state_is_a_fresh_chip(self):
        good = after(offer(9), STORED).pack()
        for blob in (None, b"", good[:-1], good + b"\0", b"\x09" + good[1:], good[:1] + b"\x02" + good[2:]):
            self.assertEqual(unpack(blob).pack(), State().pack())

    def test_boot_py_knows_the_blob(self):
        names = boot()
        self.assertEqual(names["_BYTES"], BYTES)
        self.assertEqual((names["_STAGED"], names["_TRIAL"], names["_JUDGING"]), (STAGED, TRIAL, JUDGING))
        self.assertEqual(names["_MOST_ATTEMPTS"], MOST_ATTEMPTS)
        self.assertEqual(names["_FORMAT"], State().pack()[5])
        blob = bytearray(after(offer(9), STORED, EXCHANGED).pack())
        self.assertEqual((blob[2], blob[3], blob[4]), (MOST_TRIES, MOST_LOSSES, 1))
        self.assertEqual(blob[6] | blob[7] << 8, 120)


class Steps(unittest.TestCase):
    def test_a_release_comes_to_its_commit(self):
        state, action = step(State(), OFFERED, offer(7))
        self.assertEqual((state.kind, action), (STORING, NOTHING))
        state, action = step(state, STORED)
        self.assertEqual((state.kind, action), (STAGED, NOTHING))
        state, action = step(state, EXCHANGED)
        self.assertEqual((state.kind, action, state.slot), (TRIAL, RESET, 0))
        state, action = step(state, PROVED)
        self.assertEqual((state.kind, action, state.slot, state.version), (IDLE, COMMITTED, 1, 7))
        self.assertEqual((state.operator, state.consumer), (OPERATOR, CONSUMER))

    def test_the_keys_change_with_the_commit_and_not_before(self):
        state = after(offer(7, operator=b"\x05" * 20), STORED, EXCHANGED)
        self.assertEqual(state.operator, bytes(20))
        self.assertEqual(after(PROVED, state=state).operator, b"\x05" * 20)

    def test_no_version_comes_back(self):
        committed = after(offer(7), STORED, EXCHANGED, PROVED)
        self.assertEqual(refusal(committed, offer(8), NOW_S), "")
        for version in (1, 6, 7):
            self.assertIn("is not above version 7", refusal(committed, offer(version), NOW_S))
        staged = after(offer(9), STORED, state=committed)
        self.assertIn("is here already", refusal(staged, offer(8), NOW_S))
        self.assertEqual(refusal(staged, offer(10), NOW_S), "")

    def test_an_expired_offer_is_refused(self):
        self.assertIn("a time that has passed", refusal(State(), offer(7), NOW_S + 11))
        self.assertEqual(refusal(State(), offer(7), NOW_S + 10), "")

    def test_the_same_offer_again_changes_nothing(self):
        state = after(offer(7), STORED)
        self.assertEqual(after(offer(7), state=state).pack(), state.pack())

    def test_a_newer_offer_takes_the_place_of_one_that_waits(self):
        state = after(offer(7), STORED, offer(8))
        self.assertEqual((state.kind, state.next_version, state.attempts), (STORING, 8, 0))

    def test_nothing_is_taken_during_a_trial(self):
        for state in (after(offer(7), STORED, EXCHANGED), judging()):
            self.assertIn("on trial", refusal(state, offer(9, serial=True), NOW_S))
            self.assertEqual(after(offer(9), STORED, DAMAGED, EXCHANGED, state=state).pack(), state.pack())

    def test_damage_lets_go_and_refuses_nothing(self):
        state = after(offer(7), DAMAGED)
        self.assertEqual(state.kind, IDLE)
        self.assertEqual(refusal(state, offer(7), NOW_S), "")


def judging(attempts=1):
    state = after(offer(7), STORED)
    state.attempts = attempts - 1
    blob = bytearray(after(EXCHANGED, LATE, state=state).pack())
    boot()["choose"](blob, FAILURE)
    return unpack(bytes(blob))


class Judging(unittest.TestCase):
    def test_a_program_is_refused_only_if_the_old_one_gets_through_in_time(self):
        state = judging()
        self.assertEqual(state.kind, JUDGING)
        refused = after(PROVED, state=state)
        self.assertEqual(refused.kind, IDLE)
        self.assertIn("failed here before", refusal(refused, offer(7), NOW_S))
        self.assertEqual(refusal(refused, offer(7, serial=True), NOW_S), "")
        self.assertEqual(refusal(refused, offer(8), NOW_S), "")

    def test_without_a_verdict_it_is_tried_three_times(self):
        state = judging()
        for attempt in range(2, MOST_ATTEMPTS + 1):
            state = after(LATE, state=state)
            self.assertEqual(state.kind, STAGED)
            state = judging(attempt)
        state = after(LATE, state=state)
        self.assertEqual(state.kind, IDLE)
        self.assertEqual(refusal(state, offer(7), NOW_S), "")

    def test_a_restart_in_between_gives_no_verdict(self):
        choose = boot()["choose"]
        for cause in (POWER, FAILURE):
            blob = bytearray(judging().pack())
            self.assertEqual(choose(blob, cause), 0)
            self.assertEqual(unpack(bytes(blob)).kind, STAGED)
        blob = bytearray(judging().pack())
        self.assertEqual(choose(blob, PERSON), 0)
        self.assertEqual(unpack(bytes(blob)).kind, JUDGING)

    def test_four_refused_programs_are_remembered(self):
        state = State()
        for version in range(1, 6):
            state = after(offer(version), STORED, EXCHANGED, state=state)
            state.kind = JUDGING
            state = after(PROVED, state=state)
        self.assertEqual([state.refuses(offer(v).manifest) for v in range(1, 6)], [False] + [True] * 4)


class Starts(unittest.TestCase):
    def test_a_trial_ends_after_its_tries(self):
        choose = boot()["choose"]
        blob = bytearray(after(offer(7), STORED, EXCHANGED).pack())
        ran = [choose(blob, FAILURE) for _ in range(MOST_TRIES + 1)]
        self.assertEqual(ran, [1] * MOST_TRIES + [0])
        self.assertEqual(blob[0], JUDGING)

    def test_losses_of_power_are_counted_for_themselves_and_condemn_nothing(self):
        choose = boot()["choose"]
        blob = bytearray(after(offer(7), STORED, EXCHANGED).pack())
        ran = [choose(blob, POWER) for _ in range(MOST_LOSSES + 1)]
        self.assertEqual(ran, [1] * MOST_LOSSES + [0])
        self.assertEqual(unpack(bytes(blob)).kind, STAGED)

    def test_a_person_at_the_serial_line_ends_no_trial(self):
        choose = boot()["choose"]
        blob = bytearray(after(offer(7), STORED, EXCHANGED).pack())
        before = bytes(blob)
        self.assertEqual([choose(blob, PERSON) for _ in range(20)], [1] * 20)
        self.assertEqual(bytes(blob), before)

    def test_without_a_trial_the_committed_one_starts(self):
        choose = boot()["choose"]
        for events in ((), (offer(7),), (offer(7), STORED), (offer(7), STORED, EXCHANGED, PROVED)):
            blob = bytearray(after(*events).pack())
            before = bytes(blob)
            self.assertEqual([choose(blob, cause) for cause in (POWER, FAILURE, PERSON)], [before[1]] * 3)
            self.assertEqual(bytes(blob), before)


class Chip:
    """A chip with two programs, in a world that cuts its power, lies to it and offers it good and bad releases."""

    def __init__(self, random_from):
        self.random = random_from
        self.choose = boot()["choose"]
        self.blob = State().pack()
        self.folders = [(0, True), (0, False)]  # version and whole, of each
        self.runs = 0
        self.bad = set()
        self.signed = set()
        self.highest = 0
        self.trials = {}
        self.start(POWER)

    def write(self, blob):
        """Write to NVS; a cut leaves the blob of before, or this one."""
        if self.random.random() < 0.05:
            if self.random.random() < 0.5:
                self.blob = blob
            self.start(POWER)
            return False
        self.blob = blob
        return True

    def start(self, cause):
        blob = bytearray(self.blob)
        folder = self.choose(blob, cause)
        if blob != self.blob and not self.write(bytes(blob)):
            return
        version, whole = self.folders[folder]
        assert whole, "half a program runs"
        assert version == 0 or version in self.signed, "what nobody signed runs"
        assert version >= unpack(self.blob).version, "an older program runs"
        self.runs = folder

    @property
    def state(self):
        return unpack(self.blob)

    def take(self, event, what=None):
        """Do as `updating` does: write the state, then what follows."""
        before = self.state
        state, action = step(before, event, what)
        if action == COMMITTED:
            assert before.next_version not in self.bad, "a bad program is committed"
            assert state.version > self.highest
        if not self.write(state.pack()):
            self.highest = max(self.highest, self.state.version)
            return
        self.highest = max(self.highest, state.version)
        if action == RESET:
            self.start(FAILURE)

    def live(self):
        state = self.state
        chance = self.random.random()
        running = self.folders[self.runs][0]
        if chance < 0.1:
            self.start(POWER)
        elif chance < 0.15:
            self.start(PERSON)
        elif running in self.bad and chance < 0.6:
            self.start(FAILURE)  # it crashes
        elif chance < 0.3:
            self.offer(state)
        elif chance < 0.5:
            self.store(state)
        elif chance < 0.6:
            self.take(LATE) if state.kind in (TRIAL, JUDGING) else None
        elif chance < 0.95 and running not in self.bad:
            self.take(self.random.choice((EXCHANGED, PROVED)))  # a liar may say either

    def offer(self, state):
        version = self.random.randrange(1, 40)
        what = offer(version)
        if refusal(state, what, NOW_S):
            return
        self.signed.add(version)
        if self.random.random() < 0.4:
            self.bad.add(version)
        self.take(OFFERED, what)

    def store(self, state):
        """Write the folder that does not run; a cut leaves half of it."""
        if state.kind != STORING:
            return
        other = 1 - state.slot
        self.folders[other] = (0, False)
        if self.random.random() < 0.3:
            self.start(POWER)
        elif self.random.random() < 0.2:
            self.take(DAMAGED)
        else:
            self.folders[other] = (state.next_version, True)
            self.take(STORED)


class Property(unittest.TestCase):
    def test_no_row_of_cuts_lies_and_crashes_leaves_a_chip_without_a_whole_signed_program(self):
        for seed in range(12):
            random.seed(seed)
            chip = Chip(random)
            for _ in range(800):
                chip.live()
            # and it is not stuck: a good release of a higher version comes to its commit
            chip.bad = {version for version in chip.bad if version < 100}
            for _ in range(400):
                state = chip.state
                if state.version == 100:
                    break
                if state.kind == IDLE or (state.kind in (STORING, STAGED) and state.next_version != 100):
                    chip.signed.add(100)
                    chip.take(OFFERED, offer(100)) if not refusal(state, offer(100), NOW_S) else None
                elif state.kind == STORING:
                    chip.folders[1 - state.slot] = (100, True)
                    chip.take(STORED)
                elif state.kind == STAGED:
                    chip.take(EXCHANGED)
                elif chip.folders[chip.runs][0] in chip.bad:
                    chip.start(FAILURE)
                else:
                    chip.take(PROVED)
            self.assertEqual(chip.state.version, 100)

    def test_a_good_release_is_not_refused_while_the_network_is_down_for_a_week(self):
        choose = boot()["choose"]
        blob = bytearray(after(offer(7), STORED, EXCHANGED).pack())
        self.assertEqual(choose(blob, FAILURE), 1)  # it runs; then the network goes
        blob = bytearray(after(LATE, state=unpack(bytes(blob))).pack())
        self.assertEqual(choose(blob, FAILURE), 0)
        state = unpack(bytes(blob))
        self.assertEqual(state.kind, JUDGING)
        # a week later the old one gets through: long after the two hours
        state = after(LATE, state=state)
        self.assertEqual((state.kind, state.refuses(offer(7).manifest)), (STAGED, False))
        state = after(EXCHANGED, PROVED, state=state)
        self.assertEqual((state.kind, state.version), (IDLE, 7))

    def test_the_same_with_restarts_in_that_week(self):
        choose = boot()["choose"]
        for cause in (POWER, FAILURE):
            blob = bytearray(judging().pack())
            choose(blob, cause)
            state = after(EXCHANGED, PROVED, state=unpack(bytes(blob)))
            self.assertEqual((state.kind, state.version), (IDLE, 7))


if __name__ == "__main__":
    unittest.main()
