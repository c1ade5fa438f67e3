# SPDX-License-Identifier: Apache-2.0
"""What the tests need beyond pip: a compiler, a chain and MicroPython, pinned, in a cache folder."""
