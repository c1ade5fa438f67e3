# SPDX-License-Identifier: Apache-2.0
"""Make a meter out of a chip: configuration in, address and enrolment signature out. The key never comes out.

The PC calls `provision.run('{…}')` over mpremote. The JSON is the configuration (see config.py) and, beside it,
`host_entropy` (0x-hex, at least 32 bytes) and optionally `unix_s`, the PC's time, for the enrolment's deadline.
One JSON line is printed: {"address", "enrollment"} or {"error"}.
"""

import json
import os
import time

from electro_protocol.address import checksum
from electro_protocol.comb import FaultError
from electro_protocol.eip712 import Domain
from electro_protocol.reports import DeviceEnrollment, MessageError
from electro_protocol.untrusted import hex_bytes

from .life.config import FILE, Config
from .life.keys import load_signer, make_key
from .world import Board, ConfigError

LEAST_ENTROPY = 32
ENROLLMENT_VALID_S = 30 * 86_400
_UNIX_S_LEAST = 1_750_000_000


def provision(board: Board, untrusted: object) -> "dict[str, object]":
    """Store key and configuration on the Board and return the answer.

    A key that is there is kept: a second run changes WiFi or relayers, not the identity.
    Raises ConfigError, and FaultError if the chip errs again and again while signing: key and configuration stay.
    """
    if not isinstance(untrusted, dict):
        raise ConfigError("provisioning takes a JSON object")
    entries = dict(untrusted)
    try:
        host_entropy = hex_bytes("host_entropy", entries.pop("host_entropy", None))
    except MessageError as error:
        raise ConfigError(str(error))
    if len(host_entropy) < LEAST_ENTROPY:
        raise ConfigError(f"host_entropy must have at least {LEAST_ENTROPY} bytes")
    unix_s = entries.pop("unix_s", None)
    if unix_s is None:
        unix_s = board.kept_unix_us() // 1_000_000
    if not isinstance(unix_s, int) or unix_s < _UNIX_S_LEAST:
        raise ConfigError("unix_s must be the time now: the enrolment's deadline counts from it")
    config = Config(entries)
    if board.load_key() is None:
        make_key(board, host_entropy)
    signer = load_signer(board, Domain(config.chain_id, config.contract))
    with open(f"{board.directory}/{FILE}.new", "w") as file:
        json.dump(entries, file)
    os.rename(f"{board.directory}/{FILE}.new", f"{board.directory}/{FILE}")
    enrollment = signer.sign(
        DeviceEnrollment(config.hardware_id, config.base_seconds, unix_s + ENROLLMENT_VALID_S)
    )
    return {"address": checksum(signer.address), "enrollment": enrollment.to_json()}


def run(text: str) -> None:
    """Provision this ESP32 and print the one JSON line."""
    try:
        untrusted = json.loads(text)
    except ValueError:
        print(json.dumps({"error": "provisioning takes a JSON object"}))  # noqa: T201 - the PC reads this line
        return
    from .board import Esp32Board

    board = Esp32Board(None)
    time.sleep(1)  # the radio needs a moment before its noise feeds the generator
    try:
        answer = provision(board, untrusted)
    except (ConfigError, FaultError) as error:
        answer = {"error": str(error)}
    print(json.dumps(answer))  # noqa: T201 - the PC reads this line
