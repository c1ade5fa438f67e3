# SPDX-License-Identifier: Apache-2.0
"""Take an update over the serial line: the PC calls `staging.begin`, copies the files, and calls `staging.finish`.

One JSON line is printed: {"folder"}, {"state"} or {"error"}. Those release keys that are pinned must have signed. The
running program stays committed, and what was copied is tried like any update; a cut in between leaves it as it was.
"""

import json
import sys
from binascii import unhexlify

from electro_protocol.eip712 import Domain

from .life.config import load
from .updating.bundle import HEAD_FILE, BundleError, Head, close_folder, make_folder, open_folder
from .updating.releases import Release, ReleaseError
from .updating.state import BLOB, FOLDERS, NAMES, OFFERED, STORED, STORING, step, unpack
from .updating.steps import chip
from .world import Board, ConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def begin(board: Board, untrusted: "dict[str, Any]") -> "dict[str, object]":
    """Take a release with its bundle's head; return the folder to copy to.

    untrusted: {"release": as `releases` has it, "head": hex, "unix_s": the PC's time, "folders": below the folder}.
    Raises ReleaseError, BundleError and ConfigError.
    """
    config = load(board.directory)
    state = unpack(board.load_blob(BLOB))
    head = Head(unhexlify(untrusted["head"]))
    release = Release(
        untrusted["release"],
        Domain(config.chain_id, config.contract),
        state,
        untrusted["unix_s"],
        True,
    )
    state, _ = step(state, OFFERED, release.offer(head, chip(), sys.implementation.version[:2]))
    folder = FOLDERS[1 - state.slot]
    if state.kind == STORING:
        board.store_blob(BLOB, state.pack())
        open_folder(f"{board.directory}/{folder}")
        for name in untrusted["folders"]:
            make_folder(f"{board.directory}/{folder}/{name}")
        with open(f"{board.directory}/{folder}/{HEAD_FILE}", "wb") as file:
            file.write(head.raw)
    return {"folder": folder, "state": NAMES[state.kind]}


def finish(board: Board) -> "dict[str, object]":
    """Check what was copied, file by file, and let it wait for its trial.

    Raises BundleError.
    """
    state = unpack(board.load_blob(BLOB))
    if state.kind == STORING:
        close_folder(f"{board.directory}/{FOLDERS[1 - state.slot]}", state.manifest)
        state, _ = step(state, STORED)
        board.store_blob(BLOB, state.pack())
    return {"state": NAMES[state.kind], "version": state.next_version}


def run(text: str) -> None:
    """Do what the PC asks on this ESP32, and print the one JSON line."""
    from .board import Esp32Board

    untrusted = json.loads(text)
    board = Esp32Board(None)
    try:
        answer = begin(board, untrusted) if "release" in untrusted else finish(board)
    except (ReleaseError, BundleError, ConfigError, OSError) as error:
        answer = {"error": str(error)}
    print(json.dumps(answer))  # noqa: T201 - the PC reads this line
