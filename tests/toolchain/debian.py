# SPDX-License-Identifier: Apache-2.0
"""Unpack Debian 13's MicroPython and other programs beside the system, for another architecture if need be.

i386 is the main test interpreter: its machine words have 32 bits, like the chip's. The interpreter is pinned
by version and hash. Libraries, HAProxy and promtool float within Debian 13: a security update takes the old version
off the mirrors, so a pin would break on the day of a fix, and MicroPython's behaviour does not hang on them. apt
checks them against Debian's signed index. The system's own packages and package lists are not touched.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
from pathlib import Path
from typing import NamedTuple

from .cache import ToolchainError, Unavailable, installed, log, run

SUITE = "trixie"
VERSION = "1.25.0+ds-1"
MICROPYTHON = (
    f"micropython={VERSION}", "libc6", "libffi8", "libgcc-s1", "libmbedcrypto16", "libmbedtls21", "libmbedx509-7",
)  # fmt: skip
HAPROXY = (
    "haproxy", "libc6", "libcap2", "libcrypt1", "libgcc-s1", "libjemalloc2", "liblua5.4-0",
    "libopentracing-c-wrapper0t64", "libopentracing1", "libpcre2-8-0", "libssl3t64", "libstdc++6", "libsystemd0",
    "libzstd1", "zlib1g",
)  # fmt: skip
PROMTOOL = ("promtool", "libc6")
NGSPICE = ("ngspice",)
MOSQUITTO = ("mosquitto",)
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


class _Architecture(NamedTuple):
    sha256: str  # of the package micropython, as Debian's index has it
    machines: tuple[str, ...]  # on which the kernel runs it
    emulators: tuple[str, ...]  # of qemu-user, tried in this order elsewhere


ARCHITECTURES = {
    "i386": _Architecture(
        "a72799821cb45442150f8a7f0757bc8e4f9a4b64abccbd837d694a20d6900bb5",
        ("x86_64", "i386", "i586", "i686"),
        ("qemu-i386-static", "qemu-i386"),
    ),
    "amd64": _Architecture(
        "a2c8327c1005cbf0f15c83d1d3b94c20585135c29a97ab1483ada93b82d94a88",
        ("x86_64",),
        ("qemu-x86_64-static", "qemu-x86_64"),
    ),
    "armhf": _Architecture(
        "f4fa57ed45e0cee8003d2a8b4aeac24cd9f8b0b1ca322eb3a878f25d2367b14c",
        ("armv7l",),
        ("qemu-arm-static", "qemu-arm"),
    ),
}


def micropython(arch: str) -> Path:
    """Return a program that runs MicroPython 1.25 of this Debian architecture, installed if need be."""
    emulator = _emulator(arch)
    how = Path(emulator).name if emulator else "native"

    def build(folder: Path) -> None:
        log.info("fetching MicroPython %s for %s from Debian, 4 MB and the package index", VERSION, arch)
        debs = _download(folder, arch, MICROPYTHON)
        _check(next(debs.glob("micropython_*.deb")), ARCHITECTURES[arch].sha256)
        program = _unpack(folder, debs, "usr/bin/micropython", emulator)
        said = run([program, "-c", "import sys; print(sys.implementation.name)"], cwd=folder)
        if said.strip() != "micropython":
            raise ToolchainError(
                f"the MicroPython that was fetched does not run: it said {said.strip()[:200]!r}"
            )

    return installed(f"micropython-{VERSION}-{arch}-{how}", build) / "micropython"


def haproxy() -> Path:
    """Return Debian 13's HAProxy 3.0, which relayer/deploy names too, installed if need be."""
    if platform.machine() != "x86_64":
        raise Unavailable("HAProxy is fetched for x86_64 only")

    def build(folder: Path) -> None:
        log.info("fetching HAProxy from Debian, 6 MB and the package index")
        program = _unpack(folder, _download(folder, "amd64", HAPROXY), "usr/sbin/haproxy", "")
        said = run([program, "-v"], cwd=folder)
        if not said.startswith("HAProxy version 3.0"):
            raise ToolchainError(f"the HAProxy that was fetched does not run: it said {said.strip()[:200]!r}")

    return installed(f"haproxy-{SUITE}-amd64", build) / "haproxy"


def promtool() -> Path:
    """Return Debian 13's promtool, which reads Prometheus' rules and expressions as the server does."""
    if platform.machine() != "x86_64":
        raise Unavailable("promtool is fetched for x86_64 only")

    def build(folder: Path) -> None:
        log.info("fetching promtool from Debian, 60 MB and the package index")
        program = _unpack(folder, _download(folder, "amd64", PROMTOOL), "usr/bin/promtool", "")
        said = run([program, "--version"], cwd=folder)
        if not said.startswith("promtool, version 2."):
            raise ToolchainError(
                f"the promtool that was fetched does not run: it said {said.strip()[:200]!r}"
            )

    return installed(f"promtool-{SUITE}-amd64", build) / "promtool"


def ngspice() -> Path:
    """Return Debian 13's ngspice, which plays the meter's reference circuit."""
    if platform.machine() != "x86_64":
        raise Unavailable("ngspice is fetched for x86_64 only")

    def build(folder: Path) -> None:
        log.info("fetching ngspice from Debian, 20 MB and the package index")
        debs = download_with_dependencies(folder, SUITE, NGSPICE)
        program = _unpack(folder, debs, "usr/bin/ngspice", "")
        said = run([program, "--version"], cwd=folder)
        if "ngspice-" not in said:
            raise ToolchainError(f"the ngspice that was fetched does not run: it said {said.strip()[:200]!r}")

    return installed(f"ngspice-{SUITE}-amd64", build) / "ngspice"


