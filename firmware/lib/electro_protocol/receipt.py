# SPDX-License-Identifier: Apache-2.0
"""Check a receipt: what the contract keeps of a meter, proved by the seals of validators that the meter knows.

A receipt is one RLP list: the header in the form that validators sign, their seals with hints (see `seals`) one behind
the other, and the nodes of all proofs in any order, none twice. It is checked in this order, each step bounded:

    sizes · canonical RLP · QBFT's mixHash, number not below the highest seen · the header's validators are the pinned
    ones · each seal is of another of them, and there are at least ceil(2N/3) · the contract's account · the slots that
    `storage` asks for, absence too · the accounts with terms and bands, by CREATE from the numbers in the slots · no
    node is left over

What the state says is then as true as two thirds of the validators are honest. Which chain it is of, the validators
say, and the hash of the contract's code where that is pinned too: in it is the chain's number. A set that changes is
never taken from a header: by its own threshold a minority could write a set of its own.

Everything is done in slices: `for _ in steps: pause`; see tests/bench/receipt.py for how long they are.
"""

from . import header, seals, storage
from .keccak import keccak256
from .rlp import ReceiptError, item, listed
from .trie import MOST_NODES, Nodes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from .rlp import Bytes
    from .storage import Standing

MOST_BYTES = 16_384  # of three agreements in a contract with a million of them: 8,000
_PARTS = 3


class Proved:
    """What a receipt proves: of block `number` at time_s, sealed by `sealed` validators (0: nobody has been asked)."""

    number: int
    time_s: int
    digest: bytes  # of the header as it came: what was sealed, or the block's hash where nothing is
    sealed: int
    code_hash: bytes  # of the contract
    standings: "list[Standing]"


def quorum(count: int) -> int:
    """Return how many of so many validators must have sealed: ceil(2N/3), as Besu has it. Of 4 it is 3."""
    return (2 * count + 2) // 3


def check(
    data: "Bytes",
    validators: "tuple[bytes, ...]",
    contract: bytes,
    device: bytes,
    least_number: int,
    header_of: "Callable[[bytes, bytes], tuple[int, int, bool]]",
    code_hash: bytes = b"",
) -> "Generator[bytes | None, None, Proved]":
    """Return what a receipt proves of a meter, in slices; before it asks `header_of` it yields account and hash.

    validators: the pinned ones in rising order, none if the chain has none. least_number: of the highest block seen.
    code_hash: of the contract's code; empty if it is not pinned.
    header_of: the numbers of terms in an account whose code has this hash, by somebody who has hashed the code; a
    ReceiptError if they are not known. Raises ReceiptError, whatever the bytes.
    """
    if len(data) > MOST_BYTES:
        raise ReceiptError(f"the receipt has more than {MOST_BYTES} bytes")
    whole = item(data, 0, len(data))
    if whole[2] != len(data):
        raise ReceiptError("the receipt has something behind it")
    parts = listed(data, whole, "the receipt", _PARTS)
    if len(parts) != _PARTS or not parts[0][0] or parts[1][0]:
        raise ReceiptError("the receipt has not header, seals and nodes")
    if parts[0][2] - parts[0][1] > header.MOST_BYTES:
        raise ReceiptError(f"the header has more than {header.MOST_BYTES} bytes")
    nodes = Nodes(data, listed(data, parts[2], "the list of nodes", MOST_NODES))
    yield None
    block = header.Header(data, parts[0])
    yield None
    if block.number < least_number:
        raise ReceiptError(f"block {block.number} is older than {least_number}, which was proved before")
    proved = Proved()
    proved.number, proved.time_s = block.number, block.time_s
    proved.digest = keccak256(memoryview(data)[whole[1] : parts[0][2]])
    yield None
    proved.sealed = yield from _sealed(data, parts[1], block, proved.digest, validators)
    yield from nodes.hash()
    account = yield from nodes.account(block.state_root, contract)
    if account is None:
        raise ReceiptError("the chain has no such contract")
    root, proved.code_hash = account
    if code_hash not in (b"", proved.code_hash):
        raise ReceiptError("the contract's code is another one, or another chain's")
    questions = storage.standings(contract, device, block.time_s)
    answers: "list[object] | None" = None
    while True:
        try:
            asked = questions.send(answers)  # type: ignore[arg-type]  # None to begin with
        except StopIteration as end:
            proved.standings = end.value
            break
        answers = []
        for key in asked:
            if len(key) == 32:
                answers.append((yield from nodes.word(root, key)))
            elif len(key) == 20:
                code = yield from nodes.account(block.state_root, key)
                if code is None:
                    raise ReceiptError("an account with terms or bands is missing")
                answers.append(code[1])
            else:
                yield key  # whoever drives this may learn these terms now
                answers.append(header_of(key[:20], key[20:]))
    nodes.must_all_be_needed()
    return proved


def _sealed(
    data: "Bytes",
    sealed: "tuple[bool, int, int]",
    block: header.Header,
    digest: bytes,
    validators: "tuple[bytes, ...]",
) -> "Generator[None, None, int]":
    """Return how many of the validators sealed the header, in slices; refuse fewer than a quorum."""
    _, start, end = sealed
    count = (end - start) // seals.SEAL_BYTES
    if not validators:
        if start != end:
            raise ReceiptError("the receipt has seals, but no validators are known to check them by")
        return 0
    if not block.is_qbft:
        raise ReceiptError("the header is not QBFT's")
    if tuple(block.validators) != validators:
        raise ReceiptError("the header's validators are not the pinned ones")
    if count * seals.SEAL_BYTES != end - start or not quorum(len(validators)) <= count <= len(validators):
        raise ReceiptError(f"the receipt has not {quorum(len(validators))} to {len(validators)} seals")
    signers: "list[bytes]" = []
    for at in range(start, end, seals.SEAL_BYTES):
        signer = yield from seals.signer(digest, bytes(data[at : at + seals.SEAL_BYTES]))
        if signer not in validators or signer in signers:
            raise ReceiptError("a seal is a stranger's, or one validator's second")
        signers.append(signer)
        yield
    return count
