# SPDX-License-Identifier: Apache-2.0
"""What the person who runs a relayer sees and sets: check, logs, metrics, limits, keys, the interface's description."""

import asyncio
import io
import itertools
import json
import logging
import subprocess
import sys
from pathlib import Path

import jsonschema_rs
import pytest
from eth_account import Account

from electro_relayer import errors, logs, preflight
from electro_relayer.http.openapi import DOCUMENT
from electro_relayer.http.routes import add_routes
from electro_relayer.paying.key import key_of, read_key, read_ordinal
from electro_relayer.paying.limits import DAY_S, Buckets, Budgets

MNEMONIC = "test test test test test test test test test test test junk"  # everybody's


_seeds = itertools.count(500)


@pytest.fixture
def fresh(shared_world):
    """The shared chain with two meters nobody has used."""
    shared_world.agree(2, seed=next(_seeds))
    return shared_world


async def findings(settings):
    return [finding async for finding in preflight.check(settings)]


# -- check


async def test_a_relayer_that_can_work_passes_every_check(shared_world, settings_for):
    found = await findings(settings_for(shared_world))
    assert [finding.what for finding in found] == [
        "settings", "key", "node", "contract", "chain", "blocks", "gas", "balance", "nonces",
    ]  # fmt: skip
    assert all(finding.good is not False for finding in found)


@pytest.mark.parametrize(
    ("change", "what", "words"),
    [
        ({"rpc_url": "http://127.0.0.1:1"}, "node", "does not answer"),
        ({"chain_id": 1}, "node", "serves chain 31337, the settings say 1"),
        ({"contract": b"\x01" * 20}, "node", "no Electro contract"),
        ({"key_file": "/nowhere/key"}, "key", "There is no key file"),
        ({"rpc_url": "http://127.0.0.1:1,http://127.0.0.1:2"}, "nodes", "No node answers"),
    ],
)
async def test_what_is_missing_is_found_before_the_service_begins(
    shared_world, settings_for, change, what, words
):
    from electro_relayer import Settings

    good = settings_for(shared_world)
    values = {name: getattr(good, name) for name in good.__slots__}
    found = await findings(Settings.load(environ={}, **{**values, **change}))
    [failed] = [finding for finding in found if finding.good is False]
    assert failed.what == what
    assert words in failed.sentence


async def test_an_empty_purse_is_found(shared_world, settings_for):
    settings = settings_for(shared_world, key=77)
    shared_world.rpc("anvil_setBalance", "0x" + read_key(settings.key_file).address.hex(), "0x0")
    [failed] = [finding for finding in await findings(settings) if finding.good is False]
    assert failed.what == "balance"


