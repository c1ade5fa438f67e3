# SPDX-License-Identifier: Apache-2.0
"""What is given to run the relayer with names settings, paths and metrics that there are."""

import ipaddress
import json
import re
import shutil
import socket
import subprocess
from dataclasses import fields
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from electro_relayer.errors import KeyFileError
from electro_relayer.metrics import Metrics
from electro_relayer.paying.key import read_key
from electro_relayer.settings import Settings

RELAYER = Path(__file__).parents[2] / "relayer"
DEPLOY = sorted(file for file in (RELAYER / "deploy").rglob("*") if file.is_file())


@pytest.mark.parametrize("file", DEPLOY, ids=lambda file: file.name)
def test_every_setting_named_is_one(file):
    known = {item.name for item in fields(Settings)}
    named = {name.lower() for name in re.findall(r"ELECTRO_RELAYER_([A-Z_]+)", file.read_text("utf-8"))}
    assert named <= known


def test_what_the_image_copies_is_there_and_makes_a_package():
    text = (RELAYER / "deploy" / "Dockerfile").read_text("utf-8")
    copied = [
        name for line in re.findall(r"^COPY (?!--)(.+) \S+$", text, re.MULTILINE) for name in line.split()
    ]
    assert {"pyproject.toml", "relayer", "contracts", "tools", "firmware"} <= set(copied)
    assert all((RELAYER.parent / name).exists() for name in copied)


def test_the_page_on_replicas_speaks_of_settings_and_metrics_that_there_are():
    text = (RELAYER / "REPLICAS.md").read_text("utf-8")
    gauges = (RELAYER / "electro_relayer" / "gauges.py").read_text("utf-8")
    counted = Metrics().text()
    for name in re.findall(r"electro_relayer_([a-z_]+)", text):
        assert f"electro_relayer_{name}" in counted or f'"{name}"' in gauges, name
    for name in re.findall(r"`([a-z_]+)(?: = [^`]+)?`", text):
        known = {item.name for item in fields(Settings)}
        name = name.removeprefix("electro_relayer_")  # noqa: PLW2901 - either form may stand in the text
        assert name in known or name in counted or f'"{name}"' in gauges, name
    for file in re.findall(r"`deploy/([^`]+)`", text):
        assert (RELAYER / "deploy" / file).exists()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_the_unit_is_understood_and_shut_in(tmp_path):
    unit = tmp_path / "electro-relayer@0.service"
    text = (RELAYER / "deploy" / "electro-relayer@.service").read_text("utf-8")
    unit.write_text(text.replace("/opt/electro/bin/electro", shutil.which("true")))
    verified = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False
    )
    assert "electro-relayer" not in verified.stderr
    judged = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", unit],
        capture_output=True,
        text=True,
        check=False,
    )
    assert judged.returncode == 0, judged.stdout[-2000:]  # 2.0 of 10 at most


def test_a_credential_of_systemd_is_private_though_its_access_list_shows_as_a_group(tmp_path, monkeypatch):
    file = tmp_path / "key"
    file.write_text("11" * 32)
    file.chmod(0o440)
    with pytest.raises(KeyFileError, match="chmod 600"):
        read_key(file)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    read_key(file)
    file.chmod(0o444)
    with pytest.raises(KeyFileError, match="chmod 600"):
        read_key(file)


# -- what is given for watching it


def alerts():
    return yaml.safe_load((RELAYER / "deploy" / "prometheus" / "alerts.yaml").read_text("utf-8"))["groups"]


def panels():
    dashboard = json.loads((RELAYER / "deploy" / "grafana" / "dashboard.json").read_text("utf-8"))
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def expressions():
    """Every PromQL expression of rules and dashboard, with Grafana's variables filled in."""
    found = [rule["expr"] for group in alerts() for rule in group["rules"]]
    for panel in panels():
        found += [target["expr"] for target in panel["targets"]]
    return [text.replace("$__rate_interval", "1m").replace("$instance", ".*") for text in found]


def test_promtool_finds_the_rules_sound_and_the_alerts_ring_when_they_should(promtool, tmp_path):
    for file in (
        RELAYER / "deploy" / "prometheus" / "alerts.yaml",
        Path(__file__).with_name("alerts.test.yaml"),
    ):
        shutil.copy(file, tmp_path)
    subprocess.run([promtool, "check", "rules", "--lint-fatal", "alerts.yaml"], check=True, cwd=tmp_path)
    subprocess.run([promtool, "test", "rules", "alerts.test.yaml"], check=True, cwd=tmp_path)
    subprocess.run(
        [promtool, "check", "config", RELAYER / "deploy" / "prometheus" / "prometheus.yaml"], check=True
    )


