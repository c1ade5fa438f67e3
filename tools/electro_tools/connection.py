# SPDX-License-Identifier: Apache-2.0
"""Connect web3 to a node, with our credentials and certificates.

What fails is told in our words: web3's own hold too many of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from web3 import HTTPProvider
from web3.exceptions import Web3RPCError

from electro_contracts.node.session import NodeSilent, session

if TYPE_CHECKING:
    from electro_contracts.node.access import Endpoint


def provider(node: Endpoint, timeout_s: float | None) -> HTTPProvider:
    """Return web3's way to a node."""
    # web3 sends eth_sendRawTransaction up to five times on its own; the second answer hides the first
    return HTTPProvider(
        node.url,
        request_kwargs={"timeout": timeout_s, "allow_redirects": False},
        session=session(node),
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
