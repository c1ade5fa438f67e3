# SPDX-License-Identifier: Apache-2.0
"""Chains to run against: the embedded one, for the demo and for a first look."""
