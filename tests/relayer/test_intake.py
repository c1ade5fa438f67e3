# SPDX-License-Identifier: Apache-2.0
"""Whatever comes in, the intake returns verified messages or one of its three refusals."""

import contextlib
import json

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from hypothesis import given
from hypothesis import strategies as st

from electro_protocol.eip712 import Domain
from electro_protocol.messages import BY_NAME, DeviceEnrollment, EnergyReport, MessageError, OutageReport
from electro_protocol.signed import SignedMessage
from electro_relayer.errors import BadSignature, Malformed, TooLarge
from electro_relayer.incoming import intake
from electro_relayer.incoming.digest import digest
from electro_relayer.incoming.intake import parse, recover, verify

DOMAIN = Domain(31337, bytes(range(20)))
SECRET = bytes(range(1, 33))
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141

reports = st.builds(
    EnergyReport,
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**40 - 1),
    st.binary(min_size=16, max_size=16),
    st.integers(0, 2**32 - 2000),
    st.integers(0, 2**64 - 1),
    st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=96).map(
        lambda lanes: b"".join(lane.to_bytes(2, "big") for lane in lanes)
    ),
)
outages = st.builds(
    OutageReport,
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**39),
    st.just(0),
    st.integers(0, 2),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def signed_by_foreign(message, secret=SECRET):
    """Sign with eth-account: our own signing is not what is tested here."""
    typed = {
        "types": {type(message).__name__: [{"type": kind, "name": name} for kind, name in message.fields()]},
        "domain": {
            "name": "Electro",
            "version": "1",
            "chainId": DOMAIN.chain_id,
            "verifyingContract": "0x" + DOMAIN.contract.hex(),
        },
        "message": dict(zip([name for _, name in message.fields()], message.values(), strict=True)),
    }
    signable = encode_typed_data(
        domain_data=typed["domain"], message_types=typed["types"], message_data=typed["message"]
    )
    return SignedMessage(message, bytes(Account.sign_message(signable, secret).signature))


@given(reports | outages)
def test_a_message_signed_elsewhere_is_verified_as_its_signers(message):
    verified = verify(json.loads(json.dumps(signed_by_foreign(message).to_json())), DOMAIN)
    assert "0x" + verified.device.hex() == Account.from_key(SECRET).address.lower()
    assert verified.message == message
    assert verified.agreement_id == message.agreement_id


@given(reports | outages)
def test_the_fast_digest_is_the_protocols_digest(message):
    assert digest(message, DOMAIN) == message.digest(DOMAIN)


@given(reports)
def test_another_chain_or_contract_makes_another_signer(report):
    untrusted = signed_by_foreign(report).to_json()
    for domain in (Domain(1, DOMAIN.contract), Domain(DOMAIN.chain_id, bytes(20))):
        try:
            device = verify(untrusted, domain).device
        except BadSignature:
            continue
        assert device != verify(untrusted, DOMAIN).device


@given(st.binary(max_size=400) | json_values.map(lambda value: json.dumps(value).encode()))
def test_no_body_gets_more_than_a_refusal(body):
    try:
        _, messages = parse(body)
    except (Malformed, TooLarge):
        return
    for untrusted in messages:
        with pytest.raises((Malformed, BadSignature)):
            verify(untrusted, DOMAIN)


@given(st.sampled_from(sorted(BY_NAME)), st.data())
def test_no_field_of_a_message_can_do_more_than_be_refused(name, data):
    fields = {
        field: data.draw(json_values | st.text("0123456789abcdefx")) for _, field in BY_NAME[name].fields()
    }
    untrusted = {"type": name, "message": fields, "signature": data.draw(json_values)}
    with pytest.raises((Malformed, BadSignature)):
        verify(untrusted, DOMAIN)


@given(st.binary(min_size=64, max_size=64), st.integers(0, 255))
def test_no_signature_can_do_more_than_name_an_address(r_and_s, v):
    with contextlib.suppress(BadSignature):
        assert len(recover(bytes(32), r_and_s + bytes((v,)))) == 20


def test_the_second_encodings_of_a_signature_are_refused():
    signed = signed_by_foreign(EnergyReport(1, 900, bytes(16), 0, 0, b"\0\1"))
    r, s, v = signed.signature[:32], int.from_bytes(signed.signature[32:64], "big"), signed.signature[64]
    recover(digest(signed.message, DOMAIN), signed.signature)
    twins = [
        r + (ORDER - s).to_bytes(32, "big") + bytes((55 - v,)),  # the same point, s mirrored
        signed.signature[:64] + bytes((v - 27,)),
        signed.signature[:64] + bytes((v + 8,)),
    ]
    for twin in twins:
        with pytest.raises(BadSignature):
            recover(digest(signed.message, DOMAIN), twin)


