# SPDX-License-Identifier: Apache-2.0
"""The Python side: the artifact is what the sources give; calldata, errors and events are what the ABI says."""

from __future__ import annotations

import hashlib
import json
import random
import re
from typing import TYPE_CHECKING

import pyrevm
import pytest
from eth_abi import encode

from electro_contracts import artifact, build, calldata, errors, events
from electro_contracts.terms import Terms, TermsError, devices_hash
from electro_protocol import secp256k1
from electro_protocol.keccak import keccak256
from electro_protocol.messages import EnergyReport, OutageReport
from electro_protocol.signed import SignedMessage

from . import mutants
from .engines import PyEvm, Reverted, Revm
from .world import DAY, World, _type, day, encode_call, key, selector_of

if TYPE_CHECKING:
    from pathlib import Path

ABI = artifact.load().abi


def test_the_artifact_is_what_the_sources_give_byte_for_byte(node: Path, node_modules: Path) -> None:
    text, source, hashes = build.build(node_modules, str(node))
    assert text == artifact.PATH.read_text()
    assert source == artifact.INPUT_PATH.read_text()
    assert hashes == (build.SOURCES / build.HASHES).read_text()


@pytest.mark.parametrize(
    ("file", "old", "new", "parts"),
    [
        ("Deviations.sol", "CUT_OFF = 2", "CUT_OFF = 3", set()),
        ("Settlement.sol", "timestamp > until", "timestamp >= until", {"Results"}),
    ],
)
def test_what_is_made_of_one_file_is_compiled_alone(
    node: Path, node_modules: Path, file: str, old: str, new: str, parts: set[str]
) -> None:
    """A part of another code makes another contract, which knows its hash; no other part changes."""
    good, source = artifact.PATH.read_text(), build.standard_json(node_modules)
    content = source["sources"][f"src/{file}"]
    assert content["content"].count(old) == 1
    content["content"] = content["content"].replace(old, new)
    before, after = (
        json.loads(text)
        for text in (good, build.rebuilt(good, source, f"src/{file}", node_modules, str(node)))
    )
    assert {name for name, code in after["parts"].items() if code != before["parts"][name]} == parts
    assert after["bytecode"] != before["bytecode"]
    for name in parts:
        hashed = keccak256(bytes.fromhex(after["parts"][name]["deployed_bytecode"][2:])).hex()
        assert hashed in after["bytecode"]
        assert hashed in source["sources"]["src/" + build.HASHES]["content"]
    content["content"] = content["content"].replace(new, old)
    assert build.rebuilt(json.dumps(after), source, f"src/{file}", node_modules, str(node)) == good


def test_each_mutant_has_its_one_place_in_the_sources_and_a_name_of_its_own() -> None:
    """What the tests notice of them: `python -m tests.contracts.mutants`."""
    found = mutants.mutants()
    assert len({each.name for each in found}) == len(found) > 100
    for each in found:
        assert mutants.file_of(each, build.SOURCES).is_file()
        assert each.new != each.old
    with pytest.raises(mutants.Stale, match="not once in the sources"):
        mutants.file_of(mutants.Mutant("gone", "what stands nowhere", ""), build.SOURCES)


def test_the_compilers_input_is_the_one_that_the_artifact_names() -> None:
    given = artifact.INPUT_PATH.read_bytes()
    assert artifact.load().source_hash == "sha256:" + hashlib.sha256(given).hexdigest()
    assert json.loads(given)["settings"]["evmVersion"] == "paris"


# Bytes that each part may still grow by, at least: what further rules have to live on.
ROOM = {"Electro": 6_000, "Parties": 4_000, "Results": 2_500}


def test_the_contract_fits_every_chain_and_has_room() -> None:
    load = artifact.load()
    codes = {"Electro": artifact.Code(load.bytecode, load.deployed_bytecode), **load.parts}
    for name, code in codes.items():
        assert 24_576 - len(code.deployed_bytecode) >= ROOM[name]  # EIP-170
        assert len(code.bytecode) + 8 * 32 <= 49_152  # EIP-3860
    assert load.settings["evmVersion"] == "paris"


