# SPDX-License-Identifier: Apache-2.0
"""What a party does in the dialogs of an agreement's page: connect, fill, sign for others, show another's file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from playwright.sync_api import Page


def connect(page: Page) -> Page:
    """Connect the page's wallet."""
    page.locator("#wallet").click()
    page.wait_for_selector(".acting")
    return page


def begin(page: Page, name: str, fields: Mapping[str, str] | None = None) -> None:
    """Open an act's dialog; if it has fields, fill them and go on."""
    page.locator(f"[data-act={name}]").click()
    for field, value in (fields or {}).items():
        control = page.locator(f"dialog[open] [name={field}]")
        if control.evaluate("e => e.tagName") == "SELECT":
            control.select_option(value)
        else:
            control.fill(value)
    if fields:
        page.locator("dialog[open] button.first").click()


def end(page: Page, *, sign: bool = False) -> None:
    """Send it and wait until it is mined, or sign it for others to send."""
    page.locator(f"dialog[open] [data-do={'sign' if sign else 'send'}]").click()
    page.wait_for_selector("dialog[open] [data-signed]" if sign else "dialog[open] [data-mined]")


def download(page: Page, file: Path) -> Path:
    """Keep what was signed."""
    with page.expect_download() as downloaded:
        page.locator("dialog[open] a[download]").click()
    downloaded.value.save_as(file)
    return file


def show(page: Page, file: Path) -> None:
    """Give the dialog what the consumer has signed, and go on."""
    page.set_input_files("dialog[open] [name=file]", file)
    page.locator("dialog[open] button.first").click()


def told(page: Page) -> str:
    """Return what the dialog tells."""
    return page.locator("dialog[open]").inner_text().replace("\u00a0", " ")
