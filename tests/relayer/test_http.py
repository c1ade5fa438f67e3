# SPDX-License-Identifier: Apache-2.0
"""The relayer's HTTP interface on a real chain that mines at once."""

import asyncio
import itertools
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from electro_contracts.calldata import STATES
from electro_relayer import Settings, StartError, errors, serve
from electro_relayer.hashing import checksum, keccak256
from tests.relayer.world import INTERVAL_S, SLOTS

_seeds = itertools.count(10)


@pytest.fixture
def world(shared_world):
    shared_world.agree(2, seed=next(_seeds))
    return shared_world


@pytest.fixture
async def client(world, settings_for, relay):
    return await relay(settings_for(world))


async def test_a_report_is_accepted_and_lands(world, client, eventually):
    meter = world.meters[0]
    status, body = await client.post(meter.report(0, 4))
    assert status == 202
    assert body["status"] == "accepted"
    assert body["device"] == checksum(meter.device)
    await eventually(lambda: world.reported(meter) == [0, 1, 2, 3])


async def test_a_duplicate_is_accepted_again_and_final_when_it_is(world, client, eventually):
    meter = world.meters[0]
    report = meter.report(0)
    answers = await asyncio.gather(*[client.post(report) for _ in range(10)])
    assert {status for status, _ in answers} <= {200, 202}
    await eventually(lambda: world.next_interval(meter) == 1)

    async def is_final():
        return await client.post(report) == (200, {**answers[0][1], "status": "final"})

    await eventually(is_final)
    assert world.reported(meter) == [0]


async def test_the_wrong_interval_is_told_the_right_one(world, client, eventually):
    meter = world.meters[0]
    status, body = await client.post(meter.report(3))
    assert (status, body["error"]["code"]) == (409, "WRONG_SEQUENCE")
    assert (body["error"]["expected"], body["error"]["got"]) == (0, 3)
    await client.post(meter.report(0, 2))
    status, body = await client.post(meter.report(1, 2))  # overlaps what is in memory or on chain
    assert (status, body["error"]["expected"]) == (409, 2)


async def test_consecutive_reports_of_one_meter_share_a_batch(world, client, eventually):
    meter = world.meters[0]
    status, body = await client.post({"messages": meter.reports(20)})
    assert status == 200
    assert [result["status_code"] for result in body["results"]] == [202] * 20
    await eventually(lambda: world.reported(meter) == list(range(20)))


async def test_one_bad_message_costs_the_others_nothing(world, client, eventually):
    one, two = world.meters
    stranger = type(one)(b"\x77" * 32, world.domain, one.agreement_id)
    bad_signature = {**one.report(0), "signature": "0x" + "00" * 65}
    messages = [{}, one.report(0), bad_signature, stranger.report(0), two.report(5), two.report(0)]
    status, body = await client.post({"messages": messages})
    assert status == 200
    assert [result["status_code"] for result in body["results"]] == [400, 202, 403, 403, 409, 202]
    codes = [result.get("error", {}).get("code") for result in body["results"]]
    assert codes == ["MALFORMED", None, "BAD_SIGNATURE", "UNKNOWN_DEVICE", "WRONG_SEQUENCE", None]
    await eventually(lambda: world.reported(one) == world.reported(two) == [0])


async def test_two_meters_may_report_the_same(world, client, eventually):
    one, two = world.meters
    _, body = await client.post({"messages": [one.report(0), two.report(0)]})
    first, second = body["results"]
    assert first["digest"] == second["digest"]
    assert first["device"] != second["device"]
    await eventually(lambda: world.reported(one) == world.reported(two) == [0])


async def test_an_outage_report_lands_and_is_known_then(world, client, eventually):
    meter = world.meters[0]
    start = world.start + 5000
    opened, closed = meter.outage(start), meter.outage(start, start + 600)
    assert (await client.post(meter.report(0, 7)))[0] == 202  # the intervals that it touches
    assert (await client.post(opened))[0] == 202
    events = world.contract.events.OutageReported()

    def outages():
        return [
            (entry["args"]["startedAt"], entry["args"]["endedAt"])
            for entry in events.get_logs(from_block=0, argument_filters={"device": "0x" + meter.device.hex()})
        ]

    async def is_final(outage):
        return (await client.post(outage))[0] == 200  # once the relayer has seen its receipt

    await eventually(lambda: outages() == [(start, 0)])
    await eventually(lambda: is_final(opened))
    _, body = await client.post({"messages": [opened, closed]})
    assert [result["status_code"] for result in body["results"]] == [200, 202]
    await eventually(lambda: outages() == [(start, 0), (start, start + 600)])
    await eventually(lambda: is_final(closed))


async def test_the_second_of_two_outages_waits_for_the_first_and_for_its_reports(world, client, eventually):
    meter = world.meters[0]
    start = world.start
    second = meter.outage(start + 1000, start + 1200, number=1)
    assert (await client.post(second))[0] == 202
    assert (await client.post(meter.outage(start + 100, start + 200)))[0] == 202
    assert (await client.post(meter.report(0, 2)))[0] == 202
    events = world.contract.events.OutageReported()

    def numbers():
        logs = events.get_logs(from_block=0, argument_filters={"device": "0x" + meter.device.hex()})
        return [entry["args"]["number"] for entry in logs]

    await eventually(lambda: numbers() == [0, 1])
    assert (await client.post(second))[0] == 200


