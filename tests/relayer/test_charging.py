# SPDX-License-Identifier: Apache-2.0
"""Work is charged to who causes it: not to the meter whose public messages somebody repeats, nor to all others."""

import asyncio
import itertools
import json

import pytest

from electro_protocol.messages import EnergyReport
from electro_relayer import errors
from electro_relayer.http.senders import sender_of
from electro_relayer.incoming.intake import parse, quick
from electro_relayer.paying.limits import Buckets, Budgets
from electro_relayer.paying.refusals import Refusals
from electro_relayer.settings import Settings
from tests.relayer.world import Meter

_seeds = itertools.count(700)
_secrets = itertools.count(0x57A_0000)


@pytest.fixture
def fresh(shared_world):
    shared_world.agree(2, seed=next(_seeds))
    return shared_world


def stranger(world, agreement_id=1):
    return Meter(next(_secrets).to_bytes(32, "big"), world.domain, agreement_id)


def asked_about(node, device):
    """The calls to a node that name a device."""
    return [
        call
        for request in node.requests
        for call in request
        if call["method"] == "eth_call" and device.hex() in call["params"][0]["data"]
    ]


# -- repetitions


async def test_whoever_repeats_what_is_on_chain_takes_nothing_from_its_meter(
    fresh, settings_for, relay, eventually
):
    client = await relay(settings_for(fresh, device_rate=0.001, device_burst=2))
    meter = fresh.meters[0]
    first, second, third = meter.reports(3)
    assert (await client.post(first))[0] == 202
    await eventually(lambda: fresh.reported(meter) == [0])
    for _ in range(20):
        assert (await client.post(first))[0] in (200, 202)
    assert (await client.post(second))[0] == 202
    for _ in range(20):
        assert (await client.post(second))[0] in (200, 202)
    status, body = await client.post(third)  # its own third message is one too many
    assert (status, body["error"]["code"]) == (429, "TOO_MANY_MESSAGES")


async def test_whoever_repeats_an_outage_on_chain_takes_nothing_from_its_meter_and_little_from_the_node(
    shared_world, faulty_shared, settings_for, relay, eventually
):
    shared_world.agree(1, seed=next(_seeds))
    [meter] = shared_world.meters
    client = await relay(
        settings_for(shared_world, rpc_url=faulty_shared.url, device_rate=0.001, device_burst=3)
    )
    assert (await client.post(meter.report(0, 2)))[0] == 202  # the intervals that it touches
    await eventually(lambda: shared_world.next_interval(meter) == 2)
    outage = meter.outage(shared_world.start + 1000, shared_world.start + 1600)
    assert (await client.post(outage))[0] == 202

    async def is_final():
        return (await client.post(outage))[0] == 200

    await eventually(is_final)
    before = len(asked_about(faulty_shared, meter.device))
    faulty_shared.requests.clear()
    for _ in range(30):
        assert (await client.post(outage))[0] == 200
    checks = [call for request in faulty_shared.requests for call in request if call["method"] == "eth_call"]
    assert len(checks) <= 1, before
    assert (await client.post(meter.report(2)))[0] == 202


async def test_what_is_not_queued_costs_neither_tokens_nor_gas(fresh, settings_for, relay, eventually):
    bound = 14_000 + 60 + 40 * 386  # of a report of one interval, by the formula
    client = await relay(
        settings_for(
            fresh, queue_size=1, batch_ms=300, device_burst=2, device_rate=0.001, device_gas_per_day=bound
        )
    )
    one, two = fresh.meters
    _, body = await client.post({"messages": [one.report(0), *[two.report(0)] * 9]})
    assert [result["status_code"] for result in body["results"]] == [202] + [503] * 9
    await eventually(lambda: fresh.reported(one) == [0])

    async def taken():
        return (await client.post(two.report(0)))[0] in (200, 202)  # 503 until the place is free

    await eventually(taken)


