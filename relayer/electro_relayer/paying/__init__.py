# SPDX-License-Identifier: Apache-2.0
"""Decide what is carried, and pay for it: from a verified message to a mined transaction."""