async def test_an_outage_that_begins_in_the_last_one_is_refused_in_words(world, client, eventually):
    meter = world.meters[0]
    before = meter.outage(world.start - 5000, world.start - 4000)  # of no agreement: it costs nothing
    assert (await client.post(before))[0] == 202

    async def is_final():
        return (await client.post(before))[0] == 200

    await eventually(is_final)
    status, body = await client.post(meter.outage(world.start - 4500, world.start - 100, number=1))
    assert (status, body["error"]["code"]) == (409, "OVERLAPPING_OUTAGE")
    stranger = type(meter)(b"\x77" * 32, world.domain, meter.agreement_id)
    assert (await client.post(stranger.outage(world.start)))[0] == 403


async def test_what_the_agreement_rules_out_is_refused_in_the_contracts_words(world, client, eventually):
    meter = world.meters[0]
    await client.post({"messages": meter.reports(9, SLOTS)})
    await client.post(meter.reports(1, SLOTS - 1)[0])
    status, body = await client.post(meter.reports(1)[0])
    assert status == 202
    status, body = await client.post(meter.report(meter.next))
    assert (status, body["error"]["code"]) == (409, "OUTSIDE_TERM")
    for name, value, code in (
        ("start", meter.start + 900, "OTHER_START"),
        ("terms", bytes(16), "OTHER_TERMS"),
    ):
        believer = world.meters[1]
        believed = getattr(believer, name)
        setattr(believer, name, value)
        status, body = await client.post(believer.report(0))
        assert (status, body["error"]["code"]) == (409, code)
        setattr(believer, name, believed)
    status, body = await client.post(world.meters[1].report(0, SLOTS + 1))
    assert (status, body["error"]["code"]) == (409, "BEYOND_SCHEDULE")


async def test_a_report_for_another_agreement_is_refused(world, client):
    meter = world.meters[0]
    meter.agreement_id += 1000
    status, body = await client.post(meter.report(0))
    assert (status, body["error"]["code"]) == (409, "NOT_SERVED")


async def test_a_meter_is_told_where_it_stands(world, client, eventually):
    meter = world.meters[0]
    await client.post(meter.report(0, 5))
    await eventually(lambda: world.next_interval(meter) == 5)
    status, body = await client.get(f"/v1/meters/0x{meter.device.hex()}?ahead=3")
    assert status == 200
    assert body["device"] == checksum(meter.device)
    assert body["chain_id"] == world.chain_id
    assert body["contract"] == checksum(world.address)
    assert body["time"] == world.now
    assert body["block"]["latest"] == body["block"]["final"] == world.web3.eth.block_number
    [agreement] = body["agreements"]
    bounds, terms = agreement.pop("bounds"), agreement.pop("terms")
    assert terms["code_hash"][:34] == "0x" + meter.terms.hex()
    assert agreement == {
        "agreement_id": meter.agreement_id,
        "state": "accepted",
        "place": 0,
        "start": world.start,
        "interval_seconds": INTERVAL_S,
        "intervals": 10 * SLOTS,
        "end": 10 * SLOTS,
        "reports_until": world.start + 10 * SLOTS * INTERVAL_S + 10**7,
        "slots": SLOTS,
        "unit_wh": 10,
        "next": {"latest": 5, "final": 5},
        "next_outage": {"latest": 0, "final": 0},
        "outage_open": False,
        "remaining_bonus": str(10**12),
    }
    assert agreement["state"] in STATES
    assert bounds["first_interval"] == 10 * SLOTS  # the term is over
    assert len(bounds["min"]) == len(bounds["max"])


async def test_the_terms_are_told_as_the_code_whose_hash_meters_sign(world, client):
    meter = world.meters[0]
    _, body = await client.get(f"/v1/meters/0x{meter.device.hex()}")
    terms = body["agreements"][0]["terms"]
    async with client.session.get(client.url + "/v1/terms/" + terms["account"]) as answer:
        code = await answer.read()
        assert (answer.status, answer.content_type) == (200, "application/octet-stream")
        assert "immutable" in answer.headers["Cache-Control"]
    assert "0x" + keccak256(code).hex() == terms["code_hash"]
    for account, status in ((checksum(world.address), 404), (checksum(meter.device), 404), ("0x12", 400)):
        assert (await client.get(f"/v1/terms/{account}"))[0] == status


async def test_a_stranger_is_not_found_and_a_malformed_address_is_malformed(world, client):
    assert (await client.get("/v1/meters/0x" + "77" * 20))[0] == 404
    for path in ("0x12", "hello", "0x" + "zz" * 20, "0x" + "77" * 20 + "?ahead=-1"):
        status, body = await client.get("/v1/meters/" + path)
        assert (status, body["error"]["code"]) == (400, "MALFORMED")


