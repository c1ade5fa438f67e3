# SPDX-License-Identifier: Apache-2.0
"""The cache: complete or absent, one builder at a time; and failures in one sentence. Nothing here downloads."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.toolchain import cache, debian, npm

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ELECTRO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def python(script: str, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", textwrap.dedent(script), *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_what_is_installed_is_not_built_again(folder: Path) -> None:
    builds: list[Path] = []

    def build(part: Path) -> None:
        builds.append(part)
        (part / "tool").write_text("complete")

    for _ in range(2):
        assert (cache.installed("thing", build) / "tool").read_text() == "complete"
    assert len(builds) == 1
    assert folder / "thing" not in builds


def test_a_cut_build_leaves_nothing(folder: Path) -> None:
    def cut(part: Path) -> None:
        (part / "half").write_text("a half")
        raise cache.ToolchainError("the line broke")

    with pytest.raises(cache.ToolchainError, match="the line broke"):
        cache.installed("thing", cut)
    assert [path.name for path in folder.iterdir()] == ["thing.lock"]


def test_a_killed_build_is_swept_up_by_the_next(folder: Path) -> None:
    killed = """
        import os
        from tests.toolchain import cache
        cache.installed("thing", lambda part: ((part / "half").write_text("a half"), os._exit(9)))
    """
    process = python(killed)
    process.communicate()
    assert process.returncode == 9
    assert len(list(folder.glob("thing.part-*"))) == 1
    assert not (folder / "thing").exists()
    cache.installed("thing", lambda part: (part / "tool").touch())
    assert sorted(path.name for path in folder.iterdir()) == ["thing", "thing.lock"]


def test_of_four_that_ask_at_once_one_builds(folder: Path, tmp_path: Path) -> None:
    script = """
        import sys, time
        from tests.toolchain import cache
        def build(part):
            with open(sys.argv[1], "a") as log:
                log.write("built\\n")
            time.sleep(0.3)
            (part / "tool").write_text("complete")
        print((cache.installed("thing", build) / "tool").read_text())
    """
    askers = [python(script, str(tmp_path / "log")) for _ in range(4)]
    assert [asker.communicate()[0] for asker in askers] == ["complete\n"] * 4
    assert (tmp_path / "log").read_text() == "built\n"


def test_a_folder_that_can_not_be_written_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("ELECTRO_CACHE", str(tmp_path / "file"))
    with pytest.raises(cache.ToolchainError, match="cannot write"):
        cache.installed("thing", lambda _part: None)


def test_npm_without_a_registry_is_one_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
    monkeypatch.setenv("npm_config_cache", str(folder / "empty"))
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    with pytest.raises(cache.ToolchainError, match=r"npm failed: .*ECONNREFUSED") as caught:
        npm.node_modules()
    assert "\n" not in str(caught.value)
    assert not list(folder.glob("npm-*/"))


@pytest.mark.skipif(shutil.which("apt-get") is None or not debian.KEYRING.exists(), reason="apt is Debian's")
@pytest.mark.skipif(platform.machine() != "x86_64", reason="i386 would need an emulator here")
def test_a_mirror_that_does_not_answer_is_one_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELECTRO_DEBIAN_MIRROR", "http://127.0.0.1:9/debian")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(cache.ToolchainError, match=r"apt-get failed: .*127\.0\.0\.1") as caught:
        debian.micropython("i386")
    assert "\n" not in str(caught.value)
    assert not list(folder.glob("micropython-*/"))


def test_without_apt_real_micropython_is_unavailable(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(cache.Unavailable, match="no apt-get here"):
        debian.micropython("amd64" if platform.machine() == "x86_64" else "armhf")


def test_an_architecture_this_machine_does_not_run_is_unavailable(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(cache.Unavailable, match="needs qemu-i386-static"):
        debian.micropython("i386")


def test_the_lock_pins_exactly_and_names_no_host() -> None:
    lock = npm.LOCK.read_text()
    for each in (npm.LOCK, *npm.LOCK.parent.glob("*/package-lock.json")):
        assert "://" not in re.sub(r'"funding": (\[.*?\]|\{.*?\})', "", each.read_text(), flags=re.DOTALL)
    assert not re.search(r'"(solc|@[^"]+)": "[\^~]', npm.MANIFEST.read_text())
    assert lock.count('"integrity"') >= 12
