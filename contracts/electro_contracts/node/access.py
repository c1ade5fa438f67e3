# SPDX-License-Identifier: Apache-2.0
"""Hold how a node is reached: whom we trust, what we show, and its address in words that hold no secret.

Credentials and certificates stand in files. They are read again when they change, so that a token of a quarter of an
hour and a certificate of a month serve a process that runs for years; where the new one can't be read, the last one
stays. What is wrong at the start is one `AccessError`.
"""

from __future__ import annotations

import re
import ssl
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import unquote, urlsplit, urlunsplit

from electro_contracts.node import credentials, silence
from electro_contracts.node.watched import Watched

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Read = TypeVar("Read")

# The environment variable of each part of the way to it.
VARIABLES = {
    "token_file": "ELECTRO_RPC_TOKEN_FILE",
    "jwt_secret_file": "ELECTRO_RPC_JWT_SECRET_FILE",
    "basic_file": "ELECTRO_RPC_BASIC_FILE",
    "ca": "ELECTRO_RPC_CA",
    "cert": "ELECTRO_RPC_CERT",
    "key": "ELECTRO_RPC_KEY",
}
MEANINGS = {
    "token_file": "a file with the bearer token or JWT that nodes ask for; read again when it changes",
    "jwt_secret_file": "a file with 32 bytes of hex, with which a JWT (HS256) is made for each request",
    "basic_file": "a file with USER:PASSWORD for nodes",
    "ca": "a file (PEM) of those who may vouch for nodes; then nobody else may",
    "cert": "a file (PEM) with the certificate that nodes are shown",
    "key": "a file (PEM) with its key, where that stands apart",
}


class AccessError(ValueError):
    """What was given of the way to a node can't be used; `part` is a field of `Access`, or `url`."""

    def __init__(self, part: str, problem: str) -> None:
        super().__init__(problem)
        self.part, self.problem = part, problem


@dataclass(frozen=True, slots=True)
class Access:
    """Whom we trust and what we show; at most one of the first three."""

    token_file: Path | None = None
    jwt_secret_file: Path | None = None
    basic_file: Path | None = None
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None

    def __post_init__(self) -> None:
        shown = [name for name in ("token_file", "jwt_secret_file", "basic_file") if getattr(self, name)]
        if len(shown) > 1:
            raise AccessError(shown[1], f"and {shown[0]} are both given, and one is enough")
        if self.key and not self.cert:
            raise AccessError("key", "is of use with a certificate only: give cert too")


class Endpoint:
    """One node's address and the way to it.

    Args:
        url: http:// or https://, maybe with user and password, which then are shown instead of anything in `access`.
        access: files of credentials and certificates.

    Raises:
        AccessError: no such address can be, or a file can't be used.
    """

    def __init__(self, url: str, access: Access | None = None) -> None:
        access = access or Access()
        if not is_address(url):
            raise AccessError(
                "url", "must start with http:// or https:// and name a host, a port of it maybe"
            )
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        self.given = url  # with what secrets it has: for another process
        self.url = urlunsplit(parts._replace(netloc=host))
        self.shown = shown_url(url)
        self.access = access
        self._authorization: Callable[[], str | None] = lambda: None
        if "@" in parts.netloc:
            own = credentials.basic(f"{unquote(parts.username or '')}:{unquote(parts.password or '')}")
            self._authorization = lambda: own
        elif shows := _shown_by(access):
            self._authorization = shows
        self._context: Watched[ssl.SSLContext] | None = None
        if parts.scheme == "https":
            files = [each for each in (access.ca, access.cert, access.key) if each]
            self._context = Watched(files, lambda: trusting(access))

    def authorization(self) -> str | None:
        """Return the Authorization header's value of now, if one is shown."""
        return self._authorization()

    def context(self) -> ssl.SSLContext | None:
        """Return what TLS is spoken with: the same object until a file changes; None where none is spoken."""
        return self._context.get() if self._context else None

    def why(self, error: BaseException) -> str:
        """Say why a request that failed like this was not answered."""
        return silence.why(error, anonymous=self._context is not None and self.access.cert is None)

    def let_in(self, status: int) -> str:
        """Say why a node that answered 401 or 403 may have done so."""
        shows = "what we show" if self.authorization() else "anybody without a token or a password"
        words = f"it does not let in {shows} (HTTP {status})"
        expired = credentials.expiry(self.authorization() or "")
        if expired and expired < time.time():
            return f"{words}: the token expired {time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(expired))}"
        return words


