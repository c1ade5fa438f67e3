# SPDX-License-Identifier: Apache-2.0
"""What is given to run the relayer with names settings, paths and metrics that there are."""

import re
import shutil
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest

from electro_relayer.errors import KeyFileError
from electro_relayer.metrics import Metrics
from electro_relayer.paying.key import read_key
from electro_relayer.settings import Settings

RELAYER = Path(__file__).parents[2] / "relayer"
DEPLOY = sorted((RELAYER / "deploy").iterdir())


@pytest.mark.parametrize("file", DEPLOY, ids=lambda file: file.name)
def test_every_setting_named_is_one(file):
    known = {item.name for item in fields(Settings)}
    named = {name.lower() for name in re.findall(r"ELECTRO_RELAYER_([A-Z_]+)", file.read_text("utf-8"))}
    assert named <= known


def test_what_the_image_copies_is_there_and_makes_a_package():
    text = (RELAYER / "deploy" / "Dockerfile").read_text("utf-8")
    copied = [
        name for line in re.findall(r"^COPY (?!--)(.+) \S+$", text, re.MULTILINE) for name in line.split()
    ]
    assert {"pyproject.toml", "relayer", "contracts", "tools", "firmware"} <= set(copied)
    assert all((RELAYER.parent / name).exists() for name in copied)


def test_the_page_on_replicas_speaks_of_settings_and_metrics_that_there_are():
    text = (RELAYER / "REPLICAS.md").read_text("utf-8")
    gauges = (RELAYER / "electro_relayer" / "gauges.py").read_text("utf-8")
    counted = Metrics().text()
    for name in re.findall(r"electro_relayer_([a-z_]+)", text):
        assert f"electro_relayer_{name}" in counted or f'"{name}"' in gauges, name
    for name in re.findall(r"`([a-z_]+)(?: = [^`]+)?`", text):
        known = {item.name for item in fields(Settings)}
        name = name.removeprefix("electro_relayer_")  # noqa: PLW2901 - either form may stand in the text
        assert name in known or name in counted or f'"{name}"' in gauges, name
    for file in re.findall(r"`deploy/([^`]+)`", text):
        assert (RELAYER / "deploy" / file).exists()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_the_unit_is_understood_and_shut_in(tmp_path):
    unit = tmp_path / "electro-relayer@0.service"
    text = (RELAYER / "deploy" / "electro-relayer@.service").read_text("utf-8")
    unit.write_text(text.replace("/opt/electro/bin/electro", shutil.which("true")))
    verified = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False
    )
    assert "electro-relayer" not in verified.stderr
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", unit],
        capture_output=True,
        text=True,
        check=False,
    )
    assert judged.returncode == 0, judged.stdout[-2000:]  # 2.0 of 10 at most


def test_a_credential_of_systemd_is_private_though_its_access_list_shows_as_a_group(tmp_path, monkeypatch):
    file = tmp_path / "key"
    file.write_text("11" * 32)
    file.chmod(0o440)
    with pytest.raises(KeyFileError, match="chmod 600"):
        read_key(file)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    read_key(file)
    file.chmod(0o444)
    with pytest.raises(KeyFileError, match="chmod 600"):
        read_key(file)