def test_prometheus_understands_every_expression_of_the_dashboard(promtool, tmp_path):
    rules = [{"record": f"panel:{i}", "expr": text} for i, text in enumerate(expressions())]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    subprocess.run([promtool, "check", "rules", "rules.yaml"], check=True, cwd=tmp_path)


async def test_every_metric_that_is_watched_is_told_by_a_relayer(shared_world, settings_for, relay):
    shared_world.agree(1, seed=490)
    client = await relay(settings_for(shared_world))
    async with client.session.get(client.metrics_url) as response:
        text = await response.text()
    told = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
    recorded = {rule["record"] for group in alerts() for rule in group["rules"] if "record" in rule}
    for expression in expressions():
        for name in re.findall(r"(?:electro_relayer|process)[a-z_:]+", re.sub(r'"[^"]*"', "", expression)):
            if name not in recorded:
                assert re.sub("_(bucket|sum|count)$", "", name) in told, name
    # and each label that is asked for has values that there are
    reasons = {key[1] for key in await client.metrics() if key[0] == "not_ready"}
    assert reasons == {
        "DRAINING",
        "NO_MONEY",
        "SENDER_NOT_ALLOWED",
        "NODE_BEHIND",
        "CHAIN_HALTED",
        "NOTHING_MINED",
    }
    named = [part for text in expressions() for part in re.findall(r'code[=!]~?"([^"]+)"', text)]
    runbook = (RELAYER / "RUNBOOK.md").read_text("utf-8")
    assert all(f"- `{reason}`: " in runbook for reason in reasons)
    readme = (RELAYER / "README.md").read_text("utf-8")
    assert all(f"`{code}`" in readme for part in named for code in part.split("|"))


def test_every_alert_has_its_paragraph_and_every_paragraph_its_alert():
    runbook = (RELAYER / "RUNBOOK.md").read_text("utf-8")
    names = [rule["alert"] for group in alerts() for rule in group["rules"] if "alert" in rule]
    assert re.findall(r"^## (\w+)$", runbook, re.MULTILINE) == names
    for group in alerts():
        for rule in group["rules"]:
            if "alert" in rule:
                assert rule["annotations"]["runbook"] == f"relayer/RUNBOOK.md#{rule['alert'].lower()}"
                assert rule["labels"]["severity"] in ("page", "ticket")


