# SPDX-License-Identifier: Apache-2.0
"""The walk of tools/README.md is what a newcomer gets who types it, line by line, against `electro chain`."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
from eth_account import Account
from tests.toolchain.running_anvil import FUNDED_PRIVATE_KEY
from tests.tools.agreements import electro

from electro_tools import lifeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.toolchain.running_anvil import Anvil

README = (Path(__file__).parents[2] / "tools" / "README.md").read_text(encoding="utf-8")
_ASKING = ("sign-acceptance", "sign-renomination", "sign-redemption", "hand-over", "acknowledge")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


@pytest.fixture(params=["electro chain", "anvil"])
def chain(
    request: pytest.FixtureRequest,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    start_anvil: Callable[..., Anvil],
) -> Iterator[str]:
    """The first block's command on a free port, and a real node in its place; the address."""
    kind, first = BLOCKS[0]
    assert kind == "console"
    if request.param == "anvil":
        secrets = {"operator": FUNDED_PRIVATE_KEY, "consumer": "0x" + "22" * 32, "buyer": "0x" + "33" * 32}
        with start_anvil(chain_id=1337) as node:
            for name, secret in secrets.items():
                key = folder / f"{name}.key"
                key.touch(mode=0o600)
                key.write_text(secret)
                _ask(node.url, "anvil_setBalance", Account.from_key(secret).address, hex(10**18))
            monkeypatch.setenv("ELECTRO_RPC", node.url)
            yield node.url
        return
    command = [sys.executable, "-m", "electro_tools.cli", *shlex.split(first)[1:], "--port", "0"]
    with subprocess.Popen(
        lifeline.tied(command), cwd=folder, stdout=subprocess.PIPE, text=True, pass_fds=lifeline.pass_fds()
    ) as process:
        try:
            assert process.stdout is not None
            found = re.search(r"http://[0-9.:]+", process.stdout.readline())
            assert found is not None
            monkeypatch.setenv("ELECTRO_RPC", found[0])
            yield found[0]
        finally:
            process.terminate()


def _ask(url: str, method: str, *params: object) -> None:
    answer = requests.post(url, json={"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
    assert "error" not in answer.json(), answer.text


def test_the_walk_leads_from_the_deployment_to_a_redemption(
    folder: Path, chain: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = ""
    for kind, text in BLOCKS[1:]:
        if kind == "python":
            (folder / "paper_meter.py").write_text(text)
        elif kind == "csv":
            (folder / "bands.csv").write_text(text)
        elif kind == "text":
            assert [line for line in text.splitlines() if line not in printed] == []
            printed = ""
        else:
            for line in text.splitlines():
                printed += _type(line, printed, chain, monkeypatch)
    assert (folder / "day.svg").exists()
    assert (folder / "change.svg").exists()
    assert len((folder / "intervals.csv").read_text().splitlines()) == 97


def _type(line: str, printed: str, chain: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Do what a shell would do with a line; return what it prints."""
    words = [os.path.expandvars(word) for word in shlex.split(line, comments=True)]
    if words[0] == "export":
        name, _, value = words[1].partition("=")
        last = re.findall(r"^(?:contract|address|device) +(0x\w{40})$", printed, re.MULTILINE)
        monkeypatch.setenv(name, last[-1] if value == "0x…" else value)
        return ""
    if words[0] == "curl":
        assert words[1] == "-d"
        answer = requests.post(
            words[3].replace("http://127.0.0.1:8545", chain),
            data=words[2],
            headers={"content-type": "application/json"},
        )
        assert "error" not in answer.json(), answer.text
        return ""
    if words[0] == "python":
        return subprocess.run([sys.executable, *words[1:]], capture_output=True, text=True, check=True).stdout
    assert words[0] == "electro"
    asks = words[1:3] in (["agreement", word] for word in _ASKING)
    done = electro(*words[1:], *(["--yes"] if asks else []))
    assert (done.code, done.err) == (0, ""), line
    return done.out


def test_every_command_it_names_exists() -> None:
    from electro_tools.agreement.cli import agreement
    from electro_tools.cli import cli

    table = README.partition("| who |")[2].partition("\n\n")[0]
    named = {word.split()[-1] for word in re.findall(r"`([a-z -]+)`", table)}
    there = {*agreement.list_commands(agreement), *cli.list_commands(cli)}
    for group in ("chain", "contract", "device", "fleet", "key", "plan"):
        command = cli.get_command(cli, group)
        there |= set(command.list_commands(command))
    assert named <= there
    assert set(agreement.list_commands(agreement)) <= named
