# SPDX-License-Identifier: Apache-2.0
"""What enemies try: names with markup, addresses that ask nonsense, other sites' pages, a node that lies."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import socket
import zipfile
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
import requests
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from electro_console.index.reading import Index
from electro_console.web.errors import ConsoleError, Elsewhere, TooMany
from electro_console.web.guarding import Guard, read_password
from electro_console.web.languages import negotiated
from electro_console.web.names import Names, read
from electro_console.web.node import Node
from electro_console.web.pages import overview
from electro_console.web.relayers import _read
from electro_console.web.serving import Settings, guard_of, running
from electro_console.web.words import plain
from electro_protocol import address
from tests.console.conftest import Visits, keep
from tests.console.running_console import RunningConsole
from tests.tools.agreements import refused
from tests.waiting import LIMIT_S

if TYPE_CHECKING:
    from pathlib import Path

    from tests.console.life import Life

EVIL = (
    "<script>window.evil = 1</script>",
    '"><img src=x onerror="window.evil=1">',
    "\u202egnirts \u2066desrever\u2069",
    "{{ 7 * 7 }}{% raw %}",
    "x" * 10_000,
    "line\nline\x00\x1b[31m",
)


def got(url: str, method: str = "GET", **more: Any) -> tuple[int, str]:
    answer = requests.request(method, url, timeout=LIMIT_S, allow_redirects=False, **more)
    return answer.status_code, answer.text


def got_json(url: str) -> Any:
    status, text = got(url)
    assert status == 200, text
    return json.loads(text)


@pytest.mark.parametrize("evil", EVIL)
def test_a_name_is_text(visit: Visits, life: Life, tmp_path: Path, evil: str) -> None:
    consumer = address.parse(life.consumer.address)
    names = Names(agreements={1: evil, 2: evil}, addresses={consumer: evil})
    with RunningConsole(life.url, life.domain.contract, tmp_path / "i.sqlite", names=names) as console:
        console.has(life.web3.eth.block_number)
        for path in ("/", "/agreements", "/agreements/1", "/meters"):
            page = visit(path, at=console)
            assert page.evaluate("window.evil") is None
            assert page.evaluate("[document.documentElement.scrollWidth <= innerWidth]") == [True]
            assert "\u202e" not in page.content()
        keep(page, "hostile")
        visit.close()


def test_what_is_plain_is_short_and_has_no_controls() -> None:
    assert plain("Halle 3, Süd · Цех № 4") == "Halle 3, Süd · Цех № 4"
    assert len(plain("x" * 10_000)) == 80
    for evil in EVIL:
        assert not set(plain(evil)) & set("\n\x00\x1b\u202e\u2066\u2069")


@pytest.mark.parametrize(
    "path",
    [
        "/agreements?page=-1", "/agreements?page=9999999999999999999999", "/agreements?phase=nonsense",
        "/agreements?consumer=0x12", "/meters?which=%00", "/agreements/1/readings?place=nonsense",
        "/agreements/1/readings?since=yesterday", "/agreements/1/acts.json", "/agreements/1/acts.json?account=zero",
        "/sections?days=1e9", "/agreements/1/ledger?until=%FF",
    ],
)  # fmt: skip
def test_nonsense_is_refused_with_a_sentence(console: RunningConsole, path: str) -> None:
    status, text = got(console.url + path, headers={"Accept": "application/json"})
    assert status == 400, text
    assert json.loads(text)["sentence"]
    assert "Traceback" not in text


def test_a_huge_number_of_an_agreement_is_none(console: RunningConsole) -> None:
    for number in ("0", "00", "999999999999999999", "9" * 30, "-1", "1.5"):
        assert got(f"{console.url}/agreements/{number}")[0] == 404


def test_another_name_is_refused(console: RunningConsole) -> None:
    assert got(console.url, headers={"Host": "evil.example"})[0] == 403
    assert got(console.url, headers={"Host": "localhost"})[0] == 200


def test_another_sites_page_is_refused(console: RunningConsole) -> None:
    path = f"{console.url}/agreements/1/notes"
    status, text = got(path, "POST", json={}, headers={"Sec-Fetch-Site": "cross-site"})
    assert status == 403
    assert "another site" in text
    assert got(path, "POST", data={"words": "x"})[0] == 400, "a form is not taken"


def test_a_note_needs_a_waiver_on_chain(console: RunningConsole, life: Life) -> None:
    newest = life.web3.eth.get_block("latest", True)["number"]
    sent = next(
        each["hash"]
        for number in range(newest, 0, -1)
        for each in life.web3.eth.get_block(number, True)["transactions"]
    )
    path = f"{console.url}/agreements/1/notes"
    for transaction in ("0x" + "11" * 32, "0x" + bytes(sent).hex(), "nonsense", ""):
        status, text = got(path, "POST", json={"words": "because", "transaction": transaction})
        assert status == 400, text
    assert got(path, "POST", json={"words": "x" * 2000, "transaction": "0x" + "11" * 32})[0] == 400
    assert got(path, "POST", data="[" * 10_000, headers={"Content-Type": "application/json"})[0] == 400


def test_headers_refuse_everything_foreign(console: RunningConsole) -> None:
    headers = requests.get(console.url, timeout=LIMIT_S).headers
    assert headers["Content-Security-Policy"].startswith(
        "default-src 'none'; script-src 'self'; style-src 'self'"
    )
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_beyond_this_machine_a_password_is_needed(
    tmp_path: Path, console: RunningConsole, life: Life
) -> None:
    settings = Settings(("http://127.0.0.1:1",), bytes(20), host="0.0.0.0")
    with pytest.raises(ConsoleError, match="others than this machine"):
        guard_of(settings)
    file = tmp_path / "password"
    file.write_text("correct horse battery\n")
    file.chmod(0o644)
    with pytest.raises(ConsoleError, match="others can read"):
        read_password(file)
    file.chmod(0o600)
    with RunningConsole(life.url, life.domain.contract, tmp_path / "i.sqlite", password_file=file) as guarded:
        guarded.has(life.web3.eth.block_number)
        assert got(guarded.url)[0] == 401
        assert got(guarded.url, auth=("any", "wrong horse"))[0] == 401
        assert got(guarded.url, auth=("any", "correct horse battery"))[0] == 200
        assert got(guarded.url, headers={"Authorization": "Basic ////"})[0] == 401
    file.write_text("short")
    with pytest.raises(ConsoleError, match="fewer"):
        read_password(file)


def test_who_asks_too_often_waits_and_nobody_else() -> None:
    now = [0.0]
    guard = Guard(frozenset({"127.0.0.1"}), a_second=1, burst=3, clock=lambda: now[0])

    def ask(remote: str) -> bool:
        try:
            guard._count(remote)
        except TooMany:
            return False
        return True

    assert [ask("a") for _ in range(5)] == [True, True, True, False, False]
    assert ask("b")
    now[0] = 2.0
    assert [ask("a") for _ in range(3)] == [True, True, False]
    for client in range(20_000):
        ask(str(client))
    assert len(guard._tokens) <= 10_000


@pytest.mark.parametrize(
    "answer",
    [b"", b"nonsense", b"[]", b'{"result": 1}', b'{"result": "0x12"}', b'{"error": {}}', b"[" * 9999],
)
def test_a_node_that_answers_nonsense(answer: bytes, tmp_path: Path, life: Life) -> None:
    with (
        RunningConsole(life.url, life.domain.contract, tmp_path / "i.sqlite") as console,
        _liar(answer) as url,
    ):
        console.has(life.web3.eth.block_number)
        console.questions.node = Node([url], life.domain.contract)
        status, text = got(f"{console.url}/agreements/1/audit.json")
        assert status == 502, text
        assert "node" in json.loads(text)["sentence"]
        assert got(f"{console.url}/")[0] == 200, "what is in the index is shown all the same"


async def test_a_node_that_is_silent_holds_nobody_up(
    life: Life, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overview, "BESIDE_S", 0.2)
    database = str(tmp_path / "index.sqlite")
    with RunningConsole(life.url, life.domain.contract, tmp_path / "index.sqlite") as console:
        console.has(life.web3.eth.block_number)
    silent = socket.create_server(("127.0.0.1", 0))  # the system takes calls, and nobody answers
    address_ = f"http://127.0.0.1:{silent.getsockname()[1]}"
    for nodes, block in (((address_,), None), ((address_, life.url), life.web3.eth.block_number)):
        settings = Settings(nodes, life.domain.contract, database, port=0)
        with Index.open(database) as index:
            async with running(settings, index) as (url, _), aiohttp.ClientSession() as session:
                async with session.get(f"{url}/overview.json?lang=ru") as answer:
                    first = await answer.json()
                assert "узел не ответил" in first["newest"]["trouble"]
                async with session.get(f"{url}/overview.json") as answer:
                    again = await answer.json()
                assert again["newest"]["block"] == block, "the silent one is asked last from then on"
    silent.close()


def test_a_relayer_that_is_silent_is_named_in_the_readers_language(life: Life, tmp_path: Path) -> None:
    relayers = ("http://127.0.0.1:1/metrics",)
    with RunningConsole(life.url, life.domain.contract, tmp_path / "i.sqlite", relayers=relayers) as console:
        console.has(life.web3.eth.block_number)
        assert "no answer" in got(f"{console.url}/?lang=en")[1]
        assert "нет ответа" in got(f"{console.url}/?lang=ru")[1]


class _liar:  # noqa: N801 - a context manager of one use
    """A node that answers one thing whatever it is asked."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer

    def __enter__(self) -> str:
        import threading

        self._loop = asyncio.new_event_loop()
        started = threading.Event()

        async def run() -> None:
            app = web.Application()
            app.router.add_post("/", self._say)
            self._runner = web.AppRunner(app, access_log=None)
            await self._runner.setup()
            await web.TCPSite(self._runner, "127.0.0.1", 0).start()
            self._ended = asyncio.Event()
            started.set()
            await self._ended.wait()
            await self._runner.cleanup()

        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(run()), daemon=True)
        self._thread.start()
        started.wait()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()
        self._loop.close()

    async def _say(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._answer)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("zone = 'Mars'", "Mars"), ("nothing = 1", "nothing"), ("[agreements]\nx = 'y'", "x"),
        ("[addresses]\n0x12 = 'y'", "0x12"), ("decimals = 99", "decimals"), ("[", "TOML"),
    ],
)  # fmt: skip
def test_a_file_of_names_that_is_wrong(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "names.toml"
    file.write_text(text)
    with pytest.raises(ConsoleError, match=words):
        read(file)


def test_the_language_that_a_browser_asks_for() -> None:
    assert negotiated("ru-RU,ru;q=0.9,en;q=0.8") == "ru"
    assert negotiated("de,en;q=0.5,ru;q=0.4") == "en"
    assert negotiated("de") == "en"
    assert negotiated("ru;q=nonsense,,;;") == "en"


def test_metrics_of_a_relayer_are_read_and_nonsense_is_not() -> None:
    found = _read("# TYPE electro_relayer_balance_wei gauge\nelectro_relayer_balance_wei 5e+17\nother 1\n")
    assert found == {"balance_wei": 5 * 10**17}
    with pytest.raises(ValueError, match="could not convert"):
        _read("electro_relayer_balance_wei lots\n")


def test_an_office_that_opens_a_page_at_once_gets_all_of_it() -> None:
    guard = Guard(frozenset({"console"}), a_second=1, burst=2, clock=lambda: 0.0)
    headers = {"Host": "console"}
    for _ in range(100):
        guard.admit(make_mocked_request("GET", "/static/page.js", headers=headers))
    for _ in range(2):
        guard.admit(make_mocked_request("GET", "/", headers=headers))
    with pytest.raises(TooMany):
        guard.admit(make_mocked_request("GET", "/", headers=headers))


def test_whether_it_lives_is_told_to_anybody() -> None:
    guard = Guard(frozenset({"console"}), b"correct horse battery")
    guard.admit(make_mocked_request("GET", "/healthz", headers={"Host": "10.0.0.5:8600"}))
    with pytest.raises(Elsewhere):
        guard.admit(make_mocked_request("GET", "/", headers={"Host": "10.0.0.5:8600"}))


@pytest.mark.parametrize("packed", ["gz", "zip"])
def test_a_file_that_unpacks_to_the_whole_memory_is_refused(console: RunningConsole, packed: str) -> None:
    bomb = io.BytesIO()
    blank = b"2026-01-01 00:00,1\n" * (1 << 16)
    if packed == "gz":
        with gzip.GzipFile(fileobj=bomb, mode="wb") as stream:
            for _ in range(64):
                stream.write(blank)
    else:
        with (
            zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive,
            archive.open("load.csv", "w") as stream,
        ):
            for _ in range(64):
                stream.write(blank)
    assert len(bomb.getvalue()) < 1 << 20
    asked = "start=1800000000&violation=1&under=1&over=1&bonus=1"
    status, text = got(
        f"{console.url}/plan?{asked}&name=load.{packed}", "POST", data=bomb.getvalue(),
        headers={"Content-Type": "application/octet-stream"},
    )  # fmt: skip
    assert status == 400
    assert "more than 64 MB" in json.loads(text)["sentence"]


def test_behind_a_proxy_its_word_tells_readers_apart() -> None:
    proxied, plainly = Guard(frozenset(), proxied=True), Guard(frozenset())
    request = make_mocked_request("GET", "/", headers={"X-Forwarded-For": "6.6.6.6, 10.0.0.9"})
    assert proxied._client(request) == "10.0.0.9", "what came to the proxy is the reader's own word"
    assert plainly._client(request) != "10.0.0.9"


@pytest.mark.parametrize("bind", ["nonsense", "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:x"])
def test_where_nobody_can_listen(bind: str) -> None:
    assert "is no place to listen at" in refused("console", "--contract", "0x" + "11" * 20, "--bind", bind)


def test_an_open_door_is_refused_before_anything_begins() -> None:
    said = refused(
        "console", "--contract", "0x" + "11" * 20, "--bind", "0.0.0.0:0", "--rpc", "http://127.0.0.1:1"
    )
    assert "--password-file" in said
