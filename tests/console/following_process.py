# SPDX-License-Identifier: Apache-2.0
"""Follow a node into a database until all is in: python -m tests.console.following_process DATABASE URL CONTRACT."""

from __future__ import annotations

import sys

from electro_console.index.database import Database
from electro_console.index.following import Follower
from electro_console.index.node import Nodes

if __name__ == "__main__":
    name, url, contract = sys.argv[1:]
    database = Database(name)
    with database.locked():
        Follower(database, Nodes([url]), bytes.fromhex(contract), final="latest", begins=1).catch_up()
