# SPDX-License-Identifier: Apache-2.0
"""The `electro` command, and the one place where a failure becomes words and an exit code.

Exit codes: 0 done, 1 could not be done (one sentence on stderr), 2 wrong usage, 3 checked and found not to hold,
130 interrupted.
"""

from __future__ import annotations

import sys
import traceback
from importlib.metadata import version
from typing import TYPE_CHECKING

import click
from rich.console import Console

from electro_tools.commands import Sections

if TYPE_CHECKING:
    from collections.abc import Sequence

_COMMANDS = {
    "demo": (
        "electro_tools.demo.cli:demo",
        "Run the whole path on this machine, from samples to a discount.",
    ),
    "chain": ("electro_tools.chain.cli:chain", "Run a private chain in memory to try things on."),
    "contract": (
        "electro_tools.contract.cli:contract",
        "Deploy the agreements contract; verify one that is there.",
    ),
    "agreement": (
        "electro_tools.agreement.cli:agreement",
        "Propose, accept, follow, settle, redeem and audit agreements.",
    ),
    "console": ("electro_tools.console:console", "Show agreements in the browser, and act with a wallet."),
    "index": (
        "electro_tools.index.cli:index",
        "Follow the contract's logs into a database for audits, lists and the console.",
    ),
    "plan": (
        "electro_tools.plan.cli:plan",
        "Read load histories; plan bands, tariffs and sections from them.",
    ),
    "key": ("electro_tools.keys:key", "Make a key file; say whose account one is."),
    "relayer": (
        "electro_tools.relayer:relayer",
        "Run the relayer: carries meters' messages and pays the gas.",
    ),
    "fleet": ("electro_tools.fleet.cli:fleet", "Try an installation with many simulated meters."),
    "device": ("electro_tools.device.cli:device", "Flash, install, provision and enrol meters."),
}


# whose exceptions are the node's doing: it can go away between any two questions
_NODE_SPEAKERS = ("requests", "urllib3", "web3")


@click.group(
    cls=Sections,
    sections={"Commands": _COMMANDS},
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(version("electro-grid"), prog_name="electro")
@click.option(
    "--debug", is_flag=True, help="Show the traceback of a failure. May stand anywhere on the line."
)
def cli(debug: bool) -> None:
    """Signed electricity metering, and an agreement that believes only the meter.

    Begin with `electro demo`.
    """


def main() -> None:
    """Run the command line and exit."""
    sys.exit(run(sys.argv[1:]))


def run(line: Sequence[str]) -> int:
    """Run one command and return its exit code; what goes wrong is said on stderr."""
    arguments = [argument for argument in line if argument != "--debug"]
    debug = len(arguments) < len(line)
    try:
        # what a command returns counts when it is one of click's own exits, as after --help
        done = cli.main(arguments, prog_name="electro", standalone_mode=False)
    except click.exceptions.Exit as exited:
        return exited.exit_code
    except click.ClickException as usage:
        usage.show()
        return usage.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return 130
    except BrokenPipeError:  # the reader of a pipe, such as `head`, has gone
        return 1
    except Exception as error:  # noqa: BLE001 - the one place where every failure becomes words
        if debug:
            traceback.print_exc()
        _say(error)
        return getattr(error, "exit_code", 1)
    return done if isinstance(done, int) else 0


def _say(error: Exception) -> None:
    # designed errors, of the tools and of the relayer, carry a sentence; anything else is a fault of ours
    sentence, hint = getattr(error, "sentence", None), getattr(error, "hint", None)
    if sentence is None and type(error).__module__.partition(".")[0] in _NODE_SPEAKERS:
        from electro_tools.connection import said

        sentence = said(error)
    if sentence is None:
        sentence = f"unexpected {type(error).__name__}: {error}"
        hint = "run again with --debug for the traceback"
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print("[red]error:[/] ", end="")
    console.print(_printable(sentence), markup=False)
    if hint:
        console.print(f"       {_printable(hint)}", markup=False)


def _printable(words: str) -> str:
    """Return words that can't command a terminal: nodes and tokens have a say in some of them."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in words)


if __name__ == "__main__":
    main()
