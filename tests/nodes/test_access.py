# SPDX-License-Identifier: Apache-2.0
"""Relayer, command line and console reach a guarded node alike, say why they do not, and tell no secret."""

import base64
import hashlib
import hmac
import json
import time
from pathlib import Path

import pytest

from electro_console.web import node as pages
from electro_console.web.errors import NodeTrouble
from electro_contracts.node.access import Access, AccessError, Endpoint, shown_url
from electro_contracts.node.session import session
from electro_relayer.chain.rpc import Node, NodeUnreachable
from electro_tools.errors import ToolError
from electro_tools.transact import connect
from tests.nodes.tls_node import Authority, GuardedNode

SECRETS = ("hunter2", "s3cret", "v3")


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path, "authority")


async def by_relayer(url, access):
    async with Node(url, timeout_s=5, access=access) as node:
        try:
            return int(await node.call("eth_chainId", []), 16)
        except NodeUnreachable as error:
            return str(error)


async def by_tools(url, access):
    import asyncio

    def reach():
        web3 = connect(Endpoint(url, access), timeout_s=5)
        try:
            return web3.eth.chain_id
        finally:
            web3.provider._request_session_manager._explicit_session.close()

    try:
        return await asyncio.to_thread(reach)
    except ToolError as error:
        return error.sentence


async def by_console(url, access):
    node = pages.Node([Endpoint(url, access)], bytes(20))
    try:
        return int(await node.ask("eth_chainId"), 16)
    except NodeTrouble as error:
        return error.sentence
    finally:
        await node.close()


@pytest.fixture(params=[by_relayer, by_tools, by_console], ids=["relayer", "tools", "console"])
def reach(request):
    """Each way to a node: from an address and what is known of the way to the chain's id, or a sentence."""

    async def reaching(url, access=None):
        told = await request.param(url, access or Access())
        assert not any(secret in str(told) for secret in SECRETS), told
        return told

    return reaching


async def test_own_authority_and_client_certificate(authority, tmp_path, reach):
    server, ours = authority.certify("server"), authority.certify("ours")
    strangers = Authority(tmp_path, "strangers").certify("strange")
    with GuardedNode(*server, clients=authority.file) as node:
        ca = authority.file
        assert await reach(node.at(), Access(ca=ca, cert=ours[0], key=ours[1])) == 1337
        together = tmp_path / "both.pem"
        together.write_bytes(ours[0].read_bytes() + ours[1].read_bytes())
        assert await reach(node.at(), Access(ca=ca, cert=together)) == 1337
        assert "a certificate of ours: ELECTRO_RPC_CERT" in await reach(node.at(), Access(ca=ca))
        refused = await reach(node.at(), Access(ca=ca, cert=strangers[0], key=strangers[1]))
        assert any(
            words in refused for words in ("the certificate that we show", "closed", "reset", "broken")
        )


async def test_who_can_not_be_trusted_is_said_and_why(authority, tmp_path, reach):
    elsewhere = Authority(tmp_path, "elsewhere")
    with GuardedNode(*authority.certify("server")) as node:
        for access in (Access(), Access(ca=elsewhere.file)):
            told = await reach(node.at(user="me:hunter2@", path="/v3/s3cret"), access)
            assert "its certificate is not trusted (" in told
            assert "ELECTRO_RPC_CA" in told
        assert await reach(node.at(), Access(ca=authority.file)) == 1337
    with GuardedNode(*authority.certify("other", host="node.example")) as node:
        assert "for another address" in await reach(node.at(), Access(ca=authority.file))
        assert "for another name" in await reach(node.at("localhost"), Access(ca=authority.file))
    with GuardedNode(*authority.certify("old", lasts=0)) as node:
        assert "has expired" in await reach(node.at(), Access(ca=authority.file))


async def test_the_other_scheme_and_nobody_at_all(authority, reach):
    with GuardedNode() as node:
        told = await reach(node.at(scheme="https"), Access(ca=authority.file))
        assert "does not speak TLS there: is its address http://?" in told
        nobody = node.at(user="me:hunter2@", path="/v3/s3cret")
    assert (await reach(nobody)).endswith("does not answer: connection refused")
    assert "nobody knows its name" in await reach("http://node.invalid/v3/s3cret")


@pytest.mark.parametrize("netrc", [False, True])
async def test_token_password_and_jwt_from_files(tmp_path, reach, monkeypatch, netrc):
    if netrc:  # which requests would follow instead
        file = tmp_path / "netrc"
        file.write_text("machine 127.0.0.1 login me password hunter2\n")
        file.chmod(0o600)
        monkeypatch.setenv("NETRC", str(file))
    token = tmp_path / "token"
    token.write_text("s3cret-1\n")
    with GuardedNode(wanted="Bearer s3cret-1") as node:
        access = Access(token_file=token)
        assert await reach(node.at(), access) == 1337
        assert "does not let in anybody without a token" in await reach(node.at())
        node.wanted, node.status = "Bearer s3cret-2", 403
        assert "does not let in what we show (HTTP 403)" in await reach(node.at(), access)
        password = tmp_path / "password"
        password.write_text("me:hunter2\n")
        node.wanted = "Basic " + base64.b64encode(b"me:hunter2").decode()
        assert await reach(node.at(), Access(basic_file=password)) == 1337
        assert await reach(node.at(user="me:hunter2@")) == 1337
        assert await reach(node.at(user="me:hunter2@"), access) == 1337, (
            "an address's own password comes first"
        )


