# SPDX-License-Identifier: Apache-2.0
"""Hand the fetched tools to tests as fixtures: who asks for one gets it, or skips, or (in CI) fails."""

from __future__ import annotations

import gc
import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest
from hypothesis import HealthCheck, settings

from tests.quick import is_quick
from tests.toolchain import cache, fetch
from tests.toolchain.running_anvil import Anvil
from tests.toolchain.running_hardhat import Hardhat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.toolchain.running_postgres import Postgres

Tool = TypeVar("Tool")
TESTS = Path(__file__).parent

# A property holds or it does not, however busy the machine: no example has a deadline, and none is drawn too slowly.
settings.register_profile("electro", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("electro")

# The tests start hundreds of Python processes; where bytecode is not written beside the sources, each would compile
# some thousand modules anew, for seconds. They keep it in the tests' cache folder.
if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
    os.environ.setdefault("PYTHONPYCACHEPREFIX", str(cache.cache_folder() / "bytecode"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what `pytest -m quick` runs."""
    for item in items:
        if item.path.is_relative_to(TESTS) and is_quick(item.path.relative_to(TESTS).as_posix()):
            item.add_marker(pytest.mark.quick)


def pytest_collection_finish() -> None:
    """Take what is loaded out of the garbage collector's sight: it would walk all tests and libraries each time."""
    gc.collect()
    gc.freeze()


def _have(ask: Callable[[], Tool]) -> Tool:
    """Return what `ask` returns; where this machine can't have it, skip; in CI fail: skips go unread."""
    try:
        return ask()
    except fetch.Unavailable as error:
        if os.environ.get("CI"):
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
    except fetch.ToolchainError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def node() -> Path:
    """Node.js' program."""
    return _have(fetch.node)


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The folder with solc, @openzeppelin/contracts and MicroPython as WebAssembly."""
    return _have(fetch.node_modules)


@pytest.fixture(scope="session")
def haproxy() -> Path:
    """HAProxy's program."""
    return _have(fetch.haproxy)


@pytest.fixture(scope="session")
def mosquitto() -> Path:
    """The broker that meters tell what they measure."""
    return _have(fetch.mosquitto)


@pytest.fixture(scope="session")
def promtool() -> Path:
    """Prometheus' judge of rules."""
    return _have(fetch.promtool)


@pytest.fixture(scope="session")
def micropython_i386() -> list[str]:
    """The command of real MicroPython with 32-bit machine words, like the chip's."""
    return _have(lambda: fetch.micropython("i386"))


@pytest.fixture(scope="session")
def micropython_amd64() -> list[str]:
    """The command of real MicroPython with 64-bit machine words."""
    return _have(lambda: fetch.micropython("amd64"))


@pytest.fixture(scope="session")
def micropython_armhf() -> list[str]:
    """The command of real MicroPython for 32-bit ARM, emulated by qemu-user."""
    return _have(lambda: fetch.micropython("armhf"))


@pytest.fixture(scope="session")
def micropython_wasm() -> list[str]:
    """The command of MicroPython as WebAssembly: no native code, no sockets, files copied in."""
    return _have(lambda: fetch.micropython("wasm"))


@pytest.fixture(scope="session")
def start_anvil() -> Iterator[Callable[..., Anvil]]:
    """A function that starts an anvil with further arguments; each ends with the session at the latest."""
    started: list[Anvil] = []

    def start(*arguments: str, chain_id: int = 31337) -> Anvil:
        started.append(_have(lambda: Anvil(*arguments, chain_id=chain_id)))
        return started[-1]

    yield start
    for chain in started:
        chain.close()


@pytest.fixture
def hardhat() -> Iterator[Hardhat]:
    """A fresh chain of Hardhat's for this test alone: its `.url`."""
    with _have(Hardhat) as chain:
        yield chain


@pytest.fixture
def anvil(start_anvil: Callable[..., Anvil]) -> Iterator[Anvil]:
    """A fresh chain for this test alone (it starts in 50 ms): its `.url`, `.chain_id`, `.log()`."""
    with start_anvil() as chain:
        yield chain


@pytest.fixture(scope="session")
def _postgres() -> Iterator[Postgres]:
    from tests.toolchain.running_postgres import Postgres

    with _have(Postgres) as running:
        yield running


@pytest.fixture
def postgresql(_postgres: Postgres) -> str:
    """The URL of an empty database in a real PostgreSQL."""
    return _postgres.database()