def test_the_readme_tells_how_large_each_part_is() -> None:
    """As `python -m electro_contracts.build` prints it."""
    assert (
        build.sizes(json.loads(artifact.PATH.read_text())) in (build.SOURCES.parent / "README.md").read_text()
    )


def test_reports_are_opened_in_memory_where_the_compiler_keeps_nothing() -> None:
    """See OpenedReport.sol; such a build is refused."""
    code = artifact.load().deployed_bytecode.hex()
    assert build.FREE_MEMORY.match(code)
    assert not build.FREE_MEMORY.match(code.replace("6080", "60a0", 1))


def test_the_parts_are_fixed_and_alone_do_nothing(world: World) -> None:
    assert [world.call(name.upper()) for name in artifact.load().parts] == [
        each.lower() for each in world.parts
    ]
    parties, results = world.parts
    unknown = {  # there is no agreement in their own storage
        parties: [("accept", 1, bytes(32), bytes(32), 0), ("fault", 1, 0)],
        results: [("settle", 1), ("redeem", 1, bytes(32), 1), ("quote", 1, 0, 0, b"\0\0")],
    }
    for part, calls in unknown.items():
        for call in calls:
            with pytest.raises(Reverted, match=r"^WrongState: "):
                world.engine.send(world.operator, part, encode_call(*call))
    for part, call in (  # they know no roles, for they keep none
        (parties, ("enrol", bytes(32), 1, 2**40 - 1, bytes(32), bytes(32))),
        (results, ("useEscrow", world.address)),
        (results, ("widen", 1, 0, 1, b"\0\0\0\0")),
    ):
        with pytest.raises(Reverted):
            world.engine.send(world.admin, part, encode_call(*call))


def test_each_call_runs_in_the_part_that_answers_it(world: World) -> None:
    """With a part's place taken by code that answers with the part's number, whatever it is asked."""
    assert isinstance(world.engine, Revm)
    codes = [part.deployed_bytecode for part in artifact.load().parts.values()]
    for number, part in enumerate(world.parts):
        answer = bytes.fromhex(f"60{number + 1:02x}60005260206000f3")
        world.engine.evm.insert_account_info(part, pyrevm.AccountInfo(code=answer))
    answered = {1: 0, 2: 0}
    for entry in ABI:
        if entry["type"] != "function":
            continue
        selector = selector_of(entry["name"])
        number = 1 + next((i for i, code in enumerate(codes) if _dispatches(code, selector)), -1)
        if number:
            assert world.ask(selector) == number.to_bytes(32, "big"), entry["name"]
            answered[number] += 1
    assert min(answered.values()) >= 15


def _dispatches(code: bytes, selector: bytes) -> bool:
    """Whether a selector is compared in a code: pushed without leading zeros."""
    short = selector.lstrip(b"\0")
    return bytes([0x5F + len(short)]) + short in code


def test_the_least_values_are_those_of_the_deployment() -> None:
    assert World().call("leastSeconds") == (0, 0, 0)
    world = World(least=(604_800, 86_400, 2_592_000))
    assert world.call("leastSeconds") == (604_800, 86_400, 2_592_000)


def test_an_unknown_call_is_refused(world: World) -> None:
    with pytest.raises(Reverted):
        world.send(b"\x01\x02\x03\x04")


def test_the_abi_is_that_of_all_parts_without_a_repetition() -> None:
    entries = [(each["type"], each.get("name"), str(each.get("inputs"))) for each in ABI]
    assert len(entries) == len(set(entries))
    names = {each.get("name") for each in ABI}
    assert {"submit", "propose", "meterState", "agreement", "hasRole", "eip712Domain"} <= names


