# SPDX-License-Identifier: Apache-2.0
"""Receipts beside foreign implementations, on today's contract, with each of their bytes flipped; and their slots.

What forgers try, tests/device/test_protocol_receipt.py tries, in both Pythons.
"""

from __future__ import annotations

import asyncio
import functools
import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import rlp
from coincurve import PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st
from trie import HexaryTrie

from electro_contracts import build, receipts
from electro_meter.uplink.exchange import EXCHANGE_S
from electro_meter.uplink.http import Answer
from electro_meter.uplink.proof.proving import Proving
from electro_protocol import header, keccak, qbft, receipt, seals, storage, trie
from electro_protocol.comb import inverse
from electro_protocol.curve import GX, GY, N, P
from electro_protocol.rlp import ReceiptError, item, listed
from tests.contracts.world import key
from tests.protocol.plant import VECTOR, Plant, vector
from tests.protocol.receipts import address, driven, extra_data, hashed, made, seal, unhexed, validators

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

BESU = Path(__file__).parents[1] / "device" / "vectors" / "besu.json"
ROWS = [row for row in json.loads(BESU.read_text()) if "header" in row]
PROOFS = [row for row in ROWS if row["kind"] == "proof"]


def ours(row: dict[str, Any]) -> dict[str, Any]:
    """What this package makes of a row, in the words of the row."""
    whole = unhexed(row["header"])
    form, sealed = qbft.signed_form(whole)
    digest = keccak.keccak256(form)
    told: dict[str, Any] = {
        "hash": "0x" + keccak.keccak256(qbft.hashed_form(whole)).hex(),
        "signers": ["0x" + driven(seals.signer(digest, qbft.hinted(one))).hex() for one in sealed],
    }
    if row["kind"] == "proof":
        nodes = [unhexed(node) for node in row["accountProof"] + row["storageProof"]]
        raw = b"".join(qbft.encode(node) for node in nodes)
        proof = trie.Nodes(raw, listed(raw, (True, 0, len(raw)), "nodes", len(nodes)))
        driven(proof.hash())
        state_root = header.Header(form, item(form, 0, len(form))).state_root
        root, code_hash = driven(proof.account(state_root, unhexed(row["contract"])))
        word = driven(proof.word(root, unhexed(row["slot"])))
        told |= {"storageHash": "0x" + root.hex(), "codeHash": "0x" + code_hash.hex(), "value": _hex(word)}
    return told


def _hex(word: int) -> str:
    return "0x" + word.to_bytes(32, "big").lstrip(b"\0").hex()


def of_python(row: dict[str, Any]) -> dict[str, Any]:
    """What rlp, libsecp256k1, pycryptodome and trie make of it."""
    fields = rlp.decode(unhexed(row["header"]))
    vanity, addresses, vote, round_, sealed = rlp.decode(fields[12])
    assert vote == []

    def digest(number: bytes) -> bytes:
        changed = [*fields]
        changed[12] = rlp.encode([vanity, addresses, vote, number, []])
        return hashed(rlp.encode(changed))

    signed = digest(round_)
    signers = [PublicKey.from_signature_and_message(one, signed, hasher=None) for one in sealed]
    told: dict[str, Any] = {
        "hash": "0x" + digest(b"").hex(),
        "signers": ["0x" + hashed(one.format(compressed=False)[1:])[12:].hex() for one in signers],
    }
    if row["kind"] == "proof":
        proof = [rlp.decode(unhexed(node)) for node in row["accountProof"]]
        account = rlp.decode(HexaryTrie.get_from_proof(fields[3], hashed(unhexed(row["contract"])), proof))
        proof = [rlp.decode(unhexed(node)) for node in row["storageProof"]]
        word = rlp.decode(HexaryTrie.get_from_proof(account[2], hashed(unhexed(row["slot"])), proof))
        told |= {"storageHash": "0x" + account[2].hex(), "codeHash": "0x" + account[3].hex()}
        told["value"] = "0x" + word.hex()
    return told


def test_a_real_networks_headers_and_proofs_mean_to_us_what_they_mean_to_foreign_python() -> None:
    for row in ROWS:
        told = ours(row)
        assert told == of_python(row)
        assert told["hash"] == row["hash"]
        assert set(told["signers"]) == set(row["signers"])
    assert [_hex(int(row["value"], 16)) for row in PROOFS] == [ours(row)["value"] for row in PROOFS]


