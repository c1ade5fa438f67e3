# SPDX-License-Identifier: Apache-2.0
"""The contract's logs as tables: followed up to the final block, rebuilt at any time, read by everybody.

`following` brings them in, `reading` is what commands and pages ask.
"""
