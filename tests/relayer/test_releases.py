# SPDX-License-Identifier: Apache-2.0
"""GET /v1/releases: files as they lie in a folder, and nothing else of the machine."""

import aiohttp
import pytest

NAME = "ab" * 32 + ".bundle"


@pytest.fixture
async def client(shared_world, settings_for, relay, tmp_path):
    folder = tmp_path / "releases"
    folder.mkdir()
    (folder / NAME).write_bytes(bytes(range(256)) * 10)
    (folder / "xtensawin.json").write_text('{"release": {}}')
    (folder / "validators.json").write_text('{"version": 2}')
    (folder / "secret.key").write_text("no")
    (tmp_path / "outside.json").write_text("{}")
    return await relay(settings_for(shared_world, releases=folder))


async def _get(client, path, **headers):
    async with aiohttp.ClientSession() as session, session.get(client.url + path, headers=headers) as answer:
        return answer.status, answer.headers, await answer.read()


async def test_a_paper_and_a_part_of_a_bundle_are_handed_out(client):
    status, headers, body = await _get(client, "/v1/releases/xtensawin.json")
    assert (status, headers["Content-Type"], body) == (200, "application/json", b'{"release": {}}')
    status, headers, body = await _get(client, "/v1/releases/" + NAME, Range="bytes=1024-2047")
    assert (status, headers["Content-Length"], body) == (206, "1024", bytes(range(256)) * 4)
    assert "immutable" in headers["Cache-Control"]


async def test_a_set_of_validators_is_too(client):
    status, headers, body = await _get(client, "/v1/releases/validators.json")
    assert (status, headers["Content-Type"], body) == (200, "application/json", b'{"version": 2}')


async def test_nothing_else_is(client):
    for name in (
        "secret.key",
        "../outside.json",
        "..%2Foutside.json",
        "other.json",
        "%2e%2e/outside.json",
        NAME + "x",
    ):
        status, _, body = await _get(client, "/v1/releases/" + name)
        assert status == 404, name
        assert b"NO_SUCH_PATH" in body


async def test_a_relayer_without_releases_has_none(shared_world, settings_for, relay):
    client = await relay(settings_for(shared_world))
    assert (await _get(client, "/v1/releases/xtensawin.json"))[0] == 404
