# SPDX-License-Identifier: Apache-2.0
"""`electro device update`: real mpremote, real MicroPython; and boot.py, which chooses between two programs."""

from __future__ import annotations

import functools
import http.server
import json
import re
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from eth_account import Account
from tests.tools.meters import CONFIG, FIRMWARE, electro, provisioned, put

from electro_meter.updating.state import (
    EXCHANGED,
    IDLE,
    JUDGING,
    PROVED,
    STAGED,
    STORING,
    TRIAL,
    State,
    step,
    unpack,
)
from electro_protocol import address
from electro_protocol.eip712 import Domain
from electro_protocol.signed import SignedMessage
from electro_tools import lifeline
from electro_tools.device import fetched, firmware_files, two_keys
from electro_tools.device import release as building
from electro_tools.device.chip import Chip as OnChip
from electro_tools.device.install import install
from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.toolchain.running_chip import Chip

KEYS = {"operator": b"\x11" * 32, "consumer": b"\x22" * 32}
DOMAIN = Domain(int(CONFIG["chain_id"]), address.parse(str(CONFIG["contract"])))
# a program that says which it is, as the meter's own would start
FILES = {
    "electro_meter/__init__.mpy": b"",
    "electro_meter/life/app.mpy": b"a" * 700,
    "electro_protocol/keccak.mpy": b"k" * 300,
}


def pinned() -> State:
    state = State()
    state.operator, state.consumer = (address.parse(Account.from_key(key).address) for key in KEYS.values())
    return state


def keep(flash: Path, state: State) -> None:
    file = flash.parent / "nvs.json"
    blobs = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps({**blobs, "update": state.pack().hex()}))


def kept(flash: Path) -> State:
    return unpack(bytes.fromhex(json.loads((flash.parent / "nvs.json").read_text()).get("update", "")))


def paper(folder: Path, version: int = 7, signers: dict[str, bytes] = KEYS, chip: str = "x86") -> str:
    built = building.bundle_of(FILES, version, chip, {})
    (folder / f"{built.head.manifest.hex()}.bundle").write_bytes(built.raw)
    message = building.FirmwareRelease(built.head.manifest, version, 2_000_000_000)
    signatures = {role: SignedMessage.make(message, DOMAIN, key).signature for role, key in signers.items()}
    file = folder / f"{chip}-{version}-{len(list(folder.iterdir()))}.json"
    two_keys.rewrite(file, building.Paper(DOMAIN, message, signatures=signatures))
    return str(file)


@pytest.fixture
def meter(chip: Chip) -> Chip:
    put(chip.flash)
    provisioned(chip.flash)
    keep(chip.flash, pinned())
    return chip


def test_a_release_that_both_signed_waits_for_its_trial(meter: Chip, tmp_path: Path) -> None:
    file = paper(tmp_path)
    done = electro("update", file, "--port", meter.port)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert done.stdout.startswith("version  7\nstate    staged\nwritten  4\n")
    for path, content in FILES.items():
        assert (meter.flash / "lib2" / path).read_bytes() == content
    assert (meter.flash / "lib2" / "whole").exists()
    state = kept(meter.flash)
    assert (state.kind, state.next_version, state.slot) == (STAGED, 7, 0)
    again = electro("update", file, "--port", meter.port)
    assert again.stdout.startswith("version  7\nstate    staged\nwritten  0\n")


def test_what_is_not_signed_by_both_changes_nothing(meter: Chip, tmp_path: Path) -> None:
    before = kept(meter.flash).pack()
    wrong = {
        "has not signed it": {"operator": KEYS["operator"]},
        "is of another key": {"operator": KEYS["consumer"], "consumer": KEYS["operator"]},
    }
    for sentence, signers in wrong.items():
        done = electro("update", paper(tmp_path, signers=signers), "--port", meter.port)
        assert done.returncode == 1
        assert sentence in done.stderr
    other = electro("update", paper(tmp_path, chip="xtensawin"), "--port", meter.port)
    assert "it is for xtensawin, and this chip is x86" in other.stderr
    assert kept(meter.flash).pack() == before
    assert not (meter.flash / "lib2").exists()


