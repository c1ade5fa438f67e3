# SPDX-License-Identifier: Apache-2.0
"""Speak to a node by requests, with our credentials and certificates.

What fails there is told in our words: requests' own hold the whole address, in which a key may stand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

if TYPE_CHECKING:
    from electro_contracts.node.access import Endpoint


def session(node: Endpoint) -> requests.Session:
    """Return a session that shows a node what it asks for, and raises `NodeSilent` where it gives no answer."""
    made = requests.Session()
    # the environment's proxies, looked up once: it is no other thread's to change between two requests
    made.proxies = made.merge_environment_settings(node.url, {}, None, None, None)["proxies"]
    made.trust_env = False
    made.auth = _Shown(node)
    for scheme in ("http://", "https://"):
        made.mount(scheme, _Way(node))
    return made


class NodeSilent(requests.ConnectionError):
    """The node gave no answer, and why, in one sentence; `status` is HTTP's, if it came so far."""

    def __init__(self, sentence: str, status: int | None = None) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.status = status


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
            raise self._silent(self._node.let_in(response.status_code), response)
        if 300 <= response.status_code < 400:
            raise self._silent(
                f"it redirects (HTTP {response.status_code}); give the address where it stands", response
            )
        if response.status_code >= 400:
            raise self._silent(f"HTTP {response.status_code}, {(response.reason or '').lower()}", response)
        return response

    def _silent(self, words: str, response: requests.Response | None = None) -> NodeSilent:
        status = None if response is None else response.status_code
        return NodeSilent(f"the node {self._node.shown} does not answer: {words}", status)
