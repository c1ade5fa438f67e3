# SPDX-License-Identifier: Apache-2.0
"""Write what a node asks for in the Authorization header: a bearer token, a JWT made now, or user and password.

No sentence here repeats what a file holds.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re

SECRET_BYTES = 32  # execution-apis, authentication: 256 bits of hex, with or without 0x
_PRINTABLE = re.compile(r"[\x21-\x7e]+")
_JWT_PARTS = 3


def bearer(text: str) -> str:
    """Return the header of a token; raises ValueError."""
    token = text.removeprefix("Bearer ").strip()
    if not _PRINTABLE.fullmatch(token):
        raise ValueError("must hold one token, without spaces")
    return f"Bearer {token}"


def basic(text: str) -> str:
    """Return the header of USER:PASSWORD; raises ValueError."""
    if ":" not in text or "\n" in text:
        raise ValueError("must hold USER:PASSWORD on one line")
    return "Basic " + base64.b64encode(text.encode()).decode()


def secret(text: str) -> bytes:
    """Read the secret of JWTs; raises ValueError."""
    try:
        found = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        found = b""
    if len(found) != SECRET_BYTES:
        raise ValueError(f"must hold {SECRET_BYTES} bytes of hex")
    return found


def signed_now(key: bytes, now_s: int) -> str:
    """Return the header of a JWT (HS256) that was made now; a node takes it for a minute."""
    parts = [_part({"alg": "HS256", "typ": "JWT"}), _part({"iat": now_s})]
    mac = hmac.new(key, ".".join(parts).encode(), hashlib.sha256).digest()
    return "Bearer " + ".".join([*parts, _base64(mac)])


def expiry(header: str) -> int | None:
    """Return when the JWT of a header expires, unix seconds; None where it does not say, or is none."""
    parts = header.removeprefix("Bearer ").split(".")
    if len(parts) != _JWT_PARTS:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return int(claims["exp"])
    except (binascii.Error, ValueError, TypeError, LookupError, OverflowError):
        return None


def _part(claims: dict[str, object]) -> str:
    return _base64(json.dumps(claims, separators=(",", ":")).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