async def test_an_enrolled_meter_without_agreement_has_an_empty_list(world, client):
    meter = world.enrol(next(_seeds).to_bytes(32, "big"))
    assert (await client.get("/v1/meters/" + checksum(meter.device)))[1]["agreements"] == []


async def test_it_lives_and_is_ready(world, client):
    assert await client.get("/healthz") == (200, {"status": "alive"})
    status, body = await client.get("/readyz")
    assert (status, body["chain_id"]) == (200, world.chain_id)


async def test_what_is_not_there_is_told_in_the_same_form(client):
    assert (await client.get("/nothing"))[1]["error"]["code"] == "NO_SUCH_PATH"
    status, body = await client.get("/v1/messages")
    assert (status, body["error"]["code"]) == (405, "WRONG_METHOD")
    async with client.session.get(client.url + "/v1/messages") as response:
        assert response.headers["Allow"] == "POST"


async def test_a_full_queue_says_when_to_come_again(world, settings_for, relay):
    client = await relay(settings_for(world, queue_size=2, batch_ms=500))
    meter = world.meters[0]
    body = json.dumps({"messages": meter.reports(2)}).encode()
    async with client.session.post(client.url + "/v1/messages", data=body):
        pass
    async with client.session.post(client.url + "/v1/messages", json=meter.report(2)) as response:
        assert response.status == 503
        assert int(response.headers["Retry-After"]) > 0
        assert (await response.json())["error"]["code"] == "QUEUE_FULL"


async def test_one_meter_can_not_fill_the_queue(world, settings_for, relay):
    client = await relay(settings_for(world, device_in_flight=2, batch_ms=500))
    one, two = world.meters
    _, body = await client.post({"messages": [*one.reports(3), two.report(0)]})
    assert [result["status_code"] for result in body["results"]] == [202, 202, 429, 202]


async def test_a_body_too_large_or_compressed_is_refused(world, settings_for, relay):
    client = await relay(settings_for(world, body_limit=2048))
    url = client.url + "/v1/messages"
    async with client.session.post(url, data=b" " * 4096) as response:
        assert response.status == 413
    async with client.session.post(url, data=b"{}", headers={"Content-Encoding": "deflate"}) as response:
        assert response.status == 400


@pytest.mark.parametrize(
    "sent",
    [b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{", b"GET /healthz HT", b""],
    ids=["body", "head", "nothing"],
)
async def test_a_slow_sender_is_cut_off(world, settings_for, relay, sent):
    client = await relay(settings_for(world, body_timeout_s=0.3, head_timeout_s=0.3))
    reader, writer = await asyncio.open_connection("127.0.0.1", int(client.url.rsplit(":", 1)[1]))
    try:
        writer.write(sent)
        answer = await reader.read()  # ends when the relayer closes the connection
    finally:
        writer.close()
        await writer.wait_closed()
    assert (b" 408 " in answer.split(b"\r\n")[0]) == sent.startswith(b"POST")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_no_input_gets_a_5xx(world, client, data):
    meter = world.meters[0]
    message = meter.report(data.draw(st.integers(0, 2**32 - 1)))
    spoiled = {
        **message,
        "message": {
            **message["message"],
            data.draw(st.sampled_from(sorted(message["message"]))): data.draw(json_values),
        },
    }
    signed_elsewhere = {**message, "signature": "0x" + data.draw(st.binary(min_size=64, max_size=66)).hex()}
    body = data.draw(
        st.sampled_from([spoiled, signed_elsewhere, {"messages": [spoiled, signed_elsewhere]}]).map(
            lambda body: json.dumps(body).encode()
        )
        | st.binary(max_size=200)
        | json_values.map(lambda value: json.dumps(value).encode())
    )
    async with client.session.post(client.url + "/v1/messages", data=body) as response:
        answer = await response.json()
        assert response.status < 500
    assert all(result["status_code"] < 500 for result in answer.get("results", []))
    path = data.draw(st.text(st.characters(codec="ascii", exclude_characters="/?#"), max_size=50))
    async with client.session.get(client.url + "/v1/meters/" + path) as response:
        assert response.status < 500


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"rpc_url": "http://127.0.0.1:1"}, errors.NodeMissing),
        ({"chain_id": 1}, errors.WrongChain),
        ({"contract": b"\x01" * 20}, errors.NoContract),
        ({"key_file": "/nowhere/key"}, errors.KeyFileError),
    ],
)
async def test_a_start_that_can_not_be_says_why(world, settings_for, change, error):
    good = settings_for(world)
    values = {name: getattr(good, name) for name in good.__slots__}
    with pytest.raises(error) as caught:
        await serve(Settings.load(environ={}, **{**values, **change}))
    assert isinstance(caught.value, StartError)
    assert caught.value.sentence.endswith(".")


async def test_a_port_in_use_is_said_in_one_sentence(world, client, settings_for):
    taken = int(client.url.rsplit(":", 1)[1])
    with pytest.raises(errors.PortInUse, match=f"127.0.0.1:{taken}"):
        await serve(settings_for(world, key=2, port=taken, metrics_port=0))
