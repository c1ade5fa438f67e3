# SPDX-License-Identifier: Apache-2.0
"""A private network of Hyperledger Besu (QBFT) on which Electro runs: its files, written and looked at."""
