# SPDX-License-Identifier: Apache-2.0
"""A meter in the middle of an update, as far as `updating` asks it, and a place that has one release."""

import json

import releases
from things import Thing

from electro_meter.updating.state import BLOB, State
from electro_meter.updating.steps import Updating
from electro_meter.uplink.http import Answer
from electro_meter.uplink.parsing import SourceError
from electro_meter.world import Board

NOW_S = 1_900_000_000
CHIP = "xtensawin"


class Place:
    """A client whose only peer has one release; it can be made to lie."""

    def __init__(self, paper, raw):
        self.paper = paper
        self.raw = raw
        self.validators = None
        self.asked = []
        self.fails_after = 1 << 30

    async def request(self, method, url, body=None, part=""):
        self.asked.append((url, part))
        self.fails_after -= 1
        if self.fails_after < 0:
            raise SourceError("no answer")
        answer = Answer()
        if url == "http://place/xtensawin.json":
            answer.raw = bytearray(json.dumps(self.paper).encode())
            answer.status = 200 if self.paper else 404
        elif url == "http://place/validators.json" and self.validators is not None:
            answer.raw = bytearray(json.dumps(self.validators).encode())
            answer.status = 200
        elif url.endswith(".bundle"):
            first, _, last = part[len("bytes=") :].partition("-")
            answer.raw = bytearray(self.raw[int(first) : int(last) + 1])
            answer.status = 206 if answer.raw else 416
        else:
            answer.status = 404
        answer.length = len(answer.raw)
        return answer


def pinned():
    """Return the state of a chip that both release keys are pinned on."""
    state = State()
    state.operator = releases.address(releases.OPERATOR_KEY)
    state.consumer = releases.address(releases.CONSUMER_KEY)
    return state


class UpdatingBoard(Board):
    """A board on which both release keys are pinned, whose time the test moves."""

    def __init__(self, directory):
        self.directory = directory
        self.now_us = 1
        self.blobs = {BLOB: pinned().pack()}
        self.logged = []
        self.trial_ended = False

    async def sleep_ms(self, ms):
        pass

    def uptime_us(self):
        return self.now_us

    def load_blob(self, name):
        return self.blobs.get(name)

    def store_blob(self, name, content):
        self.blobs[name] = content

    def end_trial(self):
        self.trial_ended = True

    def log(self, sentence):
        self.logged.append(sentence)


def meter(reset, is_awake):
    """Return a meter without agreements that measures well."""
    return Thing(
        clock=Thing(confirmed=True, dated=True, unix_s=lambda: NOW_S),
        uplink=Thing(agreements=Thing(all=[]), wake=Thing(is_set=is_awake)),
        supervisor=Thing(restarts={}, last="", reset=reset),
        phases=Thing(supplied=True),
        windows=9,
        ring=Thing(trouble=""),
        outage_ring=Thing(trouble=""),
        snapshot=Thing(trouble=""),
    )


def updating(meter, board, validators=()):
    """Return what carries it through its update; validators: of version 1."""
    settings = Thing(
        releases="http://place",
        chain_id=1337,
        contract=bytes(range(20)),
        validators=validators,
        validators_version=1,
    )
    return Updating(meter, board, settings, CHIP)
