# SPDX-License-Identifier: Apache-2.0
"""The way to nodes and what is known of chains: what relayer and tools share."""
