# SPDX-License-Identifier: Apache-2.0
"""Ask the chain and tell it, through nodes that may be down, slow or wrong."""