def test_and_what_they_mean_to_ethereumjs(node: Path, node_modules: Path) -> None:
    script = Path(__file__).with_name("ethereumjs.mjs")
    done = subprocess.run(
        [str(node), str(script), str(BESU), str(node_modules)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert [json.loads(line) for line in done.stdout.splitlines()] == [ours(row) for row in ROWS]


@pytest.fixture(scope="module")
def plant(start_anvil: Any) -> Plant:
    return Plant(start_anvil())


KEYS = validators(4)
SET = tuple(address(one) for one in KEYS)


def sealed(plant: Plant, count: int = 3, round_: int = 0) -> receipts.Made:
    return made(
        plant.node.ask,
        plant.contract,
        plant.meter.address,
        lambda told: seal(told, SET, KEYS[:count], round_),
    )


def checked(plant: Plant, from_: receipts.Made, raw: bytes = b"", **options: Any) -> receipt.Proved:
    def header_of(_account: bytes, code_hash: bytes) -> receipts.Numbers:
        return receipts.numbers(from_.terms[code_hash])

    arguments = {"validators": SET, "contract": plant.contract, "device": plant.meter.address, **options}
    proved: receipt.Proved = driven(
        receipt.check(raw or from_.raw, least_number=0, header_of=header_of, **arguments)
    )
    return proved


def test_what_todays_contract_answers_is_what_is_proved(plant: Plant) -> None:
    one = sealed(plant, round_=300)
    proved = checked(plant, one)
    told = plant.told()
    (standing,) = proved.standings
    assert (standing.id, standing.start_s, standing.place) == (told.agreement_id, told.start, told.place)
    assert (standing.stop, standing.end, standing.next) == (told.stop, told.end, told.next_interval)
    assert (standing.account, standing.code_hash) == (told.terms_account, told.code_hash)
    assert (standing.next_outage, standing.outage_open) == (told.next_outage, told.outage_open) == (1, True)
    assert standing.window[0] == told.bounds_from
    assert one.block_hash != proved.digest  # of round 0, and of the round in which it was sealed
    code = plant.node.ask("eth_getCode", "0x" + standing.overrides[0][1].hex(), "latest")
    assert hashed(unhexed(code)) == standing.overrides[0][2]
    account = plant.node.ask("eth_getProof", "0x" + plant.contract.hex(), [], "latest")
    assert proved.code_hash == unhexed(account["codeHash"])


def test_the_vector_of_the_device_tests_has_the_form_of_one_made_today(plant: Plant) -> None:
    kept = json.loads(VECTOR.read_text())
    today = vector(plant)
    assert kept.keys() == today.keys()
    assert kept["told"].keys() == today["told"].keys()


class Pacing:
    """What `Proving` needs of a meter: it counts when others run, and knows no terms."""

    def __init__(self, plant: Plant, terms: dict[bytes, bytes], addresses: tuple[bytes, ...]) -> None:
        self.validators, self.contract = addresses, plant.contract
        self.url, self.number, self.code_hash = "http://relayer", 0, b""
        self.terms, self.turns, self.asked = terms, 0, []
        proving = Proving(self, self, plant.meter.address, self, self, self)  # type: ignore[arg-type]
        self.checked = proving._checked

    async def sleep_ms(self, _ms: int) -> None:
        self.turns += 1

    async def request(self, _method: str, url: str) -> Answer:
        self.asked.append(url)
        answer = Answer()
        answer.status, (answer.raw,) = 200, map(bytearray, self.terms.values())
        answer.length = len(answer.raw)
        return answer

    def header_of(self, _hash: bytes) -> None:
        return None


@pytest.mark.parametrize("count", [1, 4, 7, 16])
def test_a_meter_that_samples_between_two_slices_is_done_within_an_exchange(plant: Plant, count: int) -> None:
    """Of the fifth of a second that each may take, and unknown terms are fetched on the way, once."""
    keys = validators(count)
    addresses = tuple(address(one) for one in keys)
    one = made(
        plant.node.ask,
        plant.contract,
        plant.meter.address,
        lambda told: seal(told, addresses, keys[: receipt.quorum(count)]),
    )
    base = plant.told().code_hash
    pacing = Pacing(plant, {base: one.terms[base]}, addresses)
    proved = asyncio.run(pacing.checked(one.raw, pacing))  # type: ignore[arg-type]
    assert proved.sealed == receipt.quorum(count)
    assert len(pacing.asked) == 1
    assert pacing.turns * 0.2 < EXCHANGE_S / 2


def test_a_stranger_to_the_contract_is_proved_to_be_one(plant: Plant) -> None:
    device = key("nobody").address
    one = made(plant.node.ask, plant.contract, device, lambda told: seal(told, SET, KEYS[:3]))
    assert checked(plant, one, device=device).standings == []


def remember(patched: pytest.MonkeyPatch) -> Callable[[bytes, bytes], bytes]:
    """Keep hashes and seals that are known already: only what is new is worked out. Return who sealed what."""
    known = functools.cache(keccak.keccak256)
    for module in (receipt, storage, trie):
        patched.setattr(module, "keccak256", lambda data: known(bytes(data)))
    original = seals.signer
    recovered = functools.cache(lambda digest, raw: driven(original(digest, raw)))

    def signer(digest: bytes, raw: bytes) -> Generator[None, None, Any]:
        yield
        return recovered(digest, raw)

    patched.setattr(seals, "signer", signer)
    return recovered


def test_every_flipped_byte_of_a_receipt_is_refused(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    one = sealed(plant)
    remember(monkeypatch)
    assert checked(plant, one).sealed == 3
    for at in range(len(one.raw)):
        spoiled = bytearray(one.raw)
        spoiled[at] ^= 1 << at % 8
        with pytest.raises(ReceiptError):
            checked(plant, one, bytes(spoiled))


def test_no_shuffling_of_true_parts_proves_anything_else(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Parts of true receipts, of another meter's, round and set, in any order, any number of times.

    What is taken says what the true one says: only seals may be in another order, or one more.
    """
    nobody = key("nobody").address
    recovered = remember(monkeypatch)

    def signed(keys: list[Any], of: tuple[bytes, ...] = SET, round_: int = 0, device: bytes = b"") -> Any:
        one = made(
            plant.node.ask,
            plant.contract,
            device or plant.meter.address,
            lambda told: seal(told, of, keys, round_),
        )
        form, seals_, nodes = rlp.decode(one.raw)
        return rlp.encode(form), [seals_[k : k + 128] for k in range(0, len(seals_), 128)], list(nodes), one

    whole = signed(KEYS[:3])
    others = [
        signed([KEYS[3], *KEYS[:2]]),
        signed(KEYS[:3], round_=2),
        signed(KEYS[:2], SET[:2]),
        signed(validators(4, "stranger")[:3]),
        signed(KEYS[:3], device=nobody),
    ]
    forms = [one[0] for one in (whole, *others)]
    sealed_ = [one for each in (whole, *others) for one in each[1]]
    nodes = list({node: None for each in (whole, *others) for node in each[2]})
    true = vars(checked(plant, whole[3]).standings[0])

    @settings(max_examples=400)
    @given(st.data())
    def shuffled(data: st.DataObject) -> None:
        form = data.draw(st.one_of(st.just(forms[0]), st.sampled_from(forms)))
        chosen = data.draw(st.one_of(st.just(whole[1]), st.lists(st.sampled_from(sealed_), max_size=5)))
        proof = data.draw(
            st.one_of(
                st.permutations(whole[2]),
                st.lists(st.sampled_from(nodes), max_size=20),
                st.integers(0, len(whole[2]) - 1).map(lambda k: whole[2][:k] + whole[2][k + 1 :]),
                st.sampled_from(nodes).map(lambda node: [*whole[2], node]),
            )
        )
        for device in (plant.meter.address, nobody):
            try:
                proved = checked(plant, whole[3], qbft.packed(form, chosen, proof), device=device)
            except ReceiptError:
                continue
            assert [vars(one) for one in proved.standings] == ([true] if device != nobody else [])
            assert form in (forms[0], forms[2])
            assert set(proof) == set(whole[2] if device != nobody else others[-1][2])
            signers = {recovered(proved.digest, one) for one in chosen}
            assert len(signers) == len(chosen) == proved.sealed >= 3
            assert signers <= set(SET)

    shuffled()


@given(st.binary(max_size=300), st.binary(max_size=200), st.lists(st.binary(max_size=80), max_size=6))
def test_no_bytes_do_more_than_be_refused(form: bytes, sealed_: bytes, nodes: list[bytes]) -> None:
    def header_of(_account: bytes, _hash: bytes) -> receipts.Numbers:
        raise ReceiptError("not known")

    whole = rlp.encode([[form] * 16, sealed_, nodes])
    for raw in (form, qbft.packed(form, [sealed_], nodes), whole):
        for pinned in ((), SET):
            with pytest.raises(ReceiptError):
                driven(receipt.check(raw, pinned, bytes(20), bytes(20), 0, header_of))


@given(st.integers(1, N - 1), st.integers(1, N - 1), st.binary(min_size=32, max_size=32), st.booleans())
def test_a_seal_is_of_whom_libsecp256k1_says(secret: int, s: int, digest: bytes, is_made_up: bool) -> None:
    """Signatures that somebody made, and pairs of numbers that nobody did."""
    raw = validators(1, str(secret))[0].sign_recoverable(digest, hasher=None)
    if is_made_up:
        raw = raw[:32] + s.to_bytes(32, "big") + raw[64:]
    public = PublicKey.from_signature_and_message(raw, digest, hasher=None).format(compressed=False)
    assert driven(seals.signer(digest, qbft.hinted(raw))) == hashed(public[1:])[12:]


def test_seals_whose_sum_meets_a_special_case_are_refused_or_right() -> None:
    """R = G, R = -G and z or s of which something cancels: chosen by whoever seals."""
    i = inverse(GX, N)
    for y in (GY, P - GY):
        for s in (1, 2, N - 1, N >> 1, GX):
            for z in (0, 1, s, N - s, 2, N - 1):
                digest = z.to_bytes(32, "big")
                raw = GX.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([y & 1])
                hinted = raw[:64] + y.to_bytes(32, "big") + i.to_bytes(32, "big")
                try:
                    public = PublicKey.from_signature_and_message(raw, digest, hasher=None)
                except ValueError:
                    with pytest.raises(ReceiptError):
                        driven(seals.signer(digest, hinted))
                    continue
                assert (
                    driven(seals.signer(digest, hinted)) == hashed(public.format(compressed=False)[1:])[12:]
                )


def test_a_node_that_tells_nonsense_makes_no_receipt(plant: Plant) -> None:
    for method, answer in (
        ("eth_getBlockByNumber", None),
        ("eth_getBlockByNumber", {"number": "0x1"}),
        ("eth_getProof", None),
        ("eth_getProof", {"accountProof": ["0xzz"]}),
        ("eth_getProof", {"accountProof": [], "storageProof": []}),
        ("eth_getCode", "0x00"),
        ("eth_getCode", 7),
    ):

        def ask(asked: str, *parameters: Any, method: str = method, answer: Any = answer) -> Any:
            return answer if asked == method else plant.node.ask(asked, *parameters)

        with pytest.raises(ReceiptError):
            made(ask, plant.contract, plant.meter.address)


def test_a_header_with_another_hash_than_the_node_tells_makes_no_receipt(plant: Plant) -> None:
    with pytest.raises(ReceiptError, match="later fork"):
        made(
            plant.node.ask,
            plant.contract,
            plant.meter.address,
            lambda told: {**seal(told, SET, KEYS[:3]), "hash": "0x" + bytes(32).hex()},
        )


def test_the_extra_data_that_the_tests_seal_is_besus_byte_for_byte() -> None:
    for row in ROWS:
        fields = rlp.decode(unhexed(row["header"]))
        vanity, addresses, _, round_, sealed_ = rlp.decode(fields[12])
        assert extra_data(addresses, int.from_bytes(round_, "big"), sealed_, vanity) == fields[12]


def test_the_slots_are_those_of_the_compiler(node: Path, node_modules: Path) -> None:
    source = build.standard_json(node_modules)
    # neither optimizer changes where storage lies, and without them it takes seconds less
    source["settings"] = {
        "evmVersion": source["settings"]["evmVersion"],
        "outputSelection": {build.CONTRACT[0]: {build.CONTRACT[1]: ["storageLayout"]}},
    }
    output = build.compile_standard_json(node_modules, source, str(node))
    layout = output["contracts"][build.CONTRACT[0]][build.CONTRACT[1]]["storageLayout"]
    slots = {each["label"]: int(each["slot"]) for each in layout["storage"]}
    members = {
        kind["label"]: {each["label"]: (int(each["slot"]), each["offset"]) for each in kind["members"]}
        for kind in layout["types"].values()
        if "members" in kind
    }
    place, store = members["struct Overrides.Place"], members["struct Interruptions.Store"]
    record = members["struct Records.Record"]
    assert slots["_records"] == storage.RECORDS
    assert slots["_places"] == storage.PLACES
    assert slots["_devices"] == storage.DEVICES
    assert slots["_points"] == storage.POINTS
    assert slots["_interruptions"] + store["records"][0] == storage.OUTAGES
    assert place["creations"] == (storage.CREATIONS_OF_PLACE, 0)
    assert place["passes"] == (storage.PASSES_OF_PLACE, 0)
    assert record["state"] == (0, 72 // 8)


def test_the_accounts_of_creations_are_those_of_create() -> None:
    for number in (1, 0x7F, 0x80, 0xFF, 0x100, 0xFFFF, 0x10000, 2**32 - 1):
        creator = hashed(b"%d" % number)[12:]
        assert storage.created(creator, number) == hashed(rlp.encode([creator, number]))[12:]
