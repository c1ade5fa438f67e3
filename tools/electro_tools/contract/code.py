# SPDX-License-Identifier: Apache-2.0
"""Tell whether code on a chain is the checked-in artifact's, except for what a deployment writes into it.

Immutables stand in the code as operands of PUSH32, zero in the artifact. Of those only values are taken that an honest
deployment has: its parts, this chain's id, this contract's domain, and the lanes' constant. The parts have none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_PUSH1, _PUSH32 = 0x60, 0x7F
LANES_HIGH = bytes.fromhex("8000" * 16)


def difference(code: bytes, built: bytes, immutables: Collection[bytes]) -> str | None:
    """Return what differs between code on the chain and the code that was built, as words; None if nothing does."""
    if len(code) != len(built):
        return f"it has {len(code):,} bytes of code, and the artifact {len(built):,}"
    masked = bytearray(code)
    for at in _operands(built):
        value = code[at : at + 32]
        if value not in immutables:
            return f"byte {at:,} begins a value that no deployment writes: 0x{value.hex()}"
        masked[at : at + 32] = bytes(32)
    first = next(
        (at for at, (ours, theirs) in enumerate(zip(masked, built, strict=True)) if ours != theirs), None
    )
    return None if first is None else f"byte {first:,} is another than in the artifact"


def _operands(built: bytes) -> Iterator[int]:
    """Yield where the operand of each PUSH32 of zero begins, opcode by opcode."""
    at = 0
    while at < len(built):
        opcode = built[at]
        if opcode == _PUSH32 and built[at + 1 : at + 33] == bytes(32):
            yield at + 1
        at += 1 + (opcode - _PUSH1 + 1 if _PUSH1 <= opcode <= _PUSH32 else 0)