def test_what_is_given_back_can_be_taken_again():
    buckets, budgets = Buckets(1.0, 1, lambda: 0.0), Budgets(100, lambda: 0.0)
    buckets.take(b"a")
    buckets.give_back(b"a")
    buckets.take(b"a")
    with pytest.raises(errors.TooManyMessages):
        buckets.take(b"a")
    budgets.promise(b"a", 100)
    budgets.give_back(b"a", 60)
    budgets.promise(b"a", 60)
    with pytest.raises(errors.GasBudgetSpent):
        budgets.promise(b"a", 1)


def test_who_is_remembered_is_bounded_and_the_longest_silent_goes_first():
    buckets, budgets = Buckets(1.0, 1, lambda: 0.0, limit=2), Budgets(100, lambda: 0.0, limit=2)
    for name in (b"a", b"b", b"c"):
        buckets.take(name)
        budgets.promise(name, 100)
    buckets.take(b"a")
    budgets.promise(b"a", 100)
    for name in (b"c",):
        with pytest.raises(errors.TooManyMessages):
            buckets.take(name)
        with pytest.raises(errors.GasBudgetSpent):
            budgets.promise(name, 1)


# -- strangers


async def test_a_strangers_signature_costs_the_node_one_call_however_often_it_comes(
    fresh, faulty_shared, settings_for, relay
):
    client = await relay(settings_for(fresh, rpc_url=faulty_shared.url))
    nobody = stranger(fresh)
    bodies = [nobody.report(0), nobody.report(5), nobody.outage(fresh.start + 5000), nobody.report(0, 3)]
    for body in bodies:
        status, answer = await client.post(body)
        assert (status, answer["error"]["code"]) == (403, "UNKNOWN_DEVICE")
    assert (await client.get(f"/v1/meters/0x{nobody.device.hex()}"))[0] == 404
    assert len(asked_about(faulty_shared, nobody.device)) == 1


async def test_many_strangers_share_one_request_to_the_node(fresh, faulty_shared, settings_for, relay):
    client = await relay(settings_for(fresh, rpc_url=faulty_shared.url))
    nobodies = [stranger(fresh) for _ in range(60)]
    faulty_shared.requests.clear()
    answers = await asyncio.gather(*[client.post(nobody.report(0)) for nobody in nobodies])
    assert {status for status, _ in answers} == {403}
    asking = [
        request
        for request in faulty_shared.requests
        if any(nobody.device.hex() in str(request) for nobody in nobodies)
    ]
    assert sum(len(asked_about(faulty_shared, nobody.device)) for nobody in nobodies) == 60
    assert len(asking) <= 12  # one, if all come within a moment


async def test_a_sender_of_too_many_strangers_waits_and_known_meters_from_there_do_not(
    fresh, faulty_shared, settings_for, relay
):
    client = await relay(
        settings_for(fresh, rpc_url=faulty_shared.url, stranger_rate=0.001, stranger_burst=3)
    )
    one = fresh.meters[0]
    assert (await client.post(one.report(0)))[0] == 202
    found = [await client.post(stranger(fresh).report(0)) for _ in range(5)]
    assert [status for status, _ in found] == [403, 403, 403, 429, 429]
    assert found[-1][1]["error"]["code"] == "TOO_MANY_STRANGERS"
    faulty_shared.requests.clear()
    nobody = stranger(fresh)
    assert (await client.get(f"/v1/meters/0x{nobody.device.hex()}"))[0] == 429
    assert asked_about(faulty_shared, nobody.device) == []
    assert (await client.post(one.report(1)))[0] == 202
    assert (await client.post({"messages": [one.report(2), nobody.report(0)]}))[1]["results"][0][
        "status_code"
    ] == 202


async def test_meters_are_not_counted_as_strangers(fresh, settings_for, relay):
    client = await relay(settings_for(fresh, stranger_rate=0.001, stranger_burst=1))
    for meter in fresh.meters:
        assert (await client.post(meter.report(0)))[0] == 202


async def test_a_meter_that_was_just_enrolled_is_known_in_a_moment(fresh, settings_for, relay, eventually):
    client = await relay(settings_for(fresh))
    secret = next(_secrets).to_bytes(32, "big")
    path = f"/v1/meters/0x{Meter(secret, fresh.domain).device.hex()}"
    assert (await client.get(path))[0] == 404
    fresh.enrol(secret)

    async def known():
        return (await client.get(path))[0] == 200

    await eventually(known)


