# SPDX-License-Identifier: Apache-2.0
"""The `electro` command: the demo, the chain, the contract, devices.

Kept empty of imports: `electro_tools.grid` also runs on MicroPython.
"""
