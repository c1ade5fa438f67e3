# SPDX-License-Identifier: Apache-2.0
"""The meter's reference circuit: parts, sheets, what it computes to, and the same in SPICE."""