def _signed(rng: random.Random, readings: int | None) -> SignedMessage:
    message = (
        OutageReport(
            rng.getrandbits(64), rng.getrandbits(32), 5, rng.choice([0, 2**40 - 1]), rng.randrange(3)
        )
        if readings is None
        else EnergyReport(
            rng.getrandbits(64),
            rng.getrandbits(40),
            rng.randbytes(16),
            rng.getrandbits(32),
            rng.getrandbits(64),
            rng.randbytes(readings),
        )
    )
    half = rng.getrandbits(254).to_bytes(32, "big")
    return SignedMessage(message, rng.randbytes(32) + half + bytes([rng.choice([27, 28])]))


def _tuple(item: SignedMessage) -> tuple[object, ...]:
    compact = secp256k1.compact(item.signature)
    return (*item.message.values(), compact[:32], compact[32:])


@pytest.mark.parametrize("count", [0, 1, 2, 50])
def test_packed_calldata_is_what_eth_abi_encodes(count: int) -> None:
    rng = random.Random(count)
    reports = [_signed(rng, rng.choice([2, 30, 32, 34, 192, 1344])) for _ in range(count)]
    outages = [_signed(rng, None) for _ in range(count)]
    assert calldata.submit_batch(reports) == encode_call("submitBatch", list(map(_tuple, reports)))
    assert calldata.check(reports) == encode_call("check", list(map(_tuple, reports)))
    assert calldata.submit_outage_batch(outages) == encode_call(
        "submitOutageBatch", list(map(_tuple, outages))
    )
    assert calldata.check_outages(outages) == encode_call("checkOutages", list(map(_tuple, outages)))
    for item in reports[:1]:
        assert calldata.submit(item) == encode_call("submit", _tuple(item))
    for item in outages[:1]:
        assert calldata.submit_outage(item) == encode_call("submitOutage", _tuple(item))
    device = key("a")
    assert calldata.meter_state(device.address, 96) == encode_call("meterState", device.text, 96)
    several = [device, key("b")] * count
    assert calldata.meter_states([each.address for each in several], 96) == encode_call(
        "meterStates", [each.text for each in several], 96
    )


def test_answers_are_read_as_eth_abi_wrote_them() -> None:
    reasons = [bytes(4), b"\xff\x00\x00\x01"]
    assert calldata.decode_reasons(encode(["bytes4[]"], [reasons])) == reasons
    kind = _type(next(each for each in ABI if each.get("name") == "meterState")["outputs"][0])
    account, code = "0x" + "ab" * 20, bytes(range(32))
    rows = [
        (2**64 - 1, 2, 63, 5, 900, 96, 95, 94, 2**40 - 1, 96, 10, account, code, 7, 2**32 - 1, True, 2**128 - 1, 3,
         bytes.fromhex("0001000200030004")),
        (1, 3, *[0] * 9, account, code, 0, 0, False, 0, 0, b""),
    ]  # fmt: skip
    first, second = calldata.decode_meter_state(encode([kind], [rows]))
    assert first == calldata.MeterState(
        agreement_id=2**64 - 1, state="accepted", place=63, start=5, interval_seconds=900, intervals=96, stop=95,
        end=94, reports_until=2**40 - 1, slots=96, unit_wh=10, terms_account=bytes.fromhex("ab" * 20),
        code_hash=code, next_interval=7, next_outage=2**32 - 1, outage_open=True, remaining_bonus=2**128 - 1,
        bounds_from=3, bounds=((1, 3), (2, 4)),
    )  # fmt: skip
    assert (second.state, second.bounds) == ("settled", ())
    answer = encode(["bool[]", kind + "[]"], [[True, False, True], [rows, [], []]])
    assert calldata.decode_meter_states(answer) == [[first, second], None, []]


@pytest.mark.parametrize(
    "answer", [b"", b"\0" * 31, bytes(32), bytes(64), (32).to_bytes(32) + (1).to_bytes(32)]
)
def test_another_contracts_answer_is_a_decode_error(answer: bytes) -> None:
    with pytest.raises(calldata.DecodeError):
        calldata.decode_meter_state(answer)
    with pytest.raises(calldata.DecodeError):
        calldata.decode_reasons(answer)


