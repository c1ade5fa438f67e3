# SPDX-License-Identifier: Apache-2.0
"""The agreement contract from Python: its artifact, terms, calldata, errors, events, and a model."""