def test_the_dashboard_is_one_that_grafana_lays_out():
    seen = set()
    for panel in panels():
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & seen
        seen |= cells
        assert panel["targets"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${source}"}


# -- Kubernetes


def manifests():
    folder = RELAYER / "deploy" / "kubernetes"
    return [
        each
        for file in sorted(folder.glob("*.yaml"))
        if file.name != "kustomization.yaml"
        for each in yaml.safe_load_all(file.read_text("utf-8"))
    ]


@pytest.mark.parametrize(
    "manifest", manifests(), ids=lambda each: f"{each['kind']} {each['metadata']['name']}"
)
def test_kubernetes_schemas_take_every_manifest(manifest):
    kubernetes_validate.validate(manifest, "1.31", strict=True)


def test_the_manifests_speak_of_the_same_pods_and_ports():
    by_kind = {}
    for each in manifests():
        by_kind.setdefault(each["kind"], []).append(each)
    [pods] = by_kind["StatefulSet"]
    template = pods["spec"]["template"]
    labels = template["metadata"]["labels"]
    [container] = template["spec"]["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert pods["spec"]["selector"]["matchLabels"] == labels
    assert pods["spec"]["serviceName"] in {each["metadata"]["name"] for each in by_kind["Service"]}
    for service in by_kind["Service"]:
        assert service["spec"]["selector"] == labels
        assert all(port["targetPort"] in ports for port in service["spec"]["ports"])
    public = next(each for each in by_kind["Service"] if each["metadata"]["name"] == "relayer")
    assert [port["targetPort"] for port in public["spec"]["ports"]] == ["meters"]
    for kind in ("PodDisruptionBudget", "NetworkPolicy"):
        [each] = by_kind[kind]
        assert (each["spec"].get("selector") or each["spec"]["podSelector"])["matchLabels"] == labels
    assert ports == {"meters": Settings.__dataclass_fields__["port"].default, "operations": 9645}
    assert template["metadata"]["annotations"]["prometheus.io/port"] == "9645"
    kustomization = yaml.safe_load(
        (RELAYER / "deploy" / "kubernetes" / "kustomization.yaml").read_text("utf-8")
    )
    files = {file.name for file in (RELAYER / "deploy" / "kubernetes").glob("*.yaml")}
    assert set(kustomization["resources"]) == files - {"kustomization.yaml"}


def test_a_pods_settings_are_complete(tmp_path):
    """With what the manifests set, and the secret's two files, a relayer knows all that it needs."""
    [pods] = [each for each in manifests() if each["kind"] == "StatefulSet"]
    [container] = pods["spec"]["template"]["spec"]["containers"]
    environ = {each["name"]: each["value"] for each in container["env"]}
    (tmp_path / "rpc_url").write_text("https://node-a.example/secret\nhttps://node-b.example\n")
    environ["ELECTRO_RELAYER_RPC_URL_FILE"] = str(tmp_path / "rpc_url")
    settings = Settings.load(environ={**environ, "ELECTRO_RELAYER_CONTRACT": "0x" + "11" * 20})
    assert settings.rpc_urls == ("https://node-a.example/secret", "https://node-b.example")
    assert settings.key_ordinal_file == Path("/etc/hostname")


# -- the proxy, the unit and compose


def test_the_proxy_finds_the_replicas_of_compose_and_those_of_the_unit():
    proxy = (RELAYER / "deploy" / "haproxy.cfg").read_text("utf-8")
    compose = yaml.safe_load((RELAYER / "deploy" / "compose.yaml").read_text("utf-8"))
    unit = (RELAYER / "deploy" / "electro-relayer@.service").read_text("utf-8")
    image = (RELAYER / "deploy" / "Dockerfile").read_text("utf-8")
    listening = dict(re.findall(r"ELECTRO_RELAYER_(HOST|PORT|METRICS_PORT)=([\w.%]+)", unit))
    port = re.search(r"ELECTRO_RELAYER_PORT=(\d+)", image)[1]
    for number in (0, 1):
        [(variable, usual)] = re.findall(rf'server relayer-{number} "\$\{{(\w+)-([\w:-]+)\}}"', proxy)
        assert usual == f"relayer-{number}:{port}"
        assert f"relayer-{number}" in compose["services"]
        assert f"{variable}={listening['HOST'].replace('%i', str(number))}:{listening['PORT']}" in proxy
    [bound] = re.findall(r"bind :(\d+)", proxy)
    assert bound != listening["PORT"]  # on one host the proxy's port is its own
    assert compose["services"]["proxy"]["ports"] == [f"{bound}:{bound}"]
    targets = yaml.safe_load((RELAYER / "deploy" / "prometheus" / "prometheus.yaml").read_text("utf-8"))
    assert targets["scrape_configs"][0]["static_configs"][0]["targets"] == [
        "relayer-0:9645",
        "relayer-1:9645",
    ]


def test_the_proxy_keeps_silent_connections_as_long_as_the_relayer():
    proxy = (RELAYER / "deploy" / "haproxy.cfg").read_text("utf-8")
    [minutes] = re.findall(r"timeout http-keep-alive (\d+)m$", proxy, re.MULTILINE)
    [kept] = [each.default for each in fields(Settings) if each.name == "idle_timeout_s"]
    assert 60 * int(minutes) == kept > 900  # a quarter of an hour from report to report


@pytest.mark.parametrize("instance", ["0", "9", "10", "255"])
def test_instances_of_the_unit_beyond_nine_have_an_address_and_a_key_of_their_own(instance, tmp_path):
    unit = (RELAYER / "deploy" / "electro-relayer@.service").read_text("utf-8")
    environ = dict(re.findall(r"^Environment=(\w+)=(.+)$", unit.replace("%i", instance), re.MULTILINE))
    (tmp_path / "rpc_url").write_text("https://node.example")
    environ["ELECTRO_RELAYER_RPC_URL_FILE"] = str(tmp_path / "rpc_url")
    settings = Settings.load(environ={**environ, "ELECTRO_CONTRACT": "0x" + "11" * 20})
    assert settings.key_ordinal == int(instance)
    assert ipaddress.ip_address(settings.host).is_loopback
    assert settings.host == settings.metrics_host
    with socket.socket() as each:
        each.bind((settings.host, 0))
