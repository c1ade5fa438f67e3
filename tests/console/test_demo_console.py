# SPDX-License-Identifier: Apache-2.0
"""`electro demo --console`: a newcomer's first look; the picture in the README is taken here.

With ELECTRO_PICTURE set in the environment it is written to where the README shows it, else only kept with the rest.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from electro_tools import lifeline
from tests.console.browser import Watched
from tests.console.conftest import SCREENSHOTS
from tests.waiting import LIMIT_S

if TYPE_CHECKING:
    from playwright.sync_api import Browser

README_PICTURE = Path(__file__).parents[2] / "tools" / "electro_console" / "screenshot.png"
_SHOWN = {"x": 0, "y": 0, "width": 1360, "height": 1120}  # down to the legend of the readings


def test_the_demo_stays_with_the_console_on_it(browser: Browser) -> None:
    command = lifeline.tied([sys.executable, "-m", "electro_tools.cli", "demo", "--console"])
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, pass_fds=lifeline.pass_fds()
    ) as demo:
        assert demo.stdout is not None
        said = []
        for line in demo.stdout:
            said.append(line)
            if found := re.search(r"console +(http://\S+)", line):
                break
        else:
            raise AssertionError("".join(said))
        try:
            context = browser.new_context(viewport={"width": 1360, "height": 1300}, locale="en-GB")
            context.set_default_timeout(LIMIT_S * 1000)
            watched = Watched(context, found[1])
            page = context.new_page()
            page.goto(f"{found[1]}/agreements/2")
            page.wait_for_selector("#chart[data-drawn]")
            page.wait_for_selector("#burndown[data-drawn]")
            assert "Furnace" in page.locator("h1").inner_text()
            assert "consumer's side" in page.locator(".ledger").inner_text()
            SCREENSHOTS.mkdir(parents=True, exist_ok=True)
            where = README_PICTURE if os.environ.get("ELECTRO_PICTURE") else SCREENSHOTS / "demo.png"
            page.screenshot(path=str(where), clip=_SHOWN)  # type: ignore[arg-type]
            page.goto(f"{found[1]}/agreements/2/audit")
            assert "agree, to the unit" in page.locator(".verdict").inner_text()
            watched.close()
            context.close()
            demo.send_signal(signal.SIGINT)
            assert demo.wait() in (0, 130)
        finally:
            demo.kill()  # if a page was not as it should be
