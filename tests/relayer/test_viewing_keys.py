# SPDX-License-Identifier: Apache-2.0
"""/v1/viewing-keys: what was wrapped for a meter, and nothing else of the machine; and the meter's own word back."""

import asyncio
import json
from secrets import token_bytes

import aiohttp
import pytest
from coincurve import PrivateKey

from electro_protocol import delivery, sealing
from electro_protocol.messages import OutageReport, ViewingKeyReady
from electro_protocol.signed import SignedMessage
from electro_relayer.hashing import checksum

KEY = bytes(range(32))


@pytest.fixture
async def served(shared_world, settings_for, relay, tmp_path):
    """A relayer with a folder, and a meter for which something is in it."""
    folder = tmp_path / "keys"
    folder.mkdir()
    meter, other = (shared_world.enrol(token_bytes(32)) for _ in range(2))
    public_key = PrivateKey(meter.secret).public_key.format(compressed=False)[1:]
    wrapped = "0x" + delivery.wrap(KEY, public_key, bytes(31) + b"\x09").hex()
    (folder / f"{checksum(meter.device)}.wrapped").write_text(wrapped + "\nno key\n")
    (folder / f"{checksum(other.device)}.wrapped").write_text(KEY.hex())
    client = await relay(settings_for(shared_world, viewing_keys=folder))
    return client, folder, meter, other, wrapped


async def _ask(client, path, body=None):
    async with aiohttp.ClientSession() as session:
        method = "GET" if body is None else "POST"
        async with session.request(method, client.url + path, data=body) as answer:
            return answer.status, await answer.json()


def _word(meter, message, secret=None):
    signed = SignedMessage.make(message, meter.domain, secret or meter.secret)
    return json.dumps(signed.to_json())


async def test_a_meter_is_told_of_its_keys_and_handed_them(served):
    client, _, meter, other, wrapped = served
    path = "/v1/viewing-keys/" + checksum(meter.device)
    assert (await _ask(client, "/v1/meters/" + checksum(meter.device)))[1]["viewing_keys"] is True
    assert await _ask(client, path) == (200, {"wrapped": [wrapped]})
    assert delivery.unwrap(bytes.fromhex(wrapped[2:]), meter.secret) == KEY
    other = checksum(other.device)  # whose file holds a key that was not wrapped
    assert (await _ask(client, "/v1/viewing-keys/" + other))[0] == 404
    assert "viewing_keys" not in (await _ask(client, "/v1/meters/" + other))[1]
    for name in ("..%2Fkeys", "0x12", "%2e%2e", "0x" + "11" * 20):
        assert (await _ask(client, "/v1/viewing-keys/" + name))[0] in (400, 404), name


async def test_a_file_that_no_meter_is_helped_by_is_told_of_once(served, caplog):
    client, folder, meter, other, _ = served
    unreadable, useless = (folder / f"{checksum(one.device)}.wrapped" for one in (meter, other))
    unreadable.unlink()
    unreadable.mkdir()  # opening it fails, and not because it is not there
    for _ in range(2):
        for one in (meter, other):
            assert (await _ask(client, "/v1/viewing-keys/" + checksum(one.device)))[0] == 404
    told = [record.getMessage() for record in caplog.records if ".wrapped" in record.getMessage()]
    assert [str(unreadable) in told[0], str(useless) in told[1]] == [True, True]
    assert len(told) == 2


async def test_the_meter_s_word_lies_beside_them_and_nobody_else_s(served):
    client, folder, meter, other, _ = served
    path = "/v1/viewing-keys/" + checksum(meter.device)
    ready = ViewingKeyReady(sealing.key_hash(KEY))
    stranger = bytes(31) + b"\x07"
    for body, status in (
        ("", 400), ("{}", 400), (_word(meter, OutageReport(1, 0, 1, 2, 0)), 400), (_word(meter, ready, stranger), 403),
    ):  # fmt: skip
        assert (await _ask(client, path, body.encode()))[0] == status
    assert list(folder.glob("*.json")) == []
    elsewhere = "/v1/viewing-keys/" + checksum(other.device)
    assert (await _ask(client, elsewhere, _word(meter, ready).encode()))[0] == 404
    for _ in range(2):
        assert await _ask(client, path, _word(meter, ready).encode()) == (
            202, {"device": checksum(meter.device)}
        )  # fmt: skip
    (file,) = folder.glob("*.json")
    assert SignedMessage.from_json(json.loads(file.read_text())).message == ready
    statuses = [
        (await _ask(client, path, _word(meter, ViewingKeyReady(bytes([k]) * 32)).encode()))[0]
        for k in range(1, 10)
    ]
    assert statuses == [202] * 7 + [400] * 2


async def test_the_body_of_a_word_is_bounded_as_a_message_s_is(shared_world, settings_for, relay, tmp_path):
    meter = shared_world.enrol(token_bytes(32))
    (tmp_path / f"{checksum(meter.device)}.wrapped").write_text("0x" + "00" * 65)
    client = await relay(
        settings_for(shared_world, viewing_keys=tmp_path, body_limit=2048, body_timeout_s=0.3)
    )
    path = "/v1/viewing-keys/" + checksum(meter.device)
    status, answer = await _ask(client, path, b" " * 4096)
    assert (status, answer["error"]["code"]) == (413, "TOO_LARGE")
    async with (
        aiohttp.ClientSession() as session,
        session.post(client.url + path, data=b"{}", headers={"Content-Encoding": "deflate"}) as packed,
    ):
        assert (packed.status, (await packed.json())["error"]["code"]) == (400, "MALFORMED")
    reader, writer = await asyncio.open_connection("127.0.0.1", int(client.url.rsplit(":", 1)[1]))
    try:
        writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{{".encode())
        assert b"TOO_SLOW" in await reader.read()  # ends when the relayer closes the connection
    finally:
        writer.close()
        await writer.wait_closed()


async def test_a_word_that_can_not_be_kept_is_asked_for_again(served):
    client, folder, meter, *_ = served
    path = "/v1/viewing-keys/" + checksum(meter.device)
    ready = ViewingKeyReady(sealing.key_hash(KEY))
    in_the_way = folder / f"{checksum(meter.device)}-{sealing.key_hash(KEY)[:8].hex()}.ready.new"
    in_the_way.mkdir()  # what is written beside it can't be: as on a full disk
    status, answer = await _ask(client, path, _word(meter, ready).encode())
    assert (status, answer["error"]["code"]) == (503, "WORD_NOT_KEPT")
    assert list(folder.glob("*.ready.json")) == []
    in_the_way.rmdir()
    assert (await _ask(client, path, _word(meter, ready).encode()))[0] == 202
    assert len(list(folder.glob("*.ready.json"))) == 1


async def test_a_relayer_without_a_folder_has_none(shared_world, settings_for, relay):
    client = await relay(settings_for(shared_world))
    device = checksum(shared_world.enrol(token_bytes(32)).device)
    assert (await _ask(client, "/v1/viewing-keys/" + device))[0] == 404
    assert "viewing_keys" not in (await _ask(client, "/v1/meters/" + device))[1]