def test_the_command_says_a_line_for_each_and_a_verdict(shared_world, settings_for):
    settings = settings_for(shared_world)
    command = [
        *(sys.executable, "-m", "electro_tools.cli", "relayer", "check", "--rpc", settings.rpc_url),
        *("--contract", "0x" + settings.contract.hex(), "--key-file", str(settings.key_file)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "the relayer can work"
    assert settings.key_file.read_text() not in done.stdout
    done = subprocess.run([*command, "--chain-id", "5"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "the relayer can't work like this: node" in done.stderr


# -- keys


def test_each_replica_takes_its_key_of_one_mnemonic_by_its_ordinal(tmp_path, settings_for, shared_world):
    Account.enable_unaudited_hdwallet_features()
    words, host = tmp_path / "words", tmp_path / "hostname"
    words.write_text(MNEMONIC + "\n")
    words.chmod(0o600)
    host.write_text("relayer-2\n")
    expected = Account.from_mnemonic(MNEMONIC, account_path="m/44'/60'/0'/0/2").address
    settings = settings_for(shared_world)
    changed = type(settings)(
        rpc_url=settings.rpc_url, contract=settings.contract, key_file=words, key_ordinal_file=host
    )
    assert "0x" + key_of(changed).address.hex() == expected.lower()
    assert read_key(words, ordinal=2).address == key_of(changed).address != read_key(words, ordinal=0).address
    with pytest.raises(errors.KeyFileError, match="key_ordinal"):
        read_key(words)
    words.write_text(MNEMONIC.replace("junk", "test"))
    with pytest.raises(errors.KeyFileError, match="no BIP-39 mnemonic") as caught:
        read_key(words, ordinal=0)
    assert "test" not in str(caught.value).replace(str(words), "")
    host.write_text("relayer")
    with pytest.raises(errors.KeyFileError, match="whole number"):
        read_ordinal(host)


# -- logs


def test_the_log_can_be_one_object_a_line():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonLines())
    logger = logging.getLogger("electro_relayer.test")
    logger.addHandler(handler)
    logger.error('block %d: "two\nlines"', 5)
    logger.error("failed", exc_info=RuntimeError("fault"))
    logger.removeHandler(handler)
    first, second = map(json.loads, stream.getvalue().splitlines())
    assert first["message"] == 'block 5: "two\nlines"'
    assert (first["level"], first["logger"]) == ("error", "electro_relayer.test")
    assert "RuntimeError: fault" in second["traceback"]


async def test_no_log_line_tells_a_secret(fresh, settings_for, relay, eventually, caplog):
    caplog.set_level(logging.DEBUG)
    settings = settings_for(fresh)
    client = await relay(settings)
    meter = fresh.meters[0]
    report = meter.report(0)
    await client.post(report)
    await client.post({**report, "signature": "0x" + "11" * 65})
    await eventually(lambda: fresh.reported(meter) == [0])

    def ours():
        return " ".join(r.getMessage() for r in caplog.records if r.name.startswith("electro"))

    await eventually(lambda: "1 of 1 messages" in ours())  # the chain knows it before the relayer does
    assert settings.key_file.read_text() not in caplog.text
    assert report["signature"][2:] not in ours()


# -- metrics


async def test_what_happens_is_counted_as_prometheus_reads_it(fresh, settings_for, relay, eventually):
    client = await relay(settings_for(fresh))
    one, two = fresh.meters
    await client.post({"messages": [*one.reports(3), two.report(7)]})
    await client.post({})
    await eventually(lambda: fresh.reported(one) == [0, 1, 2])

    async def settled():
        return (await client.metrics())["landed_total",] == 3

    await eventually(settled)
    told = await client.metrics()
    assert told["accepted_total", "EnergyReport"] == 3
    assert told["refused_total", "WRONG_SEQUENCE"] == 1
    assert told["refused_total", "MALFORMED"] == 1
    assert told["final_seconds_count",] == 3
    assert told["reverted_total",] == 0
    assert told["queue_messages",] == told["oldest_message_seconds",] == 0
    assert told["gas_total",] > 50_000
    assert told["fee_wei_total",] > told["gas_total",]
    assert told["balance_wei",] > 0
    assert [value for name, value in told.items() if name[0] == "node_up"] == [1]
    assert told["process_resident_memory_bytes",] > 10_000_000


async def test_promtool_finds_nothing_to_mend_in_the_metrics(fresh, settings_for, relay, promtool):
    client = await relay(settings_for(fresh))
    async with client.session.get(client.metrics_url) as response:
        assert response.headers["Content-Type"].startswith("text/plain; version=")
        text = await response.text()
    judged = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False
    )
    found = [line for line in (judged.stdout + judged.stderr).splitlines() if "electro_relayer" in line]
    assert found == []


# -- limits


def test_a_bucket_lets_a_burst_through_and_then_a_rate():
    now = 0.0
    buckets = Buckets(2.0, 3, lambda: now)
    for _ in range(3):
        buckets.take(b"a")
    with pytest.raises(errors.TooManyMessages):
        buckets.take(b"a")
    buckets.take(b"b")  # another meter's is its own
    now = 0.5
    buckets.take(b"a")
    with pytest.raises(errors.TooManyMessages):
        buckets.take(b"a")
    endless = Buckets(0, 1, lambda: now)
    for _ in range(9):
        endless.take(b"a")


def test_a_budget_is_for_a_day():
    now = 0.0
    budgets = Budgets(100, lambda: now)
    budgets.promise(b"a", 90)
    with pytest.raises(errors.GasBudgetSpent):
        budgets.promise(b"a", 20)
    budgets.promise(b"a", 10)
    budgets.promise(b"b", 100)
    now = DAY_S
    budgets.promise(b"a", 100)


async def test_one_meters_flood_is_told_to_wait_and_another_is_not(fresh, settings_for, relay):
    client = await relay(settings_for(fresh, device_rate=0.1, device_burst=2))
    one, two = fresh.meters
    _, body = await client.post({"messages": [*one.reports(3), two.report(0)]})
    assert [result["status_code"] for result in body["results"]] == [202, 202, 429, 202]
    assert body["results"][2]["error"]["code"] == "TOO_MANY_MESSAGES"


async def test_a_meter_can_not_burn_more_gas_than_its_budget(fresh, settings_for, relay):
    client = await relay(settings_for(fresh, device_gas_per_day=60_000))
    one, two = fresh.meters
    _, body = await client.post({"messages": [*one.reports(3), two.report(0)]})
    assert [result["status_code"] for result in body["results"]] == [202, 202, 429, 202]
    assert body["results"][2]["error"]["code"] == "GAS_BUDGET_SPENT"


async def test_a_connection_too_many_is_turned_away_in_words(fresh, settings_for, relay):
    client = await relay(settings_for(fresh, connections=2))
    port = int(client.url.rsplit(":", 1)[1])
    held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
    for reader, writer in held:  # who is answered has been let in
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = (await reader.read()).decode()
    assert answer.startswith("HTTP/1.1 503 ")
    assert "Retry-After: " in answer
    assert json.loads(answer.split("\r\n\r\n")[1])["error"]["code"] == "TOO_MANY_CONNECTIONS"
    for _, each in [*held, (reader, writer)]:
        each.close()
        await each.wait_closed()


# -- the description of the interface


def test_the_openapi_document_names_the_routes_that_there_are():
    from aiohttp import web

    app = web.Application()
    add_routes(app)
    served = {
        (route.resource.canonical, route.method.lower())
        for route in app.router.routes()
        if route.method != "HEAD"
    }
    assert served == {(path, verb) for path, item in DOCUMENT["paths"].items() for verb in item}


def test_every_refusal_has_a_status_that_the_document_knows_and_a_place_in_the_readme():
    readme = (Path(__file__).parents[2] / "relayer" / "README.md").read_text("utf-8")
    documented = {
        status
        for item in DOCUMENT["paths"].values()
        for verb in item.values()
        for status in verb["responses"]
    }
    for refusal in errors.Refusal.__subclasses__():
        assert refusal is errors.RefusedByContract or f"`{refusal.code}`" in readme, refusal
        assert str(refusal.status) in documented or refusal.status == 405


def fits(value, schema):
    return jsonschema_rs.is_valid({**schema, "components": DOCUMENT["components"]}, value)


def schema_of(path, verb, status):
    return DOCUMENT["paths"][path][verb]["responses"][str(status)]["content"]["application/json"]["schema"]


async def test_real_answers_fit_the_openapi_document(fresh, settings_for, relay, eventually):
    client = await relay(settings_for(fresh))
    one, two = fresh.meters
    body_schema = DOCUMENT["paths"]["/v1/messages"]["post"]["requestBody"]["content"]["application/json"][
        "schema"
    ]
    for body in (one.report(0), {"messages": [one.report(1), two.report(5), two.outage(fresh.start + 5000)]}):
        assert fits(body, body_schema)
        status, answer = await client.post(body)
        assert fits(answer, schema_of("/v1/messages", "post", status)), answer
    assert not fits({"messages": []}, body_schema)
    for body in ({}, two.report(9), {**one.report(0), "signature": "0x"}):
        status, answer = await client.post(body)
        assert status >= 400
        assert fits(answer, schema_of("/v1/messages", "post", status))
    await eventually(lambda: fresh.reported(one) == [0, 1])
    for path, place in (
        (f"/v1/meters/0x{one.device.hex()}?ahead=3", "/v1/meters/{address}"),
        ("/v1/meters/0x12", "/v1/meters/{address}"),
        ("/v1/meters/0x" + "77" * 20, "/v1/meters/{address}"),
        ("/healthz", "/healthz"),
        ("/readyz", "/readyz"),
        ("/openapi.json", "/openapi.json"),
    ):
        status, answer = await client.get(path)
        assert fits(answer, schema_of(place, "get", status)), answer