def test_the_environments_proxies_are_looked_up_once(monkeypatch):
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "node.inside")
    outside, inside = (session(Endpoint(f"http://{name}:8545")) for name in ("node.example", "node.inside"))
    monkeypatch.delenv("http_proxy")
    settings = outside.merge_environment_settings("http://node.example:8545", {}, None, None, None)
    assert settings["proxies"] == {"http": "http://proxy.example:3128", "no": "node.inside"}
    assert inside.proxies == {}


def test_a_file_is_read_again_when_it_changes_and_the_last_one_stays_where_that_fails(tmp_path):
    token = tmp_path / "token"
    token.write_text("first")
    node = Endpoint("http://node", Access(token_file=token))
    assert node.authorization() == "Bearer first"
    other = tmp_path / "other"
    other.write_text("second")
    other.replace(token)
    assert node.authorization() == "Bearer second"
    token.write_text("two words")
    assert node.authorization() == "Bearer second"
    token.unlink()
    assert node.authorization() == "Bearer second"
    token.write_text("third")
    assert node.authorization() == "Bearer third"


def test_a_certificate_that_is_renewed_is_taken_up(authority):
    certificate, key = authority.certify("ours")
    node = Endpoint("https://node", Access(ca=authority.file, cert=certificate, key=key))
    before = node.context()
    assert node.context() is before
    authority.certify("ours")
    assert node.context() is not before


async def test_a_jwt_is_made_for_each_request(tmp_path, reach):
    secret = tmp_path / "secret"
    secret.write_text("0x" + "5a" * 32)
    with GuardedNode() as node:
        before = int(time.time())
        assert await reach(node.at(), Access(jwt_secret_file=secret)) == 1337
        [*_, shown] = node.shown
    signed, _, mac = shown.removeprefix("Bearer ").rpartition(".")
    header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in signed.split("."))
    assert header["alg"] == "HS256"
    assert before <= claims["iat"] <= time.time()
    wanted = hmac.new(b"\x5a" * 32, signed.encode(), hashlib.sha256).digest()
    assert base64.urlsafe_b64decode(mac + "=") == wanted


async def test_a_token_that_has_expired_is_said_to_have(tmp_path, reach):
    token = tmp_path / "token"
    claims = base64.urlsafe_b64encode(b'{"exp":1700000000}').decode().rstrip("=")
    token.write_text(f"eyJhbGciOiJSUzI1NiJ9.{claims}.c2ln")
    with GuardedNode(wanted="Bearer other") as node:
        told = await reach(node.at(), Access(token_file=token))
    assert told.endswith("(HTTP 401): the token expired 2023-11-14T22:13:20Z")


@pytest.mark.parametrize(
    ("part", "text", "problem"),
    [
        ("token_file", "s3cret two", "must hold one token, without spaces"),
        ("token_file", "s3crét", "must be plain ASCII"),
        ("jwt_secret_file", "s3cret", "must hold 32 bytes of hex"),
        ("basic_file", "s3cret", "must hold USER:PASSWORD on one line"),
        ("ca", "s3cret", "does not hold certificates (PEM)"),
        ("cert", "s3cret", "does not hold a certificate and its key (PEM)"),
    ],
)
def test_a_file_that_can_not_be_used_is_named_and_not_repeated(tmp_path, part, text, problem):
    file = tmp_path / "file"
    file.write_text(text, "utf-8")
    with pytest.raises(AccessError) as caught:
        Endpoint("https://node", Access(**{part: file}))
    assert (caught.value.part, problem in caught.value.problem) == (part, True)
    assert "s3cr" not in caught.value.problem
    with pytest.raises(AccessError, match="no such file"):
        Endpoint("https://node", Access(**{part: tmp_path / "missing"}))


def test_a_key_with_a_password_is_refused_instead_of_asking_at_the_terminal(authority, tmp_path):
    from cryptography.hazmat.primitives import serialization

    certificate, key = authority.certify("ours")
    loaded = serialization.load_pem_private_key(key.read_bytes(), None)
    sealed = serialization.BestAvailableEncryption(b"hunter2")
    key.write_bytes(
        loaded.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, sealed)
    )
    with pytest.raises(AccessError, match="encrypted"):
        Endpoint("https://node", Access(cert=certificate, key=key))
    other = authority.certify("other")
    with pytest.raises(AccessError, match="do not belong together"):
        Endpoint("https://node", Access(cert=certificate, key=other[1]))


def test_what_excludes_each_other_is_refused():
    with pytest.raises(AccessError, match="one is enough"):
        Access(token_file=Path("a"), basic_file=Path("b"))
    with pytest.raises(AccessError, match="with a certificate only"):
        Access(key=Path("a"))


@pytest.mark.parametrize(
    "url", ["node:8545", "ftp://node", "http://", "http://no de", "http://[::1", "ws://node"]
)
def test_what_is_no_address_is_said_before_anything_is_asked(url):
    with pytest.raises(AccessError, match="must start with http:// or https://"):
        Endpoint(url)


def test_a_shown_address_holds_no_secret():
    assert shown_url("https://me:hunter2@node.example:8545/v3/s3cret?apikey=s3cret#s3cret") == (
        "https://node.example:8545"
    )
    assert shown_url("http://[::1]:8545/") == "http://[::1]:8545"
