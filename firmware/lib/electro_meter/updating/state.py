# SPDX-License-Identifier: Apache-2.0
"""Decide what becomes of an update: a pure function from a state and an event to the next state and what to do.

Two folders hold programs; `slot` says which is committed, and the other one is written. All of it is one blob in
NVS, which is written whole or not at all, so that a cut at any instant leaves the state before or the one after. Only
boot.py (never updated) acts on it at a start: it has the event "started", and the offsets below stand there again.

| state | what runs | leaves it |
|---|---|---|
| IDLE | the committed program | offered, by those whose keys are pinned: STORING |
| STORING | the same, while the other folder is filled | stored, every hash right: STAGED; damaged: IDLE |
| STAGED | the same, until a source answers | exchanged: TRIAL |
| TRIAL | the new one, `tries` starts and `losses` of power at most, written before each | proved: committed, IDLE; \
late, or no try left: JUDGING; too many losses of power: as without a verdict |
| JUDGING | the old one, until the next start | proved within the same time: the network was not at fault, the hash is \
refused from now on; late or started again: without a verdict |

Proved is: the self-test holds, and the contract's `next` moved, or without a running agreement a source answered
well. Without a verdict the new program is STAGED again, MOST_ATTEMPTS times in all, each after a successful exchange;
then it is let go, and may be offered again. So a network that is down never gets a good program refused, and a
source that lies can delay an update or have it refused on this meter, and nothing else.
"""

import struct

IDLE, STORING, STAGED, TRIAL, JUDGING = 0, 1, 2, 3, 4
NAMES = ("idle", "storing", "staged", "on trial", "rolled back")
OFFERED, STORED, DAMAGED, EXCHANGED, PROVED, LATE = 0, 1, 2, 3, 4, 5
# What to do once the state is written.
NOTHING, RESET, COMMITTED = 0, 1, 2

FOLDERS = ("lib", "lib2")  # boot.py's
BLOB = "update"
MOST_TRIES = 3  # starts of a trial that are not after a loss of power
MOST_LOSSES = 8  # of power in a trial: whoever pulls a plug because it hangs is heard in the end
MOST_ATTEMPTS = 3
LEAST_MINUTES = 120  # in which both the new and the old one can prove themselves
MOST_MINUTES = 3 * 1_440
_HASH_BYTES = 16  # of each refused program
_REFUSED = 4  # the oldest goes
_LAYOUT = "<BBBBBBHII32s20s20s20s20s64s"
BYTES = struct.calcsize(_LAYOUT)
_FORMAT = 1
_NOBODY = bytes(20)


class Offer:
    """A release whose signatures were verified: its program, and the release keys from its commit on."""

    def __init__(
        self, manifest: bytes, version: int, deadline_s: int, operator: bytes, consumer: bytes, serial: bool
    ) -> None:
        """serial: somebody holds the chip, and may try what failed before."""
        self.manifest = manifest
        self.version = version
        self.deadline_s = deadline_s
        self.operator = operator
        self.consumer = consumer
        self.serial = serial


class State:
    """What the blob says; `State()` is a chip that never saw an update."""

    kind = IDLE
    slot = 0  # the committed folder
    tries = 0
    losses = 0
    attempts = 0  # trials begun
    minutes = 0  # of a trial, and of judging it
    version = 0  # the committed one's; 0: installed over the serial line
    next_version = 0
    manifest = bytes(32)  # of the program in the other folder
    operator = _NOBODY
    consumer = _NOBODY
    next_operator = _NOBODY
    next_consumer = _NOBODY
    refused = bytes(_HASH_BYTES * _REFUSED)

    def pack(self) -> bytes:
        return struct.pack(
            _LAYOUT, self.kind, self.slot, self.tries, self.losses, self.attempts, _FORMAT, self.minutes,
            self.version, self.next_version, self.manifest, self.operator, self.consumer, self.next_operator,
            self.next_consumer, self.refused,
        )  # fmt: skip

    def refuses(self, manifest: bytes) -> bool:
        """Return whether a program failed here."""
        return manifest[:_HASH_BYTES] in [
            self.refused[at : at + _HASH_BYTES] for at in range(0, len(self.refused), _HASH_BYTES)
        ]


def unpack(blob: "bytes | None") -> State:
    """Return the state of a blob; of none, or of one that is no state, that of a fresh chip."""
    state = State()
    if blob is None or len(blob) != BYTES or blob[5] != _FORMAT or blob[0] > JUDGING or blob[1] > 1:
        return state
    (
        state.kind, state.slot, state.tries, state.losses, state.attempts, _, state.minutes, state.version,
        state.next_version, state.manifest, state.operator, state.consumer, state.next_operator,
        state.next_consumer, state.refused,
    ) = struct.unpack(_LAYOUT, blob)  # fmt: skip
    return state


def refusal(state: State, offer: Offer, now_s: int) -> str:
    """Return why an offer is not taken, "" if it is."""
    if offer.deadline_s < now_s:
        return "the release was offered until a time that has passed"
    if state.kind in (TRIAL, JUDGING):
        return "another program is on trial: wait until that is decided"
    if offer.version <= state.version:
        return f"version {offer.version} is not above version {state.version}, which was committed"
    if state.kind != IDLE and offer.manifest != state.manifest and offer.version <= state.next_version:
        return f"version {offer.version} is not above version {state.next_version}, which is here already"
    if state.refuses(offer.manifest) and not offer.serial:
        return "this program failed here before"
    return ""


def step(state: State, event: int, offer: "Offer | None" = None, minutes: int = 0) -> "tuple[State, int]":
    """Return the next state, to be written first, and then what to do.

    offer: with OFFERED, one without a refusal. minutes: with EXCHANGED, in which a good program can prove itself.
    """
    after = unpack(state.pack())
    kind = state.kind
    if event == OFFERED and offer is not None and kind in (IDLE, STORING, STAGED):
        if kind != IDLE and offer.manifest == state.manifest:
            return after, NOTHING
        _forget(after)
        after.kind = STORING
        after.manifest, after.next_version = offer.manifest, offer.version
        after.next_operator, after.next_consumer = offer.operator, offer.consumer
    elif event == STORED and kind == STORING:
        after.kind = STAGED
    elif event == DAMAGED and kind in (STORING, STAGED):
        _forget(after)
    elif event == EXCHANGED and kind == STAGED:
        after.kind = TRIAL
        after.tries, after.losses = MOST_TRIES, MOST_LOSSES
        after.attempts += 1
        after.minutes = min(max(minutes, LEAST_MINUTES), MOST_MINUTES)
        return after, RESET
    elif event == PROVED and kind == TRIAL:
        after.slot = 1 - state.slot
        after.version = state.next_version
        after.operator, after.consumer = state.next_operator, state.next_consumer
        _forget(after)
        return after, COMMITTED
    elif event == PROVED and kind == JUDGING:
        after.refused = state.manifest[:_HASH_BYTES] + state.refused[: _HASH_BYTES * (_REFUSED - 1)]
        _forget(after)
    elif event == LATE and kind == TRIAL:
        after.tries = after.losses = 0
        return after, RESET
    elif event == LATE and kind == JUDGING:
        if state.attempts < MOST_ATTEMPTS:
            after.kind = STAGED
        else:
            _forget(after)
    return after, NOTHING


def _forget(state: State) -> None:
    """Let the other folder's program go."""
    fresh = State()
    state.kind = IDLE
    state.tries = state.losses = state.attempts = state.minutes = state.next_version = 0
    state.manifest = fresh.manifest
    state.next_operator, state.next_consumer = fresh.next_operator, fresh.next_consumer
