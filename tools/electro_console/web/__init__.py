# SPDX-License-Identifier: Apache-2.0
"""Pages: each is JSON too, its address is its state, and it needs nothing from another host."""
