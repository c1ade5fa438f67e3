# SPDX-License-Identifier: Apache-2.0
"""What the contract's transactions cost: `python tests/bench/gas.py` prints a table, `--json` one JSON object.

`--snapshot` writes the file that the tests hold the contract to.

Gas is measured on py-evm by Prague's rules, in steady state. "Floor" is what no contract that believes signatures,
keeps a sequence and logs readings can go below for that very transaction; see tests/contracts/gas_cases.py.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.contracts import gas_cases

# Published or measured elsewhere, gas for one reading: not measured in this run.
PEERS = {
    "EAS attestByDelegation": 280_263,
    "Energy Web saveSmartMeterRead": 75_747,
    "OpenZeppelin ERC2771Forwarder, minimal target": 48_348,
}


def measure() -> dict[str, object]:
    cases = [*gas_cases.days(), gas_cases.week()]
    enrol, propose, accept = gas_cases.setting_up()
    return {
        "transactions": [
            {
                "name": case.name,
                "gas": case.gas,
                "gas_per_report": round(case.gas / case.reports, 1),
                "gas_per_interval": round(case.gas / case.intervals, 1),
                "floor": case.floor,
                "ratio_to_floor": round(case.gas / case.floor, 3),
                "eip7623_floor": case.calldata_floor,
                "peers_published": {
                    name: round(gas * case.intervals / case.gas, 1) for name, gas in PEERS.items()
                },
            }
            for case in cases
        ],
        "parties": gas_cases.parties(),
        "setting_up": {"enrol": enrol, "propose": propose, "accept": accept, "agreement": propose + accept},
        "peers_published_gas_per_reading": PEERS,
    }


def show(result: dict[str, object]) -> None:
    console = Console(width=None if sys.stdout.isatty() else 150)
    table = Table(title="Gas of Electro's transactions (py-evm, Prague)")
    for column in ("transaction", "gas", "a report", "an interval", "floor", "ratio", "EIP-7623 floor"):
        table.add_column(column, justify="left" if column == "transaction" else "right")
    rows = result["transactions"]
    assert isinstance(rows, list)
    for row in rows:
        table.add_row(
            row["name"],
            f"{row['gas']:,}",
            f"{row['gas_per_report']:,.0f}",
            f"{row['gas_per_interval']:,.1f}",
            f"{row['floor']:,}",
            f"{row['ratio_to_floor']:.3f}",
            f"{row['eip7623_floor']:,}",
        )
    console.print(table)
    setting_up = result["setting_up"]
    assert isinstance(setting_up, dict)
    console.print("Setting up: " + ", ".join(f"{name} {gas:,}" for name, gas in setting_up.items()))
    parties = result["parties"]
    assert isinstance(parties, dict)
    console.print("What the parties do: " + ", ".join(f"{name} {gas:,}" for name, gas in parties.items()))
    peers = Table(
        title="Readings of ours for the gas of one of theirs (theirs as published, not measured here)"
    )
    peers.add_column("peer")
    peers.add_column("gas a reading", justify="right")
    for row in rows:
        peers.add_column(row["name"], justify="right")
    for name, gas in PEERS.items():
        peers.add_row(name, f"{gas:,}", *[f"{row['peers_published'][name]:,.1f}" for row in rows])
    console.print(peers)


if __name__ == "__main__":
    if "--snapshot" in sys.argv[1:]:
        gas_cases.SNAPSHOT.write_text(json.dumps(gas_cases.snapshot(), indent=1) + "\n")
    elif "--json" in sys.argv[1:]:
        print(json.dumps(measure()))
    else:
        show(measure())
