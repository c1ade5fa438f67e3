# SPDX-License-Identifier: Apache-2.0
"""The contract, in two in-process EVMs, held to foreign implementations and to the model on paper."""
