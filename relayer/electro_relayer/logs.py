# SPDX-License-Identifier: Apache-2.0
"""Write the log as text for people or as a JSON object a line for machines.

Secrets can't get in: keys never leave `key.Key`, nodes are named without credentials and path, and what
clients send is not logged but for digests. Words of nodes are, and a node may say anything: in text no message
can begin a line of its own or speak to the terminal.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

from electro_relayer.errors import printable

TEXT = "%(asctime)s %(levelname)s %(name)s %(message)s"


class TextLines(logging.Formatter):
    """One line a message, whatever is in it; the traceback of a fault of ours follows."""

    def __init__(self) -> None:
        super().__init__(TEXT)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        record.message = printable(record.message)
        return super().formatMessage(record)


class JsonLines(logging.Formatter):
    """One object a line: time, level, logger, message, and the traceback of a fault of ours."""

    def format(self, record: logging.LogRecord) -> str:
        told = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            told["traceback"] = self.formatException(record.exc_info)
        return json.dumps(told)  # in ASCII: nothing in it speaks to a terminal


def configure(form: str) -> None:
    """Send the log to stderr in the form of the setting `log_format`."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