def test_only_what_a_meter_reports_is_carried():
    with pytest.raises(Malformed, match="not DeviceEnrollment"):
        verify(signed_by_foreign(DeviceEnrollment(bytes(32), 300, 1)).to_json(), DOMAIN)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[]",
        b"null",
        b'{"messages":{}}',
        b'{"messages":[]}',
        b'{"messages":[1],"more":1}',
        b'{"a":1,"a":1}',
        b'{"a":1.0}',
        b'{"a":NaN}',
        b"[" * 100_000,
        b'{"a":' + b"9" * 10_000 + b"}",
    ],
)
def test_a_body_of_the_wrong_shape_is_malformed(body):
    with pytest.raises(Malformed):
        verify(parse(body)[1][0], DOMAIN)


def test_fifty_messages_are_taken_and_fifty_one_are_not():
    assert len(parse(json.dumps({"messages": [1] * 50}).encode())[1]) == 50
    with pytest.raises(TooLarge):
        parse(json.dumps({"messages": [1] * 51}).encode())


def test_intervals_beyond_the_last_possible_one_are_malformed():
    with pytest.raises(Malformed, match=r"2\^32"):
        verify(signed_by_foreign(EnergyReport(1, 0, bytes(16), 2**32 - 1, 0, bytes(4))).to_json(), DOMAIN)


usual = st.fixed_dictionaries(
    {
        "agreementId": st.integers(-1, 2**64) | st.booleans() | st.text("0123456789", max_size=3),
        "start": st.integers(-1, 2**40) | st.booleans() | st.text("0123456789", max_size=3),
        "terms": st.binary(min_size=15, max_size=17).map(lambda half: "0x" + half.hex())
        | st.sampled_from(["0x" + "zz" * 16, "0X" + "00" * 16, "0x" + "é1" * 16, ["0x"] * 34, None, 5]),
        "firstInterval": st.integers(-1, 2**32) | st.floats(0, 9),
        "registerWh": st.integers(-1, 2**64) | st.just("18446744073709551615"),
        "readings": st.binary(max_size=6).map(lambda lanes: "0x" + lanes.hex())
        | st.sampled_from(
            ["0x", "0xzz00", "0X0001", "0x0 01", "0x" + "00" * 1344, "0x" + "00" * 1346, ["0x"]]
        ),
    },
    optional={"more": st.just(1)},
)


WHOLE = ("agreementId", "start", "firstInterval", "registerWh")


@given(usual, st.sampled_from(["0x" + "11" * 65, "0x" + "11" * 64, "11" * 66, None, "0x" + "é1" * 65]))
def test_the_quick_way_reads_what_the_protocol_reads_and_nothing_else(fields, signature):
    untrusted = {"type": "EnergyReport", "message": fields, "signature": signature}
    quick = intake._usual_report(untrusted)
    try:
        slow = SignedMessage.from_json(untrusted)
    except MessageError:
        assert quick is None
    else:
        assert quick is None or (quick.message, quick.signature) == (slow.message, slow.signature)
        if all(type(fields[name]) is not str for name in WHOLE):
            assert quick is not None  # the usual form takes the quick way


@given(usual, st.data())
def test_the_quick_way_from_bytes_reads_what_the_strict_one_reads(fields, data):
    untrusted = {"type": "EnergyReport", "message": fields, "signature": "0x" + "11" * 65}
    body = json.dumps(untrusted, indent=data.draw(st.sampled_from([None, 1]))).encode()
    colon = data.draw(st.integers(0, body.count(b":")))
    places = [at for at, byte in enumerate(body) if byte == ord(":")]
    if colon < len(places):  # a space before one of the colons, and maybe the name once more
        at = places[colon]
        body = body[:at] + data.draw(st.sampled_from([b" ", b' :1,"type"', b' :1,"agreementId"'])) + body[at:]
    quick = intake.quick(body)
    if quick is None:
        return
    many, [strict] = parse(body)
    signed = SignedMessage.from_json(strict)
    assert (many, quick.message, quick.signature) == (False, signed.message, signed.signature)


@pytest.mark.parametrize(
    "inside", [b"[" * 100_000, b'"\xff"', b'"\\ud800"', b"9" * 5_000, b"1e999", b"NaN", b""]
)
def test_the_quick_way_leaves_what_is_odd_to_the_strict_one(inside):
    assert intake.quick(b'{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7,"h":8,"i":' + inside + b"}") is None


def test_a_name_that_stands_twice_takes_the_strict_way_and_is_refused():
    report = signed_by_foreign(EnergyReport(1, 900, bytes(16), 0, 0, b"\0\1")).to_json()
    body = json.dumps(report)
    assert intake.quick(body.encode()) is not None
    for twice in (body.replace("{", '{"type" :"EnergyReport",', 1), body.replace("{", '{"type":1,', 1)):
        assert intake.quick(twice.encode()) is None
        with pytest.raises(Malformed, match="twice"):
            parse(twice.encode())
