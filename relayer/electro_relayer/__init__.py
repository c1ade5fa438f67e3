# SPDX-License-Identifier: Apache-2.0
"""Carry meters' signed messages to the contract: verify before paying, batch, send, heal, and keep nothing.

    serving            listen, run, and go down in good order
    app, preflight     put it together; look before it begins
    http/              routes: answers, and the words of errors
      ↓
    paying/            admission → batch → submit → spend ⇄ watch: from a verified message to a mined transaction
      ↓
    chain/             the one object that asks the chain, over nodes that may fail or lie
      ↓
    incoming/          intake: untrusted bytes → verified messages
      ↓
    settings, configuration, hashing, metrics, logs, errors

Nothing imports what stands above it.

`run(Settings.load(…))` serves until SIGTERM; a `StartError` says in one sentence why it can't.
"""

from electro_relayer.app import create_app
from electro_relayer.errors import RelayerError, StartError
from electro_relayer.serving import Ready, run, serve
from electro_relayer.settings import Settings

__all__ = ["Ready", "RelayerError", "Settings", "StartError", "create_app", "run", "serve"]