@pytest.fixture
def offered(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder of releases, and the URL that hands it out."""
    folder = tmp_path / "releases"
    folder.mkdir()
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    handler.log_message = lambda *_: None  # type: ignore[attr-defined]
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield folder, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_release_comes_from_a_url(meter: Chip, offered: tuple[Path, str]) -> None:
    folder, url = offered
    Path(paper(folder)).rename(folder / "x86.json")
    done = electro("update", url + "/", "--port", meter.port)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert done.stdout.startswith("version  7\nstate    staged\nwritten  4\n")
    assert (meter.flash / "lib2" / "whole").exists()
    again = electro("update", url + "/x86.json", "--port", meter.port)
    assert again.stdout.startswith("version  7\nstate    staged\nwritten  0\n")


def test_what_a_url_has_instead_of_a_release_is_one_sentence(
    tmp_path: Path, offered: tuple[Path, str]
) -> None:
    folder, url = offered
    good = Path(paper(folder))
    bundle = folder / f"{building.read_paper(good).message.manifest.hex()}.bundle"
    raw = bundle.read_bytes()
    into = tmp_path / "into"
    into.mkdir()
    brought, built = fetched.fetch(f"{url}/{good.name}", "x86", into)
    assert (brought.to_json(), built.raw) == (json.loads(good.read_text()), raw)
    for file, content, sentence in (
        (
            bundle,
            raw[:-1],
            f"{url}/{bundle.name} is no bundle: electro_protocol/keccak.mpy is not what the list says",
        ),
        (bundle, raw + bytes(2**20), f"{url}/{bundle.name} is larger than any release"),
        (bundle, None, f"{url}/{bundle.name} answers 404"),
        (good, b"{}", f"{url}/{good.name} is no release: chain_id is missing"),
        (good, b"[]", f"{url}/{good.name} is no release: it has another shape"),
        (good, b"<html>", f"{url}/{good.name} is no JSON"),
        (good, b" " * 20_000, f"{url}/{good.name} is larger than any release"),
        (good, None, f"{url}/{good.name} answers 404"),
    ):
        file.unlink() if content is None else file.write_bytes(content)
        with pytest.raises(ToolError, match=re.escape(sentence)):
            fetched.fetch(f"{url}/{good.name}", "x86", into)
    with pytest.raises(ToolError, match="can't be fetched"):
        fetched.fetch("http://127.0.0.1:1", "x86", into)


def test_an_older_version_is_refused(meter: Chip, tmp_path: Path) -> None:
    state = pinned()
    state.version = 7
    keep(meter.flash, state)
    done = electro("update", paper(tmp_path), "--port", meter.port)
    assert done.returncode == 1
    assert "version 7 is not above version 7" in done.stderr


def test_a_cut_while_copying_goes_on_where_it_was(meter: Chip, tmp_path: Path) -> None:
    file = paper(tmp_path)
    assert electro("update", file, "--port", meter.port).returncode == 0
    # as after a cut: half a file, nothing checked
    state = kept(meter.flash)
    state.kind = STORING
    keep(meter.flash, state)
    (meter.flash / "lib2" / "whole").unlink()
    (meter.flash / "lib2" / "electro_meter" / "life" / "app.mpy").write_bytes(b"a" * 90)
    done = electro("update", file, "--port", meter.port)
    assert done.stdout.startswith("version  7\nstate    staged\nwritten  1\n")


def boot(micropython: list[str], flash: Path, cause: int) -> str:
    """Start boot.py after a cause, and return the folder that comes first in the path."""
    script = flash / "say.py"
    script.write_text(
        f"import sys, machine\nmachine.reset_cause = lambda: {cause}\n"
        f"exec(open({str(FIRMWARE / 'boot.py')!r}).read(), {{'__name__': '__main__'}})\nprint(sys.path[0])\n"
    )
    done = subprocess.run(
        lifeline.tied([*micropython, str(script)]),
        cwd=flash,
        env={"MICROPYPATH": "lib:.frozen"},
        capture_output=True,
        text=True,
        pass_fds=lifeline.pass_fds(),
        check=True,
    )
    return done.stdout.split()[-1]


def test_an_installation_takes_the_place_of_an_update(
    meter: Chip, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = pinned()
    state.slot, state.version = 1, 7
    keep(meter.flash, state)
    (tmp_path / "keccak.mpy").write_bytes(b"k")
    place = "lib/electro_protocol/keccak.mpy"
    one = [firmware_files.Source(tmp_path / "keccak.mpy", place)]
    monkeypatch.setattr(firmware_files, "compile_for", lambda *_arguments: one)
    install(OnChip(meter.port), "x86", lambda _verb, _place: None)
    after = kept(meter.flash)
    assert (after.kind, after.slot, after.version, after.operator) == (IDLE, 0, 7, pinned().operator)
    assert (meter.flash / "lib" / "whole").read_text() == "installed"


POWER, WATCHDOG = 1, 3  # of the simulated machine


@pytest.fixture
def flash(tmp_path: Path) -> Path:
    folder = tmp_path / "flash"
    put(folder)
    (folder / "lib2").mkdir()
    for name in ("lib", "lib2"):
        (folder / name / "whole").touch()
    return folder


def test_boot_starts_what_was_committed(micropython_i386: list[str], flash: Path) -> None:
    assert boot(micropython_i386, flash, POWER) == "lib"
    state = State()
    state.slot = 1
    keep(flash, state)
    assert boot(micropython_i386, flash, POWER) == "lib2"
    (flash / "lib2" / "whole").unlink()
    assert boot(micropython_i386, flash, POWER) == "lib"
    (flash / "lib" / "whole").unlink()
    assert boot(micropython_i386, flash, POWER) == "lib"  # which has been the committed one since


def test_boot_commits_the_only_program_that_is_whole(micropython_i386: list[str], flash: Path) -> None:
    (flash / "lib" / "whole").unlink()
    assert boot(micropython_i386, flash, POWER) == "lib2"
    assert (kept(flash).kind, kept(flash).slot) == (IDLE, 1)  # so that no update writes into it


def test_boot_writes_a_trial_down_before_it_begins(micropython_i386: list[str], flash: Path) -> None:
    state = State()
    state.kind, state.next_version = STAGED, 7
    keep(flash, step(state, EXCHANGED)[0])
    ran = [boot(micropython_i386, flash, WATCHDOG) for _ in range(4)]
    assert ran == ["lib2", "lib2", "lib2", "lib"]
    assert kept(flash).kind == JUDGING
    keep(flash, step(kept(flash), PROVED)[0])
    assert kept(flash).kind == IDLE
    assert boot(micropython_i386, flash, POWER) == "lib"


def test_boot_tries_nothing_that_it_can_not_count(micropython_i386: list[str], flash: Path) -> None:
    state = State()
    state.kind = STAGED
    keep(flash, step(state, EXCHANGED)[0])
    (flash / "lib" / "esp32.py").write_text(
        (flash / "lib" / "esp32.py")
        .read_text()
        .replace("def commit(self):", "def commit(self):\n        raise OSError")
    )
    assert boot(micropython_i386, flash, WATCHDOG) == "lib"
    assert kept(flash).kind == TRIAL