def mosquitto() -> Path:
    """Return Debian 13's mosquitto, the broker that meters tell what they measure."""
    if platform.machine() != "x86_64":
        raise Unavailable("mosquitto is fetched for x86_64 only")

    def build(folder: Path) -> None:
        log.info("fetching mosquitto from Debian, 5 MB and the package index")
        debs = download_with_dependencies(folder, SUITE, MOSQUITTO)
        program = _unpack(folder, debs, "usr/sbin/mosquitto", "")
        said = run(["sh", "-c", '"$0" -h || true', program], cwd=folder)  # its help is no success to it
        if not said.startswith("mosquitto version 2."):
            raise ToolchainError(
                f"the mosquitto that was fetched does not run: it said {said.strip()[:200]!r}"
            )

    return installed(f"mosquitto-{SUITE}-amd64", build) / "mosquitto"


def _emulator(arch: str) -> str:
    wanted = ARCHITECTURES[arch]
    if platform.machine() in wanted.machines:
        return ""
    for name in wanted.emulators:
        if found := shutil.which(name):
            return found
    raise Unavailable(f"MicroPython for {arch} needs {wanted.emulators[0]} (Debian's qemu-user-static) here")


def _download(folder: Path, arch: str, packages: tuple[str, ...]) -> Path:
    """Return the folder with the packages, checked against the mirror's signed index."""
    apt_get, debs = _apt(folder, arch, SUITE)
    run([*apt_get, "download", *packages], cwd=debs)
    shutil.rmtree(folder / "apt")
    return debs


def download_with_dependencies(folder: Path, suite: str, packages: tuple[str, ...]) -> Path:
    """Return the folder with the packages and all that they depend on, for x86_64."""
    apt_get, debs = _apt(folder, "amd64", suite)
    run([*apt_get, "install", "--yes", "--download-only", "--no-install-recommends", *packages], cwd=debs)
    for each in (folder / "apt" / "cache" / "archives").glob("*.deb"):
        each.rename(debs / each.name)
    shutil.rmtree(folder / "apt")
    return debs


def _apt(folder: Path, arch: str, suite: str) -> tuple[list[str | Path], Path]:
    """Return apt-get as if nothing were installed, its lists up to date, and a folder for packages."""
    mirror = _mirror()
    debs, apt = folder / "debs", folder / "apt"
    for each in (debs, apt / "lists" / "partial", apt / "cache" / "archives" / "partial"):
        each.mkdir(parents=True)
    (apt / "status").touch()
    (apt / "sources.list").write_text(f"deb [arch={arch} signed-by={KEYRING}] {mirror} {suite} main\n")
    settings = {
        "APT::Architecture": arch,
        "APT::Architectures::": arch,
        "Dir::Etc::sourcelist": apt / "sources.list",
        "Dir::Etc::sourceparts": os.devnull,
        "Dir::State::lists": apt / "lists",
        "Dir::State::status": apt / "status",
        "Dir::Cache": apt / "cache",
        "Acquire::Languages": "none",
        "Acquire::Retries": 3,
        "APT::Sandbox::User": "root",  # apt's own user could not write into the cache folder
        "APT::Update::Error-Mode": "any",  # an index that did not come is a failure, not a warning
    }
    apt_get: list[str | Path] = [
        "apt-get",
        "-q",
        *(part for key, value in settings.items() for part in ("-o", f"{key}={value}")),
    ]
    run([*apt_get, "update"], cwd=folder)
    return apt_get, debs


def _mirror() -> str:
    """Return the mirror this machine's apt already uses, or the one ELECTRO_DEBIAN_MIRROR names."""
    for program in ("apt-get", "dpkg-deb"):
        if shutil.which(program) is None:
            raise Unavailable(f"this tool comes from Debian's packages, and there is no {program} here")
    if not KEYRING.exists():
        raise Unavailable(
            f"Debian's packages cannot be verified: {KEYRING} (debian-archive-keyring) is missing"
        )
    if named := os.environ.get("ELECTRO_DEBIAN_MIRROR"):
        return named
    listed = run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"], cwd=Path("/")
    )
    for address in listed.splitlines():
        if address.rstrip("/").endswith("/debian"):
            return address
    raise Unavailable("this machine's apt knows no Debian mirror: name one in ELECTRO_DEBIAN_MIRROR")


def _check(deb: Path, sha256: str) -> None:
    got = hashlib.sha256(deb.read_bytes()).hexdigest()
    if got != sha256:
        raise ToolchainError(
            f"{deb.name} is not the package the tests were written with: its sha256 is {got}"
        )


def _unpack(folder: Path, debs: Path, place: str, emulator: str) -> Path:
    """Return a script that starts the program at this place with its own C library, wherever its folder is moved to."""
    for deb in sorted(debs.glob("*.deb")):
        run(["dpkg-deb", "--extract", deb, folder / "root"], cwd=folder)
    shutil.rmtree(debs)
    root = folder / "root"
    loader = next(path for path in sorted(root.rglob("ld-linux*.so*")) if path.is_file()).relative_to(folder)
    libraries = sorted({path.parent.relative_to(folder) for path in root.rglob("lib*.so*")})
    search_path = ":".join(f"$here/{path}" for path in libraries)
    program = folder / Path(place).name
    program.write_text(
        "#!/bin/sh\n"
        "here=${0%/*}\n"
        f'exec {emulator} "$here/{loader}" --library-path "{search_path}" "$here/root/{place}" "$@"\n'
    )
    program.chmod(0o755)
    return program