class _Request:
    def __init__(self, remote, *forwarded):
        self.remote = remote
        self.headers = self
        self._forwarded = list(forwarded)

    def getall(self, name, default):
        assert name == "X-Forwarded-For"
        return self._forwarded or default


@pytest.mark.parametrize(
    ("remote", "forwarded", "sender"),
    [
        ("198.51.100.7", (), "198.51.100.7"),
        ("198.51.100.7", ("1.2.3.4",), "198.51.100.7"),  # nobody trusts it
        ("10.0.0.2", ("1.2.3.4",), "1.2.3.4"),
        ("10.0.0.2", ("9.9.9.9, 1.2.3.4",), "1.2.3.4"),  # the proxy heard the last one; the first it was told
        ("10.0.0.2", ("1.2.3.4, 10.0.0.3",), "1.2.3.4"),  # two proxies
        ("10.0.0.2", ("9.9.9.9", "1.2.3.4"), "1.2.3.4"),
        ("10.0.0.2", ("nonsense",), "10.0.0.2"),
        ("10.0.0.2", ("1.2.3.4, nonsense",), "10.0.0.2"),
        ("2001:db8:1:2:3::4", (), "2001:db8:1:2::"),
        ("::ffff:198.51.100.7", (), "198.51.100.7"),
        (None, (), ""),
    ],
)
def test_who_sends_is_the_connection_or_whom_a_trusted_proxy_names(remote, forwarded, sender):
    settings = Settings(
        rpc_url="http://node", contract=bytes(20), key_file="key", trusted_proxies="10.0.0.0/8, ::1"
    )
    assert sender_of(_Request(remote, *forwarded), settings.trusted_networks) == sender


# -- bodies


@pytest.mark.parametrize(
    "body",
    [
        b'{"messages":[' + b"1," * 100_000 + b"1]}",
        b'{"type":"EnergyReport","a:b:c:d:e:f":[' + b"1," * 100_000 + b"1]}",
        b'{"a":"' + b"\\u0041" * 40_000 + b'"}',
        b'{"messages":[' + b"[],{}," * 10_000 + b"1]}",
    ],
    ids=["numbers", "numbers with a report's colons", "escapes", "brackets"],
)
def test_a_body_that_would_take_long_to_read_is_refused_unread(body, monkeypatch):
    from electro_relayer.incoming import intake

    def read(*_):
        raise AssertionError("it was read")

    monkeypatch.setattr(intake, "_DECODER", type("Decoder", (), {"decode": read}))
    monkeypatch.setattr(intake.orjson, "loads", read)
    assert quick(body) is None
    with pytest.raises(errors.Malformed):
        parse(body)


def test_the_largest_request_that_is_one_is_read(shared_world):
    meter = Meter(b"\x05" * 32, shared_world.domain, 2**64 - 1)
    report = meter.sign(
        EnergyReport(2**64 - 1, 2**40 - 1, b"\xff" * 16, 2**32 - 673, 2**64 - 1, b"\x7f\xff" * 672)
    ).to_json()
    many, messages = parse(json.dumps({"messages": [report] * 50}, indent=1).encode())
    assert many
    assert len(messages) == 50


# -- refusals


def test_a_refusal_that_is_raised_again_and_again_holds_nothing():
    class Said:
        identity, device, digest, agreement_id = (b"d", b"m"), b"d", b"m", 1

    refusals = Refusals(lambda: 0.0)
    raised = []
    for _ in range(3):
        refusal = refusals.of(Said) or refusals.remember(Said, "TooLate")
        with pytest.raises(errors.RefusedByContract) as caught:
            raise refusal
        raised.append(caught.value)
    assert len({id(each) for each in raised}) == 3
    assert [told["error"]["code"] for told in refusals.of_device(b"d")] == ["TOO_LATE"]
    assert refusals.of_device(b"other") == []
