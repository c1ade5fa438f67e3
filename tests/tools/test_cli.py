# SPDX-License-Identifier: Apache-2.0
"""What a person at the terminal sees: help, and one sentence and an exit code for each failure."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ELECTRO = Path(sys.executable).with_name("electro")
DAY = "time,energy_kwh\n" + "".join(f"2024-03-01 {i // 4:02}:{i % 4 * 15:02},1.5\n" for i in range(96))


def electro(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ELECTRO, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "300", **environment},
    )


@pytest.mark.parametrize(
    "command", [(), ("demo",), ("chain",), ("contract", "deploy"), ("relayer",), ("device", "provision")]
)
def test_every_command_has_a_help_text(command: tuple[str, ...]) -> None:
    done = electro(*command, "--help")
    assert done.returncode == 0
    assert "Usage: electro" in done.stdout
    assert done.stderr == ""


# What only a command that acts needs, a second and more: nobody waits for it who asks what there is.
HEAVY = ("web3", "eth_account", "py_ecc", "polars", "sqlalchemy")
WALK = """
import json, sys
import click
from electro_tools.cli import cli

def walk(command, context, names):
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            inside = click.Context(below, info_name=name, parent=context)
            helps[" ".join([*names, name])] = below.help and below.get_help(inside)
            walk(below, inside, [*names, name])

helps = {}
walk(cli, click.Context(cli, info_name="electro"), [])
print(json.dumps([helps, sorted(sys.modules)]))
"""


def test_each_of_all_commands_has_one_without_what_acting_needs() -> None:
    done = subprocess.run([sys.executable, "-c", WALK], capture_output=True, text=True, check=True)
    helps, modules = json.loads(done.stdout)
    assert len(helps) > 80
    assert [name for name, text in helps.items() if not text] == []
    assert [name for name in HEAVY if name in modules] == []


@pytest.mark.parametrize(
    ("content", "arguments", "sentence"),
    [
        (None, (), "there is no file"),
        (DAY, ("--energy-column", "kwh"), "has no column 'kwh'; it has time, energy_kwh"),
        (
            DAY.replace(",1.5\n", ",-1.5\n", 1),
            (),
            "line 2: -1.5 kWh at 2024-03-01 00:00; an interval's energy can't be negative",
        ),
        (DAY, ("--days", "2"), "holds 1.0 days of load, and 2 are asked for"),
        ("time,energy_kwh\n" + "\x00\x00", (), "is no text: its byte 16 is zero"),
        (DAY.replace(",1.5\n", ",0\n"), (), "adds up to 0 Wh"),
        ("time,energy_kwh\n2024-03-01,5\n2024-03-02,5\n", (), "1 slots a day, and the demo takes 4 to 672"),
        (DAY, ("--micropython=no-such-python",), "there is no MicroPython interpreter 'no-such-python'"),
    ],
)
def test_bad_input_is_one_sentence(
    tmp_path: Path, content: str | None, arguments: tuple[str, ...], sentence: str
) -> None:
    file = tmp_path / "load.csv"
    if content is not None:
        file.write_text(content)
    done = electro("demo", "--load", str(file), *arguments)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_debug_shows_the_traceback_wherever_it_stands(tmp_path: Path) -> None:
    for arguments in (["--debug", "demo"], ["demo", "--debug"]):
        done = electro(*arguments, "--load", str(tmp_path / "none.csv"))
        assert done.returncode == 1
        assert "Traceback" in done.stderr
        assert "there is no file" in done.stderr


def test_wrong_usage_ends_with_2() -> None:
    assert electro("demo", "--days", "0").returncode == 2
    assert electro("no-such-command").returncode == 2


def test_a_chain_on_a_port_in_use_says_so(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = electro("chain", "--port", str(port), "--key-file", str(tmp_path / "key"))
    assert done.returncode == 1
    assert f"port {port} is in use" in done.stderr
    assert (tmp_path / "key").stat().st_mode & 0o077 == 0


def test_a_relayer_without_settings_names_the_first_missing_one() -> None:
    done = electro("relayer")
    assert done.returncode == 1
    assert all(name in done.stderr for name in ("rpc_url", "--rpc", "ELECTRO_RELAYER_RPC_URL", "ELECTRO_RPC"))
    assert "Traceback" not in done.stderr


def test_a_relayer_takes_node_and_contract_from_where_the_other_commands_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ELECTRO_RPC", "http://127.0.0.1:1")
    monkeypatch.setenv("ELECTRO_CONTRACT", "0x" + "11" * 20)
    for command in (["relayer"], ["relayer", "check"]):
        done = electro(*command)
        assert done.returncode == 1
        assert "key_file" in done.stderr
        assert "--key-file" in done.stderr
    key = tmp_path / "key"
    key.touch(mode=0o600)
    key.write_text("11" * 32)
    assert "http://127.0.0.1:1 does not answer" in electro("relayer", "--key-file", str(key)).stderr


def test_deploying_without_a_node_is_one_sentence(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.touch(mode=0o600)
    key.write_text("11" * 32)
    done = electro("contract", "deploy", "--rpc", "http://127.0.0.1:1", "--key-file", str(key))
    assert done.returncode == 1
    assert "the node http://127.0.0.1:1 does not answer: connection refused" in done.stderr
    assert "11" * 32 not in done.stderr + done.stdout
