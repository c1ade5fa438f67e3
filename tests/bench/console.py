# SPDX-License-Identifier: Apache-2.0
"""Measure the console: drawing and zooming a year of quarter hours in the browser, what is shipped, pages.

    python tests/bench/console.py [--agreements 1000] [--meters 10000] [--readers 50] [--json]

The browser is Debian's Chromium without a graphics processor; the chain is anvil; the index is SQLite. One agreement
has a year of quarter hours, the others are offers beside it, so that lists have something to look through. A fleet is
of a made chain: so many accepted agreements with a meter each that has reported for three days, and no node.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import aiohttp
from playwright.sync_api import Page, sync_playwright
from tests.bench.index import Filled
from tests.bench.index_chain import CONTRACT
from tests.console.life import DAY_S, GENESIS, START, Life, lived, terms_of
from tests.console.running_console import RunningConsole
from tests.toolchain import fetch
from tests.toolchain.running_anvil import Anvil

from electro_console.index.reading import Index
from electro_console.web import static_files
from electro_console.web.serving import Settings, running

_DRAWN = 5  # loads of the page, of which the median counts
_ZOOMS = 60
_PAGES = (("agreement", "/agreements/1"), ("list", "/agreements"), ("overview", "/"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--agreements", type=int, default=1000)
    parser.add_argument("--meters", type=int, default=10_000, help="of the fleet, an agreement each")
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--days", type=int, default=364, help="of the long agreement")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    with Anvil(*GENESIS) as anvil, tempfile.TemporaryDirectory() as folder:
        life = Life(anvil)
        _live(life, chosen.agreements, chosen.days)
        with RunningConsole(
            anvil.url, life.domain.contract, Path(folder) / "index.sqlite", behind_proxy=True
        ) as console:
            console.has(life.web3.eth.block_number)
            found = {
                "load": os.getloadavg()[0],
                "agreements": chosen.agreements,
                "intervals": chosen.days * 96,
            }
            found |= shipped()
            found |= asyncio.run(_served(console.url, chosen.readers))
            found |= in_browser(console.url)
        found |= asyncio.run(fleet(Path(folder) / "fleet.sqlite", chosen.meters, chosen.readers))
    print(json.dumps(found) if chosen.json else _table(found))
    return 0


def _live(life: Life, agreements: int, days: int) -> None:
    meter, other = life.meter(), life.meter()
    terms = terms_of(days)
    number = life.agree(terms, [meter])
    offer = terms_of(28, start=START + 700 * DAY_S)
    what = (life.consumer.address, offer.to_tuple(), [other.address], 5_000_000)
    data = life.contract.encode_abi("propose", args=what)
    proposal = {"from": life.operator.address, "to": life.address, "data": data, "gas": hex(5_000_000)}
    for _ in range(agreements - 1):
        life.web3.provider.make_request("eth_sendTransaction", [proposal])  # type: ignore[arg-type]
    lived(life, terms, meter, number, days)


def shipped() -> dict[str, Any]:
    """Return the bytes of scripts that the heaviest page loads: as they are, and packed as they travel."""
    scripts = [
        file for name, file in static_files.load().items() if name.endswith(".js") and name != "plan.js"
    ]
    return {
        "js_bytes": sum(len(each.content) for each in scripts),
        "js_packed_bytes": sum(len(each.packed) for each in scripts),
    }


async def fleet(database: Path, meters: int, readers: int) -> dict[str, Any]:
    """Return what pages take of a fleet of meters."""
    filled = Filled(str(database), meters)
    filled.agree()
    for day in range(3):
        filled.chain.report(day)
        filled.take_in()
    filled.database.close()
    settings = Settings(("http://127.0.0.1:9",), CONTRACT, str(database), port=0, behind_proxy=True)
    with Index.open(str(database)) as index:
        async with running(settings, index) as (url, _):
            found = await _served(url, readers, (*_PAGES, ("meters", "/meters")))
    return {"fleet": meters, **{f"fleet_{name}": took for name, took in found.items() if name != "readers"}}


async def _served(url: str, readers: int, pages: tuple[tuple[str, str], ...] = _PAGES) -> dict[str, Any]:
    """Return milliseconds of pages: one reader alone, first and then; many at once, the 95th of a hundred.

    Processor time, of server and reader together, is what a busy machine stretches least.
    """
    found: dict[str, Any] = {"readers": readers}
    async with aiohttp.ClientSession() as session:
        for name, path in pages:
            began = time.process_time()
            first = await _get(session, url + path)
            found[f"{name}_first_cpu_ms"] = (time.process_time() - began) * 1000
            began = time.process_time()
            then = [await _get(session, url + path) for _ in range(20)]
            found[f"{name}_first_ms"] = first
            found[f"{name}_cpu_ms"] = (time.process_time() - began) / len(then) * 1000
            found[f"{name}_ms"] = statistics.median(then)
            many = await asyncio.gather(*(_reader(session, url + path, each) for each in range(readers)))
            latencies = sorted(each for some in many for each in some)
            found[f"{name}_many_ms"] = latencies[len(latencies) * 95 // 100]
    return found


async def _reader(session: aiohttp.ClientSession, address: str, number: int) -> list[float]:
    return [await _get(session, address, number) for _ in range(4)]


async def _get(session: aiohttp.ClientSession, address: str, reader: int = 0) -> float:
    """Ask as one of many behind a proxy: a single address that asked as often would be told to wait."""
    headers = {"Accept": "text/html", "X-Forwarded-For": f"192.0.2.{reader}"}
    began = time.perf_counter()
    async with session.get(address, headers=headers) as answer:
        text = await answer.text()
        assert answer.status == 200, f"{address}: {answer.status} {text[:500]}"
    return (time.perf_counter() - began) * 1000


def in_browser(url: str) -> dict[str, Any]:
    """Return milliseconds from the asking for readings to the drawn year, and of a zoom, drawing included."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(fetch.chromium()), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1360, "height": 900})
        drawn, drawn_cpu = zip(*(_draw(page, url) for _ in range(_DRAWN)), strict=True)
        page.locator("#chart").focus()
        zooms = page.evaluate(
            """async (zooms) => {
                const chart = document.getElementById("chart"), took = [];
                const keys = ["+", "+", "+", "PageUp", "PageDown", "0"];
                for (let i = 0; i < zooms; i++) {
                    const began = performance.now();
                    chart.dispatchEvent(new KeyboardEvent("keydown", { key: keys[i % keys.length], bubbles: true }));
                    await new Promise((done) => queueMicrotask(done));
                    took.push(performance.now() - began);
                    await new Promise((done) => requestAnimationFrame(done));
                }
                return took;
            }""",
            _ZOOMS,
        )
        browser.close()
    zooms.sort()
    return {
        "drawn_ms": statistics.median(drawn),
        "drawn_cpu_ms": statistics.median(drawn_cpu),
        "zoom_ms": statistics.median(zooms),
        "zoom_95th_ms": zooms[len(zooms) * 95 // 100],
        "zoom_worst_ms": zooms[-1],
    }


def _draw(page: Page, url: str) -> tuple[float, float]:
    """Return milliseconds on the clock, and of the processor in the page's own thread: the whole page's."""
    asked = page.context.new_cdp_session(page)
    asked.send("Performance.enable")
    page.goto(f"{url}/agreements/1?span=all")
    page.wait_for_selector("#chart[data-drawn]")
    taken: float = page.evaluate("performance.getEntriesByName('electro:drawn')[0].duration")
    metrics = {each["name"]: each["value"] for each in asked.send("Performance.getMetrics")["metrics"]}
    asked.detach()
    return taken, metrics["ThreadTime"] * 1000


def _table(found: dict[str, Any]) -> str:
    return "\n".join(
        f"{name:22} {value:,.1f}" if isinstance(value, float) else f"{name:22} {value:,}"
        for name, value in found.items()
    )


if __name__ == "__main__":
    sys.exit(main())
