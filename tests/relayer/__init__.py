# SPDX-License-Identifier: Apache-2.0
"""Tests of the relayer: pure parts against foreign implementations, the whole against a real node."""
