# SPDX-License-Identifier: Apache-2.0
"""A flash of which the power is cut at any program or erase of a block, under the file system that a chip has.

littlefs is MicroPython's own: CPython has none. What is cut leaves half of its bytes. Until `boot` every write fails
from there on: what the program still does has no effect, as if nothing ran.
"""

import os

try:
    import vfs
except ImportError:
    vfs = None

PLACE = "/flash-of-a-chip"
THERE = vfs is not None and hasattr(vfs, "VfsLfs2")
_BLOCK = 4096  # bytes, as on a chip
_COUNT, _SIZE, _ERASE = 4, 5, 6  # MicroPython's block device protocol
_DEAD = -5  # EIO
PLENTY = 1 << 29


class Flash:
    """What a chip keeps without power: blocks, mounted at PLACE, and blobs as in NVS, each written whole or not."""

    def __init__(self, blocks):
        self.octets = bytearray(b"\xff" * (blocks * _BLOCK))
        self.blobs = {}
        self.left = PLENTY  # programs, erases and writes to NVS until the power goes
        self._device = _Device(self)
        vfs.VfsLfs2.mkfs(self._device)
        vfs.mount(vfs.VfsLfs2(self._device), PLACE)

    def image(self):
        return bytes(self.octets), dict(self.blobs)

    def boot(self, image=None):
        """Mount it anew, with power; image: what it holds."""
        self.close()
        if image is not None:
            self.octets[:] = image[0]
            self.blobs = dict(image[1])
        self.left = PLENTY
        self._device = _Device(self)
        vfs.mount(vfs.VfsLfs2(self._device), PLACE)

    def close(self):
        vfs.umount(PLACE)
        self._device.dead = True

    @property
    def dead(self):
        """Return whether the power has gone."""
        return self._device.dead

    def run(self, act, writes):
        """Let an act run until the power goes, in the write after so many; return whether it came to its end."""
        self.left = writes
        try:
            act()
        except OSError:
            assert self.dead, "without a cut it fails"
        return not self.dead

    def store(self, name, blob):
        if self.dead or self.spend():
            raise OSError(-_DEAD)
        self.blobs[name] = blob

    def spend(self):
        """Return whether this is what the power is cut in."""
        self.left -= 1
        self._device.dead = self.left < 0
        return self._device.dead


class _Device:
    """A block device as MicroPython calls it, of one life: what the collector closes later writes no more."""

    def __init__(self, flash):
        self._flash = flash
        self.dead = False

    def readblocks(self, block, buffer, offset=0):
        at = block * _BLOCK + offset
        buffer[:] = memoryview(self._flash.octets)[at : at + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        return self._write(block * _BLOCK + offset, buffer)

    def ioctl(self, what, block):
        if what == _COUNT:
            return len(self._flash.octets) // _BLOCK
        if what == _SIZE:
            return _BLOCK
        if what == _ERASE:
            return self._write(block * _BLOCK, b"\xff" * _BLOCK)
        return 0

    def _write(self, at, octets):
        if self.dead:
            return _DEAD
        cut = self._flash.spend()
        count = len(octets) // 2 if cut else len(octets)
        self._flash.octets[at : at + count] = memoryview(octets)[:count]
        return _DEAD if cut else 0


def files(folder=PLACE):
    """Return every file below a folder, by its path."""
    found = {}
    for name, kind, *_ in os.ilistdir(folder):
        path = folder + "/" + name
        if kind == 0x4000:
            found.update(files(path))
        else:
            with open(path, "rb") as file:
                found[path[len(PLACE) + 1 :]] = file.read()
    return found
