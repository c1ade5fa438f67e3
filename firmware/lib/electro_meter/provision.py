# SPDX-License-Identifier: Apache-2.0
"""Make a meter out of a chip: configuration in, address and enrolment signature out. The key never comes out.

The PC calls `provision.run('{…}')` over mpremote. The JSON is the configuration (see config.py) and, beside it:

| entry | what |
|---|---|
| host_entropy | 0x-hex, at least 32 bytes |
| unix_s | the PC's time, for the enrolment's deadline; optional |
| certificate | 0x-hex, DER: what https is checked by; optional, else the one that is there stays |
| validator_set | who signed `validators`, see pinning.py; needed where release keys are pinned |
| release_keys | {"operator": "0x…", "consumer": "0x…"}: who may update the program; null for nobody; optional |

One JSON line is printed: {"address", "enrollment", "operator_key", "consumer_key"} or {"error"}. Everything is checked,
made and signed before the first byte is written. Then a key is stored, if there was none; and what is to be done is
written into one file, whose renaming commits it: `finish` does it, and the next start again, should a cut come between.

{"change": {entries}} instead changes those entries of the configuration that is there, and answers {"changed": names}.
"""

import json
import os
import time
from binascii import hexlify, unhexlify

from electro_protocol.address import checksum
from electro_protocol.address import parse as parse_address
from electro_protocol.eip712 import Domain
from electro_protocol.reports import DeviceEnrollment, MessageError
from electro_protocol.untrusted import hex_bytes

from .life.config import FILE, Config, stored
from .life.keys import Signer
from .life.new_key import draw_key
from .pinning import ENTRIES, check, keep
from .updating.state import BLOB, State, unpack
from .world import NO_FILE, Board, ConfigError

CERTIFICATE = "ca.der"  # where `radio` looks for it
COMMITTED = "provision.json"  # where `main` looks for what is to be finished
LEAST_ENTROPY = 32
ENROLLMENT_VALID_S = 30 * 86_400
_PROVED = "proved.json"  # FILE of uplink/proof/last.py, which would import 4 KB for it
_UNIX_S_LEAST = 1_750_000_000


def provision(board: Board, untrusted: object) -> "dict[str, object]":
    """Store key and configuration on the Board and return the answer.

    A key that is there is kept: a second run changes WiFi or relayers, not the identity.
    Raises ConfigError, and FaultError if the chip errs again and again while signing: key and configuration stay.
    """
    if not isinstance(untrusted, dict):
        raise ConfigError("provisioning takes a JSON object")
    finish(board)
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
    certificate = _optional_bytes(entries, "certificate")
    keys = entries.pop("release_keys", None)
    paper = entries.pop("validator_set", None)
    before = _before(board.directory)
    keep(entries, before)
    config = Config(entries)
    _needs_certificate(board, config, certificate)
    state = unpack(board.load_blob(BLOB))
    check(config, before, state, paper, unix_s)
    if keys is not None:
        _pin(state, keys)
    known = board.load_key()
    private_key = known or draw_key(board, host_entropy)
    signer = Signer(private_key, Domain(config.chain_id, config.contract), board.log)
    enrollment = signer.sign(
        DeviceEnrollment(config.hardware_id, config.base_seconds, unix_s + ENROLLMENT_VALID_S)
    )
    if known is None:
        board.store_key(private_key)
    committed = {
        "entries": entries,
        "certificate": certificate and hexlify(certificate).decode(),
        "keys": keys,
    }
    _write(board.directory, COMMITTED, json.dumps(committed).encode())
    finish(board)
    return {
        "address": checksum(signer.address),
        "enrollment": enrollment.to_json(),
        "operator_key": checksum(state.operator) if any(state.operator) else None,
        "consumer_key": checksum(state.consumer) if any(state.consumer) else None,
    }


def finish(board: Board) -> None:
    """Do what was committed; a cut may have come after any part of it.

    Raises OSError if the flash can't be read, or takes nothing.
    """
    folder = board.directory
    try:
        with open(f"{folder}/{COMMITTED}") as file:
            committed = json.load(file)
        entries, certificate, keys = committed["entries"], committed["certificate"], committed["keys"]
    except OSError as error:
        if error.errno not in NO_FILE:
            raise
        return  # nothing is left to be done
    except (ValueError, KeyError, TypeError):
        os.remove(f"{folder}/{COMMITTED}")  # which a failing flash has damaged
        return
    if certificate:
        _write(folder, CERTIFICATE, unhexlify(certificate))
    if keys is not None:
        state = unpack(board.load_blob(BLOB))
        _pin(state, keys)
        board.store_blob(BLOB, state.pack())
    if _PROVED in os.listdir(folder):
        os.remove(f"{folder}/{_PROVED}")  # that of another chain may be far above all blocks of this one
    _write(folder, FILE, json.dumps(entries).encode())
    os.remove(f"{folder}/{COMMITTED}")


def change(board: Board, changes: object) -> "dict[str, object]":
    """Change entries of the configuration, all of them or none.

    Raises ConfigError.
    """
    if not isinstance(changes, dict):
        raise ConfigError("a change takes a JSON object")
    finish(board)
    entries = stored(board.directory)
    if [name for name in ENTRIES if name in changes]:
        raise ConfigError("validators come by provisioning, with those who signed them")
    entries.update(changes)
    Config(entries)
    _write(board.directory, FILE, json.dumps(entries).encode())
    return {"changed": sorted(changes)}


def _before(folder: str) -> "dict[str, object]":
    """Return the configuration that is there, {} if none can be read."""
    try:
        return stored(folder)
    except ConfigError:
        return {}


def _write(folder: str, name: str, content: bytes) -> None:
    """Write a file, whole or not at all."""
    with open(f"{folder}/{name}.new", "wb") as file:
        file.write(content)
    os.rename(f"{folder}/{name}.new", f"{folder}/{name}")


def _optional_bytes(entries: "dict[str, object]", name: str) -> "bytes | None":
    untrusted = entries.pop(name, None)
    if untrusted is None:
        return None
    try:
        return hex_bytes(name, untrusted)
    except MessageError as error:
        raise ConfigError(str(error))


def _needs_certificate(board: Board, config: Config, certificate: "bytes | None") -> None:
    """Raise ConfigError if a source is https, and there is nothing to check it by."""
    if certificate or CERTIFICATE in os.listdir(board.directory):
        return
    for source in config.sources:
        if source.url[:6] == "https:":
            raise ConfigError(
                "an https relayer needs a certificate to be checked by: name its authority's with --ca"
            )


def _pin(state: State, untrusted: object) -> None:
    """Put the release keys into a state."""
    if not isinstance(untrusted, dict) or not set(untrusted) <= {"operator", "consumer"}:
        raise ConfigError("release_keys must be an object with operator and consumer")
    for role, text in untrusted.items():
        try:
            key = bytes(20) if text is None else parse_address(text)
        except ValueError as error:
            raise ConfigError(f"the {role}'s release key: {error}")
        setattr(state, role, key)
        setattr(state, "next_" + role, key)
    if state.operator == state.consumer and any(state.operator):
        raise ConfigError("the release keys must be two: one of the operator, one of the consumer")


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
        answer = change(board, untrusted["change"]) if "change" in untrusted else provision(board, untrusted)
    except (ConfigError, OSError, ArithmeticError) as error:  # FaultError, whose module comes and goes
        answer = {"error": str(error)}
    print(json.dumps(answer))  # noqa: T201 - the PC reads this line
