# SPDX-License-Identifier: Apache-2.0
"""Connect web3 to a node, with our credentials and certificates.

web3 speaks HTTP through requests. What fails there is told in our words: requests' own hold the whole address.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from web3 import HTTPProvider
from web3.exceptions import Web3RPCError

if TYPE_CHECKING:
    from electro_contracts.node.access import Endpoint


def provider(node: Endpoint, timeout_s: float | None) -> HTTPProvider:
    """Return web3's way to a node."""
    session = requests.Session()
    session.auth = _Shown(node)
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Way(node))
    # web3 sends eth_sendRawTransaction up to five times on its own; the second answer hides the first
    return HTTPProvider(
        node.url,
        request_kwargs={"timeout": timeout_s, "allow_redirects": False},
        session=session,
        exception_retry_configuration=None,
    )


def said(error: Exception) -> str:
    """Return what a failure of web3's means, as a sentence."""
    if isinstance(error, NodeSilent):
        return str(error)
    told = error.rpc_response if isinstance(error, Web3RPCError) else None
    answered: Any = told.get("error") if told else None
    if isinstance(answered, dict) and answered.get("message"):
        return f"the node says: {str(answered['message'])[:300]}"
    if isinstance(error, Web3RPCError):
        return f"the node says: {str(answered or error.message)[:300]}"
    return f"the node's answer makes no sense ({type(error).__name__})"


class NodeSilent(requests.ConnectionError):
    """The node gave no answer, and why, in one sentence."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class _Shown(AuthBase):
    """Shows a node what it asks for, and not what ~/.netrc may hold for its name."""

    def __init__(self, node: Endpoint) -> None:
        self._node = node

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if shown := self._node.authorization():
            request.headers["Authorization"] = shown
        return request


class _Way(HTTPAdapter):
    """Goes with our TLS context, and says in our words what fails."""

    def __init__(self, node: Endpoint) -> None:
        self._node = node
        super().__init__()

    def cert_verify(self, *_: Any, **__: Any) -> None:
        """Leave whom to trust to the context; requests would add its own list."""

    def build_connection_pool_key_attributes(self, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        host, pool = super().build_connection_pool_key_attributes(*args, **kwargs)
        context = self._node.context()
        return host, ({"ssl_context": context} if context else pool)

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        try:
            response = super().send(*args, **kwargs)
        except (requests.RequestException, OSError) as error:
            raise self._silent(self._node.why(error)) from None  # a traceback would show the address
        if response.status_code in (401, 403):
            raise self._silent(self._node.let_in(response.status_code))
        if 300 <= response.status_code < 400:
            raise self._silent(
                f"it redirects (HTTP {response.status_code}); give the address where it stands"
            )
        if response.status_code >= 400:
            raise self._silent(f"HTTP {response.status_code}, {(response.reason or '').lower()}")
        return response

    def _silent(self, words: str) -> NodeSilent:
        return NodeSilent(f"the node {self._node.shown} does not answer: {words}")
