# SPDX-License-Identifier: Apache-2.0
"""Tests of load histories and of what is planned from them."""
