# SPDX-License-Identifier: Apache-2.0
"""Unpack Debian 12's Chromium beside the system, with letters to draw: the browser that the console's tests drive.

It starts child processes from its own path, so that another C library can't be put under it as under the other tools
from Debian: the machine's own is used, which Debian 12's build runs on from glibc 2.36. Its version floats within
Debian 12, by the signed index, for the reasons that `debian` tells.
"""

from __future__ import annotations

import platform
import shutil
from typing import TYPE_CHECKING

from .cache import ToolchainError, Unavailable, installed, log, run
from .debian import download_with_dependencies

if TYPE_CHECKING:
    from pathlib import Path

SUITE = "bookworm"
LEAST_GLIBC = (2, 36)  # of Debian 12, with which it was built
PACKAGES = ("chromium", "fonts-inter", "fonts-dejavu-core")
# of the C library: the machine's are used
_SYSTEM_LIBRARIES = (
    "libc.so*",
    "libm.so*",
    "libdl.so*",
    "libpthread.so*",
    "librt.so*",
    "ld-linux*",
    "libresolv.so*",
)
_FONTS = """\
<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir prefix="relative">root/usr/share/fonts</dir><cachedir prefix="xdg">fontconfig</cachedir>
<alias><family>system-ui</family><prefer><family>Inter</family></prefer></alias>
<alias><family>sans-serif</family><prefer><family>Inter</family><family>DejaVu Sans</family></prefer></alias>
<alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias></fontconfig>
"""


def chromium() -> Path:
    """Return a program that starts the browser, installed if need be."""
    if platform.machine() != "x86_64":
        raise Unavailable("Chromium is fetched for x86_64 only")
    library, version = platform.libc_ver()
    if library != "glibc" or tuple(map(int, version.split(".")[:2])) < LEAST_GLIBC:
        raise Unavailable(f"Debian 12's Chromium needs glibc 2.36, and here is {library or 'none'} {version}")

    def build(folder: Path) -> None:
        log.info("fetching Chromium from Debian, 240 MB and the package index")
        debs = download_with_dependencies(folder, SUITE, PACKAGES)
        for each in sorted(debs.glob("*.deb")):
            run(["dpkg-deb", "--extract", each, folder / "root"], cwd=folder)
        shutil.rmtree(debs)
        _without_what_a_browser_never_opens(folder / "root")
        program = _program(folder)
        said = run([program, "--version"], cwd=folder)
        if not said.startswith("Chromium "):
            raise ToolchainError(
                f"the Chromium that was fetched does not run: it said {said.strip()[:200]!r}"
            )

    return installed(f"chromium-{SUITE}-amd64", build) / "chromium"


def _without_what_a_browser_never_opens(root: Path) -> None:
    for place in (
        "usr/share/doc",
        "usr/share/man",
        "usr/share/icons",
        "usr/share/locale",
        "usr/lib/x86_64-linux-gnu/dri",
    ):
        shutil.rmtree(root / place, ignore_errors=True)
    for folder in (root / "lib" / "x86_64-linux-gnu", root / "usr" / "lib" / "x86_64-linux-gnu"):
        for pattern in _SYSTEM_LIBRARIES:
            for path in folder.glob(pattern):
                path.unlink()


def _program(folder: Path) -> Path:
    (folder / "fonts.conf").write_text(_FONTS)
    libraries = ("lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu/pulseaudio")
    search_path = ":".join(f"$here/root/{path}" for path in libraries)
    program = folder / "chromium"
    program.write_text(
        "#!/bin/sh\n"
        "here=${0%/*}\n"
        f'LD_LIBRARY_PATH="{search_path}" FONTCONFIG_FILE="$here/fonts.conf" XDG_CACHE_HOME="$here/cache" '
        'exec "$here/root/usr/lib/chromium/chromium" "$@"\n'
    )
    program.chmod(0o755)
    return program
