# SPDX-License-Identifier: Apache-2.0
"""The way to a node and what is known of chains beforehand, for everything that speaks to one."""
