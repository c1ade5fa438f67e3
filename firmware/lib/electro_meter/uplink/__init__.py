# SPDX-License-Identifier: Apache-2.0
"""Everything that comes from outside, and the conversation with it."""
