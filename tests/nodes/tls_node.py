# SPDX-License-Identifier: Apache-2.0
"""A node behind TLS that wants what operators' nodes want: a certificate, a token, a password; with its own CA."""

from __future__ import annotations

import datetime as dt
import http.server
import ipaddress
import json
import ssl
import threading
from typing import TYPE_CHECKING, Any, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path

_DAY = dt.timedelta(days=1)


class Authority:
    """Signs certificates; `file` is its own."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.file = folder / f"{name}.pem"
        own = self._unsigned(self._name, self._key).add_extension(x509.BasicConstraints(True, None), True)
        identifier = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        self._write(self.file, own.add_extension(identifier, False).sign(self._key, hashes.SHA256()))

    def certify(self, name: str, host: str = "127.0.0.1", lasts: int = 30) -> tuple[Path, Path]:
        """The files of a certificate, for `lasts` days from yesterday, and of its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        where = x509.IPAddress(ipaddress.ip_address(host)) if host[0].isdigit() else x509.DNSName(host)
        builder = self._unsigned(subject, key, lasts).add_extension(
            x509.SubjectAlternativeName([where]), False
        )
        signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        signed = builder.add_extension(signer, False).sign(self._key, hashes.SHA256())
        files = self._folder / f"{name}.crt", self._folder / f"{name}.key"
        self._write(files[0], signed)
        files[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return files

    def _unsigned(self, subject: x509.Name, key: Any, lasts: int = 30) -> x509.CertificateBuilder:
        now = dt.datetime.now(dt.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - 2 * _DAY)
            .not_valid_after(now + (lasts - 1) * _DAY)
        )

    @staticmethod
    def _write(file: Path, certificate: x509.Certificate) -> None:
        file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


class GuardedNode:
    """Answers every question with the chain's id, to those who show what it wants.

    Args:
        certificate, key: its own; without, it speaks no TLS.
        clients: the CA of the certificates that it wants to be shown.
        wanted: the Authorization header that it wants; None: any or none.
    """

    def __init__(
        self,
        certificate: Path | None = None,
        key: Path | None = None,
        clients: Path | None = None,
        wanted: str | None = None,
    ) -> None:
        self.wanted, self.shown, self.status = wanted, [], 401
        node = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                shown = self.headers.get("Authorization")
                node.shown.append(shown)
                let_in = node.wanted is None or shown == node.wanted
                answer = json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": "0x539"}).encode()
                self.send_response(200 if let_in else node.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:  # handshakes that fail on purpose
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, key)
            if clients:
                context.verify_mode = ssl.CERT_REQUIRED
                context.load_verify_locations(clients)
            # the handshake is made by the connection's own thread, when it first reads
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._scheme = "https" if certificate else "http"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def at(self, host: str = "127.0.0.1", scheme: str | None = None, user: str = "", path: str = "") -> str:
        return f"{scheme or self._scheme}://{user}{host}:{self._server.server_port}{path}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
