# SPDX-License-Identifier: Apache-2.0
"""Which tests `pytest -m quick` runs: some of every package, in two minutes on two quiet cores.

Left out is what lives through days, plays many lives, runs another interpreter over everything or waits for a node's
clock. A path is a file or a folder below tests/; the marker is set here and nowhere else.
"""

PATHS = (
    "console/test_index_day.py",
    "console/test_words.py",
    "contracts/test_agreement.py",
    "contracts/test_clear_signing.py",
    "contracts/test_package.py",
    "contracts/test_reports.py",
    "device/test_meter_account.py",
    "device/test_meter_clock.py",
    "device/test_meter_config.py",
    "device/test_meter_http.py",
    "device/test_meter_interruptions.py",
    "device/test_meter_journal.py",
    "device/test_meter_outage.py",
    "device/test_meter_rounds.py",
    "device/test_protocol_address.py",
    "device/test_protocol_keccak.py",
    "device/test_protocol_messages.py",
    "device/test_protocol_readings.py",
    "device/test_protocol_secp256k1.py",
    "nodes",
    "plan",
    "protocol/test_generated.py",
    "protocol/test_vectors.py",
    "relayer/test_errors.py",
    "relayer/test_http.py",
    "relayer/test_rpc.py",
    "relayer/test_settings.py",
    "relayer/test_transaction.py",
    "test_quick.py",
    "tools/test_agreement_commands.py",
    "tools/test_chain.py",
    "tools/test_keys.py",
    "tools/test_load.py",
    "tools/test_offer_files.py",
    "tools/test_refusals.py",
)


def is_quick(path: str) -> bool:
    """Return whether a test file, named by its path below tests/, is among them."""
    return any(path == quick or path.startswith(quick + "/") for quick in PATHS)
