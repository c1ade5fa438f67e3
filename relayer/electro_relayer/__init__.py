# SPDX-License-Identifier: Apache-2.0
"""Carry meters' signed messages to the contract: verify before paying, batch, send, heal, and keep nothing.

    routes → admission → chain
    routes → intake                 untrusted bytes → verified messages
    admission → batch → submit → spend → chain

`run(Settings.load(…))` serves until SIGTERM; a `StartError` says in one sentence why it can't.
"""

from electro_relayer.app import Ready, create_app, run, serve
from electro_relayer.errors import RelayerError, StartError
from electro_relayer.settings import Settings

__all__ = ["Ready", "RelayerError", "Settings", "StartError", "create_app", "run", "serve"]