def from_environment(environ: Mapping[str, str], given: Mapping[str, Path | None]) -> Access:
    """Return what is given, and from the environment what is not."""
    read = {part: Path(environ[name]) for part, name in VARIABLES.items() if environ.get(name)}
    return Access(**{**read, **{part: file for part, file in given.items() if file is not None}})


def is_address(url: str) -> bool:
    """Tell whether an address of a node can be one."""
    try:
        parts = urlsplit(url)
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and parts.port != 0
            and not re.search(r"\s", url)
        )
    except ValueError:  # brackets that don't match, a port that is none
        return False


def shown_url(url: str) -> str:
    """Return scheme, host and port: path and query may hold a provider's key, what stands before @ a password."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")


def trusting(access: Access) -> ssl.SSLContext:
    """Make what TLS is spoken with; raises AccessError."""
    ca = str(access.ca) if access.ca else None
    if ca is None and not any(ssl.get_default_verify_paths()[:2]):
        import certifi  # noqa: PLC0415 - where it is needed

        ca = certifi.where()  # a machine without certificates of its own
    try:
        context = ssl.create_default_context(cafile=ca)
    except OSError as error:  # ssl.SSLError is one
        raise AccessError("ca", _unusable(access.ca, error, "certificates")) from error
    if access.cert:
        try:
            context.load_cert_chain(access.cert, access.key, password=_no_password)
        except OSError as error:
            missing = access.key if access.key and not access.key.exists() else access.cert
            raise AccessError("cert", _unusable(missing, error, "a certificate and its key")) from error
    return context


def _shown_by(access: Access) -> Callable[[], str] | None:
    """Return what tells the Authorization header's value of now, of the one file that holds it."""
    for part, file, read in (
        ("token_file", access.token_file, credentials.bearer),
        ("basic_file", access.basic_file, credentials.basic),
    ):
        if file is not None:
            return Watched([file], lambda part=part, file=file, read=read: _read(part, file, read)).get  # type: ignore[misc]
    if access.jwt_secret_file is not None:
        file = access.jwt_secret_file
        secret = Watched([file], lambda: _read("jwt_secret_file", file, credentials.secret))
        return lambda: credentials.signed_now(secret.get(), int(time.time()))
    return None


def _read(part: str, file: Path, read: Callable[[str], Read]) -> Read:
    try:
        return read(file.read_text("ascii").strip())
    except OSError as error:
        raise AccessError(part, f"{file} can't be read: {(error.strerror or '').lower()}") from error
    except ValueError as error:  # UnicodeDecodeError is one; no word of what stands there
        said = "must be plain ASCII" if isinstance(error, UnicodeDecodeError) else str(error)
        raise AccessError(part, f"{file}: {said}") from None


def _no_password() -> str:
    """Say that nobody is here to be asked: OpenSSL would ask at the terminal."""
    raise AccessError("key", "is encrypted; give it in the clear, in a file that only its user may read")


def _unusable(file: Path | None, error: OSError, wanted: str) -> str:
    if isinstance(error, ssl.SSLError):
        matches = error.reason != "KEY_VALUES_MISMATCH"
        return (
            f"{file} does not hold {wanted} (PEM)"
            if matches
            else f"{file} and the key do not belong together"
        )
    return f"{file} can't be read: {(error.strerror or '').lower()}"
