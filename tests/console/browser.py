# SPDX-License-Identifier: Apache-2.0
"""A browser page that tells on itself: what was refused, errors, calls elsewhere; and a wallet that really signs."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from eth_account.messages import encode_typed_data

from tests.waiting import LIMIT_S

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount
    from playwright.sync_api import BrowserContext, Page
    from web3 import Web3

_WATCH = """
window.refusedHere = [];
addEventListener("securitypolicyviolation", (event) =>
  window.refusedHere.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
"""
# A provider as EIP-6963 announces one; each request goes to Python, which has the key.
_WALLET = """
{
  const provider = { request: async ({ method, params }) => {
    const { result, error } = JSON.parse(await window.askWallet(JSON.stringify({ method, params: params ?? [] })));
    if (error) throw Object.assign(new Error(error.message), { code: error.code });
    return result;
  }, on: (name, hear) => addEventListener(`wallet:${name}`, (event) => hear(event.detail)) };
  const info = { uuid: "00000000-0000-4000-8000-000000000001", name: "Test wallet", icon: "data:,", rdns: "test" };
  const detail = Object.freeze({ info, provider });
  const announce = () => dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail }));
  addEventListener("eip6963:requestProvider", announce);
}
"""


class Watched:
    """Notes what a context's pages should never do.

    Args:
        context: of the browser.
        url: of the console; nothing else may be asked.
    """

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.troubles: list[str] = []
        self._pages: list[Page] = []
        context.add_init_script(_WATCH)
        context.on("page", self._watch)
        context.on("request", lambda request: self._asked(request.url, url))
        self.expected: set[int] = set()

    def _watch(self, page: Page) -> None:
        self._pages.append(page)
        page.on("pageerror", lambda error: self.troubles.append(f"error: {error}"))
        page.on("console", lambda message: self._said(message.type, message.text))

    def _said(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and not any(f"status of {each}" in text for each in self.expected):
            self.troubles.append(f"{kind}: {text}")

    def _asked(self, address: str, url: str) -> None:
        if not address.startswith((url, "blob:", "data:")):
            self.troubles.append(f"asked elsewhere: {address}")

    def close(self) -> None:
        """Fail if anything was noted."""
        for page in self._pages:
            if not page.is_closed():
                self.troubles += page.evaluate("window.refusedHere ?? []")
        assert not self.troubles, self.troubles


class Wallet:
    """A wallet of one account in a context's pages. `asked` are the methods that a page has used."""

    def __init__(
        self, context: BrowserContext, web3: Web3, account: LocalAccount, *, declines: bool = False
    ) -> None:
        self._web3 = web3
        self._account = account
        self.declines = declines
        self.chain_id: int | None = None  # of the chain it is on; None: the console's
        self.asked: list[str] = []
        self.signed: list[dict[str, Any]] = []
        context.expose_function("askWallet", self._ask)
        context.add_init_script(_WALLET)

    def _ask(self, body: str) -> str:
        asked = json.loads(body)
        method, params = asked["method"], asked["params"]
        self.asked.append(method)
        if self.declines and method.startswith(("eth_send", "eth_sign")):
            return json.dumps({"error": {"code": 4001, "message": "User rejected the request."}})
        if method == "eth_chainId" and self.chain_id is not None:
            return json.dumps({"result": hex(self.chain_id)})
        if method == "wallet_switchEthereumChain":
            self.chain_id = int(params[0]["chainId"], 16)
            return json.dumps({"result": None})
        if method == "eth_requestAccounts" and self.declines:
            return json.dumps({"result": []})
        if method == "eth_requestAccounts":
            return json.dumps({"result": [self._account.address.lower()]})
        if method == "eth_sendTransaction":
            return json.dumps({"result": self._send(params[0])})
        if method == "eth_signTypedData_v4":
            typed = json.loads(params[1])
            self.signed.append(typed)
            signed = self._account.sign_message(encode_typed_data(full_message=typed))
            return json.dumps({"result": "0x" + signed.signature.hex().removeprefix("0x")})
        return json.dumps(self._web3.provider.make_request(method, params), default=str)

    def _send(self, transaction: dict[str, str]) -> str:
        fields: dict[str, Any] = {
            "from": self._account.address, "to": transaction["to"], "data": transaction["data"], "value": 0,
            "chainId": self._web3.eth.chain_id, "nonce": self._web3.eth.get_transaction_count(self._account.address),
            "gas": 3_000_000, "gasPrice": 2 * self._web3.eth.gas_price,
        }  # fmt: skip
        signed = self._account.sign_transaction(fields)
        return "0x" + self._web3.eth.send_raw_transaction(signed.raw_transaction).hex().removeprefix("0x")


def until(page: Page, question: str) -> None:
    """Wait until an expression is true; the page's own policy forbids what Playwright would wait with."""
    began = time.monotonic()
    while not page.evaluate(question):
        assert time.monotonic() - began < LIMIT_S, f"it did not come to be: {question}"
        page.wait_for_timeout(50)
