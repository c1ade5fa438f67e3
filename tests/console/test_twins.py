# SPDX-License-Identifier: Apache-2.0
"""Each page is JSON too: by its address, by what is accepted, by the link at its foot; with its figures."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.console.life import START
from tests.console.test_pages import PAGES
from tests.waiting import LIMIT_S

if TYPE_CHECKING:
    from tests.console.life import Life
    from tests.console.running_console import RunningConsole


def got(address: str, accept: str = "text/html") -> requests.Response:
    answer = requests.get(address, headers={"Accept": accept}, timeout=LIMIT_S)
    assert answer.status_code == 200, answer.text[-500:]
    return answer


@pytest.mark.parametrize(
    "state", ["", "?lang=ru", "?since=1800100000&until=1800200000", "?zone=Asia%2FTokyo"]
)
@pytest.mark.parametrize("name", PAGES)
def test_each_page_is_json_too(console: RunningConsole, name: str, state: str) -> None:
    address = console.url + PAGES[name] + state
    page = got(address)
    foot = re.findall(r'<a href="([^"]+\.json[^"]*)"', page.text)[-1].replace("&amp;", "&")
    twin = got(console.url + foot)
    assert twin.headers["Content-Type"].startswith("application/json")
    assert twin.json() == got(address, "application/json").json()


def test_the_overview_in_figures_is_that_of_the_index(console: RunningConsole, life: Life) -> None:
    found = got(f"{console.url}/overview.json").json()
    now = found["now"]
    overview = console.index.overview(now)
    assert found["status"]["block"] == life.web3.eth.block_number
    assert found["agreements"] == {str(phase): count for phase, count in overview.agreements.items()}
    assert sum(found["agreements"].values()) == life.contract.functions.agreementCount().call()
    point = life.contract.functions.point(1, found["behind"]["meters"][0]["device"]["address"]).call()
    length_s = life.contract.functions.termsOf(1).call()[1]
    assert found["behind"]["count"] == 1
    assert found["behind"]["meters"][0]["behind"] == (now - START) // length_s - point[1]
    assert [each["id"] for each in found["offers"]["agreements"]] == [2]


def test_a_list_counts_what_it_lists(console: RunningConsole) -> None:
    found: Any = got(f"{console.url}/agreements.json").json()
    assert [each["id"] for each in found["agreements"]] == [2, 1]
