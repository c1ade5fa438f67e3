# SPDX-License-Identifier: Apache-2.0
"""Run a network on one machine with compose, or each node on its own with systemd; the nodes' files are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_tools.besu.settings import DATA, FOLDER

if TYPE_CHECKING:
    from electro_tools.besu.network import Network, Validator

_SUBNET = "172.30.86"  # of compose's network: enode addresses are addresses of IP
USER = 1000  # the image's user `besu`
SHARED = ("genesis.json", "permissions.toml", "jwt-public.pem")


def compose_host(validator: Validator) -> str:
    return f"{_SUBNET}.{validator.ordinal + 10}"


def compose(network: Network) -> str:
    """Return compose.yaml: all validators on this machine, JSON-RPC on its loopback address."""
    services = "".join(_service(each) for each in network.validators)
    volumes = "".join(f"  {each.name}:\n" for each in network.validators)
    return f"""\
# {len(network.validators)} validators on one machine, for trying things on: docker compose up -d
# The keys must be readable by user {USER} of the image: sudo chown {USER} nodes/*/key
x-besu: &besu
  image: {network.image}
  command: [--config-file={FOLDER}/config.toml]
  restart: unless-stopped
  cap_drop: [ALL]
  security_opt: ["no-new-privileges:true"]
  mem_limit: 2g

services:
{services}
networks:
  besu:
    ipam:
      config:
        - subnet: {_SUBNET}.0/24

volumes:
{volumes}"""


def _service(validator: Validator) -> str:
    shared = "".join(f"      - ./{file}:{FOLDER}/{file}:ro\n" for file in SHARED)
    own = f"./nodes/{validator.name}"
    return f"""\
  {validator.name}:
    <<: *besu
    networks:
      besu:
        ipv4_address: {compose_host(validator)}
    ports: ["127.0.0.1:{validator.rpc_port}:{validator.rpc_port}"]
    volumes:
{shared}      - ./compose-static-nodes.json:{FOLDER}/static-nodes.json:ro
      - {own}/config.toml:{FOLDER}/config.toml:ro
      - {own}/key:{FOLDER}/key:ro
      - {validator.name}:{DATA}
"""


def unit() -> str:
    """Return the systemd unit of a node."""
    return f"""\
# A validator on a machine of its own: its folder's files (key, config.toml) and the network's (genesis.json,
# static-nodes.json, permissions.toml, jwt-public.pem) lie in {FOLDER}, of user besu alone, and Besu in /opt/besu.
[Unit]
Description=Besu validator
Wants=network-online.target
After=network-online.target time-sync.target

[Service]
Type=exec
User=besu
ExecStart=/opt/besu/bin/besu --config-file={FOLDER}/config.toml
Environment=JAVA_OPTS=-Xmx1g
Restart=always
RestartSec=5
TimeoutStopSec=60
# ended by SIGTERM, Java says 143
SuccessExitStatus=143
LimitNOFILE=65536
LimitCORE=0
StateDirectory=besu
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
NoNewPrivileges=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
CapabilityBoundingSet=
AmbientCapabilities=
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
UMask=0077

[Install]
WantedBy=multi-user.target
"""
