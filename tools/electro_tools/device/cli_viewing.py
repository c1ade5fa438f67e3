# SPDX-License-Identifier: Apache-2.0
"""`electro device viewing-key`: give a meter the key of a sealed agreement, and take its word that it holds it."""

from __future__ import annotations

import json
from pathlib import Path

import click

from electro_protocol import sealing
from electro_protocol.messages import MessageError, ViewingKeyReady
from electro_protocol.signed import SignedMessage
from electro_tools.errors import ToolError
from electro_tools.papers import must_be_new
from electro_tools.viewing import read, wrapped_in

from .options import port_option
from .plausible import answered

_TIMEOUT_S = 60  # the radio's noise, and one signature
_file = click.Path(dir_okay=False, path_type=Path)


@click.command()
@port_option
@click.argument("viewing_file", metavar="KEY", type=_file)
@click.option("--out", type=_file, required=True, help="Where to write the meter's signed word.")
def viewing_key(named_port: str | None, viewing_file: Path, out: Path) -> None:
    """Give a meter the viewing key in KEY, over the serial line, and write its word that it has it to a file.

    KEY may also be what `electro key wrap` has made for this meter: then nobody on the way sees the key, and the word
    says by its hash which one came.

    `electro agreement submit` sends that word.

    Without that word no sealed agreement with this meter can be accepted. The meter is interrupted for some seconds.
    """
    from .chip import Chip
    from .ports import choose

    key = wrapped_in(viewing_file) or read(viewing_file)
    must_be_new(out)
    chip = Chip(choose(named_port))
    chip.interpreter()
    chip.hold_watchdog()
    script = f"from electro_meter import viewing\nviewing.run({'0x' + key.hex()!r})\n"
    answer = answered(chip.ask_meter(script, _TIMEOUT_S))
    try:
        signed = SignedMessage.from_json(answer["ready"])
    except (KeyError, MessageError) as error:
        raise ToolError(f"the chip's answer is not its word: {error}") from error
    if not isinstance(signed.message, ViewingKeyReady):
        raise ToolError("the chip's answer is not its word: it is another message")
    key_hash = signed.message.viewing_key_hash
    if len(key) == sealing.KEY_BYTES and key_hash != sealing.key_hash(key):
        raise ToolError("the chip speaks of another viewing key")
    out.write_text(json.dumps(signed.to_json(), indent=1) + "\n", encoding="utf-8")
    chip.restart()
    click.echo(f"viewing key  0x{key_hash.hex()}\nmeter's word {out}")
