# SPDX-License-Identifier: Apache-2.0
"""Say why a node gave no answer, in words of ours: a library's own may hold an address, and that a password.

What failed first stands at the bottom of what libraries wrap around it: OpenSSL's verdict, or the system's.
"""

from __future__ import annotations

import errno
import http.client
import os
import socket
import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEPTH = 12  # of wrappings: urllib3 in requests makes five
_CLOSED = "it closed the connection without an answer"
_NO_TLS = "it does not speak TLS there: is its address http://?"
_NO_ENTRY = "it does not accept the certificate that we show (ELECTRO_RPC_CERT)"
_CERTIFICATE_WANTED = "it asks for a certificate of ours: ELECTRO_RPC_CERT and ELECTRO_RPC_KEY"
_MAYBE_WANTED = "it may want a certificate of ours: ELECTRO_RPC_CERT and ELECTRO_RPC_KEY"
_ENDS = (_CLOSED, os.strerror(errno.ECONNRESET).lower(), os.strerror(errno.EPIPE).lower())
# OpenSSL's reasons; two of them depend on the version that is linked
_TLS = {
    "WRONG_VERSION_NUMBER": _NO_TLS,
    "RECORD_LAYER_FAILURE": _NO_TLS,
    "HTTP_REQUEST": _NO_TLS,
    "PACKET_LENGTH_TOO_LONG": _NO_TLS,
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": _CERTIFICATE_WANTED,
    "SSLV3_ALERT_HANDSHAKE_FAILURE": _CERTIFICATE_WANTED,
    "TLSV1_ALERT_UNKNOWN_CA": _NO_ENTRY,
    "SSLV3_ALERT_BAD_CERTIFICATE": _NO_ENTRY,
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": _NO_ENTRY,
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": _NO_ENTRY,
    "TLSV1_ALERT_ACCESS_DENIED": _NO_ENTRY,
    "UNEXPECTED_EOF_WHILE_READING": _CLOSED,
}
# X509_V_ERR_*: OpenSSL, x509_vfy.h
_CERTIFICATES = {
    10: "its certificate has expired",
    9: "its certificate is not valid yet: does this machine's clock go right?",
    62: "its certificate is for another name",
    64: "its certificate is for another address",
}


def why(error: BaseException, *, anonymous: bool = False) -> str:
    """Return what is wrong, to be read after "does not answer: ".

    `anonymous`: TLS was spoken without a certificate of ours. Of TLS 1.3's word that one is wanted, which comes after
    the handshake, often only the closing of the connection is seen.
    """
    chain = list(_chain(error))
    for told in (_of_certificates, _of_tls, _of_connections):
        for each in chain:
            if words := told(each):
                return f"{words}; {_MAYBE_WANTED}" if anonymous and words in _ENDS else words
    return f"the connection fails ({type(error).__name__})"


def _of_certificates(error: BaseException) -> str | None:
    if not isinstance(error, ssl.SSLCertVerificationError):
        return None
    untrusted = f"its certificate is not trusted ({error.verify_message}): ELECTRO_RPC_CA names whom to trust"
    return _CERTIFICATES.get(error.verify_code, untrusted)


def _of_tls(error: BaseException) -> str | None:
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return _CLOSED
    if not isinstance(error, ssl.SSLError) or not error.reason:
        return None
    return _TLS.get(error.reason, f"TLS fails ({error.reason.lower().replace('_', ' ')})")


def _of_connections(error: BaseException) -> str | None:
    name = type(error).__name__
    if isinstance(error, socket.gaierror):
        return "nobody knows its name"
    if isinstance(error, TimeoutError) or "Timeout" in name:
        return "no answer in time"
    if isinstance(error, http.client.RemoteDisconnected) or name == "ServerDisconnectedError":
        return _CLOSED
    if isinstance(error, http.client.BadStatusLine) or name == "BadHttpMessage":
        return "it does not speak HTTP there: is its address https://?"
    if isinstance(error, OSError) and error.errno and not isinstance(error, ssl.SSLError):
        return os.strerror(error.errno).lower()
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and what is wrapped in it, the innermost first."""
    found: list[BaseException] = []
    ahead = [error]
    while ahead and len(found) < _DEPTH:
        each = ahead.pop(0)
        if any(each is other for other in found):
            continue
        found.append(each)
        inner = [*each.args, getattr(each, "reason", None), each.__cause__, each.__context__]
        ahead += [one for one in inner if isinstance(one, BaseException)]
        # aiohttp's, by the names of its attributes
        ahead += [
            one
            for name in ("certificate_error", "os_error")
            if isinstance(one := getattr(each, name, None), BaseException)
        ]
    return reversed(found)
