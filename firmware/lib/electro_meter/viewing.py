# SPDX-License-Identifier: Apache-2.0
"""Take a viewing key over the serial line: the PC calls `viewing.run('0x…')`, and gets the meter's word that it has it.

A key that was wrapped for this meter alone is taken, too: who carries that never sees it.

One JSON line is printed: {"ready"}, a signed ViewingKeyReady, or {"error"}.
"""

import json

from electro_protocol.comb import FaultError
from electro_protocol.delivery import WRAPPED_BYTES, DeliveryError, unwrap
from electro_protocol.eip712 import Domain
from electro_protocol.reports import MessageError
from electro_protocol.sealed import ViewingKeyReady
from electro_protocol.sealing import KEY_BYTES, key_hash
from electro_protocol.untrusted import hex_bytes

from .account.sealing import keep
from .life.config import load
from .life.keys import load_signer
from .world import Board, SetupError


def take(board: Board, untrusted: object, domain: Domain) -> "dict[str, object]":
    """Keep a viewing key and return the answer; raise SetupError for what is none."""
    try:
        key = hex_bytes("the viewing key", untrusted)
    except MessageError as error:
        raise SetupError(str(error))
    signer = load_signer(board, domain)
    if len(key) == WRAPPED_BYTES:
        try:
            key = unwrap(key, board.load_key() or b"")
        except DeliveryError as error:
            raise SetupError(str(error))
    if len(key) != KEY_BYTES:
        raise SetupError(f"a viewing key has {KEY_BYTES} bytes, a wrapped one {WRAPPED_BYTES}")
    keep(board.directory, key)
    return {"ready": signer.sign(ViewingKeyReady(key_hash(key))).to_json()}


def run(text: str) -> None:
    """Keep a viewing key on this ESP32 and print the one JSON line."""
    from .board import Esp32Board

    board = Esp32Board(None)
    try:
        config = load(board.directory)
        answer = take(board, text, Domain(config.chain_id, config.contract))
    except (SetupError, FaultError, OSError) as error:
        answer = {"error": str(error)}
    print(json.dumps(answer))  # noqa: T201 - the PC reads this line