def test_the_terms_hash_is_that_of_the_abi_encoding() -> None:
    kind = next(_type(each["inputs"][1]) for each in ABI if each.get("name") == "propose")
    for terms in (DAY, day(bands=((1, 2),)), day(bands=((0, 0x7FFF),) * 672, capacity_units=0x7FFF)):
        assert terms.hash == keccak256(encode([kind], [terms.to_tuple()]))
        assert Terms.from_tuple(terms.to_tuple()) == terms
    devices = [key("a").address, key("b").address]
    assert devices_hash(devices) == keccak256(
        b"".join(encode(["address"], ["0x" + d.hex()]) for d in devices)
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"interval_seconds": 0}, "interval_seconds"),
        ({"unit_wh": 2**32}, "unit_wh"),
        ({"bands": ()}, "bands"),
        ({"bands": ((5, 4),)}, "bands"),
        ({"bands": ((0, 0x8000),)}, "bands"),
        ({"penalised_causes": 8}, "penalised_causes"),
        ({"discount_rate_ppm": 1_000_001}, "discount_rate_ppm"),
        ({"start": 2**40 - 1}, "dispute window"),
    ],
)
def test_bad_terms_name_their_field(change: dict[str, object], field: str) -> None:
    with pytest.raises(TermsError, match=field):
        day(**change)


def test_every_error_of_ours_has_a_sentence_that_takes_its_arguments() -> None:
    declared = set(
        re.findall(r"^    error (\w+)\(", (build.SOURCES / "IErrors.sol").read_text(), re.MULTILINE)
    )
    assert declared <= set(errors.SENTENCES)
    assert set(errors.SENTENCES) <= set(errors.REASONS.values())
    for selector, name in errors.REASONS.items():
        decoded = errors.decode(selector + bytes(32 * 4))
        assert decoded.name == name
        assert errors.decode(selector).name == name


def test_unknown_revert_data_is_told_as_such() -> None:
    assert errors.decode(b"").sentence == "the call was refused with no reason"
    assert errors.decode(b"\x01\x02\x03\x04").name == "Unknown"


@pytest.mark.parametrize("make", [PyEvm, Revm])
def test_solidity_s_own_refusals_are_read_on_both_engines(make: type[PyEvm | Revm]) -> None:
    """A contract that copies what it is told to say behind its 12 bytes, and reverts with it."""
    engine = make()
    texts = {
        errors.TEXT
        + encode(["string"], ["the token is closed"]): "Error: the call was refused: the token is closed",
        errors.PANIC + (0x11).to_bytes(32, "big"): "Panic: a check of the compiler's failed: panic 0x11",
        errors.TEXT + b"junk": "Unknown: the call was refused with 0x08c379a06a756e6b",
        bytes.fromhex("f4d678b8"): "Unknown: the call was refused with 0xf4d678b8",
        b"": "Unknown: the call was refused with no reason",
    }
    for said, heard in texts.items():
        size = f"{len(said):02x}"
        code = bytes.fromhex(f"60{size}600c60003960{size}6000fd") + said
        size = f"{len(code):02x}"
        contract = engine.deploy(bytes.fromhex(f"60{size}600c60003960{size}6000f3") + code)
        with pytest.raises(Reverted) as caught:
            engine.call(engine.accounts[0], contract, b"")
        assert str(caught.value) == heard


def test_every_event_of_ours_has_a_record() -> None:
    ours = re.findall(r"^    event (\w+)\(", (build.SOURCES / "IEvents.sol").read_text(), re.MULTILINE)
    assert set(events.TOPICS) == set(ours)
    for entry in ABI:
        if entry["type"] == "event" and entry["name"] in events.TOPICS:
            types = ",".join(_type(each) for each in entry["inputs"])
            assert events.TOPICS[entry["name"]] == keccak256(f"{entry['name']}({types})".encode())
    assert events.decode([bytes(32)], b"") is None
