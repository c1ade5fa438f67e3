# SPDX-License-Identifier: Apache-2.0
"""Tell how much memory a verified TLS connection takes of an ESP32 with official MicroPython 1.25.

    python tests/bench/tls_memory.py SOURCES [--json]

SOURCES: those of Mbed TLS 3.6, not changed. Debian 13 has them, signed: with its
source packages (deb-src) among apt's sources, `apt-get update` and
`apt-get source --only-source mbedtls`. x86-64 with gcc-multilib; the tests' packages; about a minute.

Simulated: the library runs on the PC with words of 32 bits, configured as on the chip (micropython/tls/mbedtls_config.h
says from which sources), with an allocator that counts as the chip's would take (micropython/tls/client.c). It shakes
hands with Python's ssl, checks the server's certificate by the one CA that it is given, sends 1 KB, and gets 1 KB.
A server of another CA must be refused.

| printed, in bytes | what |
|---|---|
| objects | what of the context and the connection lies in MicroPython's own heap |
| context_with_ca | what the CA takes of the system's memory, until the context is collected |
| most_in_handshake | the most of the system's memory, with that |
| connected | after the exchange, with the context |
| largest_block | in one piece: the buffer for a record that comes in |

The chip has Mbed TLS 3.6.0 and differs where its accelerators for AES, SHA and long integers have states and
intermediates of their own. Not counted: the connection's TCP buffers, which a plain one has as well.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import socket
import ssl
import subprocess
import tempfile
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

HERE = Path(__file__).parent / "micropython" / "tls"
REQUEST_BYTES = 1_024
X509_VERIFY_FAILED = "handshake: -0x2700"  # MBEDTLS_ERR_X509_CERT_VERIFY_FAILED
DAY = dt.timedelta(days=1)


def p256() -> Key:
    return ec.generate_private_key(ec.SECP256R1())


def rsa2048() -> Key:
    return rsa.generate_private_key(65_537, 2_048)


# what is said of it: (how its keys are made, authorities between the CA and the server)
SERVERS: dict[str, tuple[Callable[[], Key], int]] = {
    "ECDSA P-256": (p256, 0),
    "ECDSA P-256, one intermediate": (p256, 1),
    "RSA 2048": (rsa2048, 0),
    "RSA 2048, one intermediate": (rsa2048, 1),
}


def build(sources: Path, folder: Path) -> Path:
    """Return the client's program; raises CalledProcessError."""
    program = folder / "client"
    subprocess.run(
        ["nice", "-n", "10", "gcc", "-m32", "-O1", "-Wno-error", "-D_FILE_OFFSET_BITS=64",
         f'-DMBEDTLS_USER_CONFIG_FILE="{HERE / "mbedtls_config.h"}"', f"-I{sources / 'include'}",
         f"-I{sources / 'library'}", "-o", str(program), str(HERE / "client.c"),
         *sorted(str(file) for file in (sources / "library").glob("*.c"))],
        check=True,
    )  # fmt: skip
    return program


def certificates(make: Callable[[], Key], between: int, folder: Path) -> tuple[Path, Path]:
    """Return the files of a new CA, in DER, and of a server's chain and key, in PEM."""
    now = dt.datetime.now(dt.UTC)
    issuer, issuer_key = None, None
    chain: list[x509.Certificate] = []
    names = ["Pinned CA", *(f"Authority {k}" for k in range(between)), "localhost"]
    for name in names:
        key = make()
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        builder = x509.CertificateBuilder(
            issuer or subject, subject, key.public_key(), x509.random_serial_number(), now - DAY, now + DAY
        ).add_extension(x509.BasicConstraints(name != "localhost", None), critical=True)
        if name == "localhost":
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        chain.append(builder.sign(issuer_key or key, hashes.SHA256()))
        issuer, issuer_key = subject, key
    ca, server = folder / "ca.der", folder / "server.pem"
    ca.write_bytes(chain[0].public_bytes(Encoding.DER))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    server.write_bytes(private + b"".join(one.public_bytes(Encoding.PEM) for one in chain[:0:-1]))
    return ca, server


def serve_one(listener: socket.socket, server: Path) -> None:
    """Answer one connection's request with as much, if the client goes on to it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(server)
    link, _ = listener.accept()
    with suppress(ssl.SSLError), context.wrap_socket(link, server_side=True) as connection:
        received = 0
        while received < REQUEST_BYTES:
            received += len(connection.recv(4_096))
        connection.sendall(bytes(REQUEST_BYTES))
        connection.recv(1)  # until the client closes


@contextmanager
def serving(
    make: Callable[[], Key], between: int, *, stranger: bool = False
) -> Iterator[tuple[Path, list[str]]]:
    """Serve one connection; yield a folder and the client's arguments.

    stranger: the server's certificate is another CA's.
    """
    with tempfile.TemporaryDirectory() as name, socket.create_server(("127.0.0.1", 0)) as listener:
        folder = Path(name)
        ca, server = certificates(make, between, folder)
        pinned = ca.read_bytes()
        if stranger:
            _, server = certificates(make, between, folder)
            ca.write_bytes(pinned)
        thread = threading.Thread(target=serve_one, args=(listener, server), daemon=True)
        thread.start()
        yield folder, [str(listener.getsockname()[1]), str(ca), str(REQUEST_BYTES)]
        thread.join(10)


def measure(
    program: Path, make: Callable[[], Key], between: int, *, stranger: bool = False
) -> dict[str, list[str]]:
    """Return what the client told: stage → its bytes, blocks, and the most bytes until then.

    Raises CalledProcessError if the client refused the server.
    """
    with serving(make, between, stranger=stranger) as (_, arguments):
        done = subprocess.run(
            [str(program), *arguments], capture_output=True, text=True, check=True, timeout=60
        )
    return {line.split()[0]: line.split()[1:] for line in done.stdout.splitlines()}


def figures(told: dict[str, list[str]]) -> dict[str, int | str]:
    """Return what is worth telling of that; bytes."""
    if int(told["context_gone"][0]):
        raise ValueError("the client leaks")
    return {
        "suite": " ".join(told["suite"]),
        "objects": int(told["objects"][0]),
        "context_with_ca": int(told["context_with_CA"][0]),
        "most_in_handshake": int(told["after_handshake"][2]),
        "connected": int(told["after_exchange"][0]),
        "largest_block": int(told["largest_block"][0]),
    }


def is_refused(program: Path) -> bool:
    """Return whether the client refuses a server of another CA."""
    try:
        measure(program, p256, 0, stranger=True)
    except subprocess.CalledProcessError as error:
        return X509_VERIFY_FAILED in error.stderr
    return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sources", type=Path, help="the unpacked sources of Mbed TLS 3.6")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        program = build(arguments.sources.absolute(), Path(name))
        if not is_refused(program):
            raise SystemExit("the client took a server of another CA: its memory says nothing")
        found = {
            server: figures(measure(program, make, between)) for server, (make, between) in SERVERS.items()
        }
    if arguments.json:
        print(json.dumps({"simulated": True, **found}))
        return
    for server, one in found.items():
        print(server)
        for what, value in one.items():
            print(f"    {what:20} {value}")


if __name__ == "__main__":
    main()
