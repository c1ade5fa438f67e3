# SPDX-License-Identifier: Apache-2.0
"""Tokens (JWT, RS256) by which a network's nodes know who may ask them what; the key that signs them stays offline."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

from Crypto.Hash import SHA256
from Crypto.PublicKey import RSA
from Crypto.Signature import pkcs1_15

from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

BITS = 2048  # RFC 7518, 3.3: at least
PRIVATE, PUBLIC = "jwt-private.pem", "jwt-public.pem"
# Besu docs, authentication: which methods of JSON-RPC a token opens
MAY_SEND = ("eth:*", "net:*", "web3:*", "txpool:*")
MAY_ALL = ("*:*",)


def new_key() -> tuple[str, str]:
    """Return a private and a public key (PEM)."""
    made = RSA.generate(BITS)
    return made.export_key().decode() + "\n", made.public_key().export_key().decode() + "\n"


def public_key(file: Path) -> str:
    """Return a public key (PEM) that somebody else made; raises ToolError."""
    try:
        text = file.read_text("ascii")
        key = RSA.import_key(text)
    except OSError as error:
        raise ToolError(f"{file} can't be read: {(error.strerror or '').lower()}") from error
    except (ValueError, IndexError, TypeError) as error:
        raise ToolError(f"{file} holds no RSA key (PEM)") from error
    if key.has_private():
        raise ToolError(f"{file} holds a private key", "give nodes the public one")
    return text


def sign(private: str, permissions: Sequence[str], *, now_s: int, lasts_s: int) -> str:
    """Return a token that opens these methods for so long."""
    claims = {"permissions": list(permissions), "iat": now_s, "exp": now_s + lasts_s}
    signed = _part({"alg": "RS256", "typ": "JWT"}) + "." + _part(claims)
    signature = pkcs1_15.new(RSA.import_key(private)).sign(SHA256.new(signed.encode()))
    return f"{signed}.{_base64(signature)}"


def _part(claims: Mapping[str, object]) -> str:
    return _base64(json.dumps(claims, separators=(",", ":")).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
