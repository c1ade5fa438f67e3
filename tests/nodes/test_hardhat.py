# SPDX-License-Identifier: Apache-2.0
"""The whole path on Hardhat's node as on anvil: recognised, looked at, and reports that arrive through a relayer."""

from tests.toolchain.running_anvil import FUNDED_PRIVATE_KEY
from tests.tools.agreements import electro

_SECOND = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"  # it funds both


def test_contract_agreement_relayer_and_meters_on_hardhats_node(hardhat, tmp_path):
    told = electro("chain", "info", "--rpc", hardhat.url, "--json").json
    assert told["profile"] == "hardhat"
    checked = electro("chain", "check", hardhat.url, "--json").json
    assert {what for what, found in checked.items() if found["verdict"] == "fail"} == set()
    files = []
    for name, secret in (("operator", FUNDED_PRIVATE_KEY), ("relayer", _SECOND)):
        file = tmp_path / name
        file.touch(mode=0o600)
        file.write_text(secret)
        files.append(file)
    line = ("fleet", "simulate", "--rpc", hardhat.url, "--meters", 3, "--intervals", 8, "--reboot", 0.4)
    done = electro(*line, "--key-file", files[0], "--relayer-key-file", files[1], "--processes", 1, "--json")
    assert done.code == 0, done.err
    assert done.json["arrived"] == 24
