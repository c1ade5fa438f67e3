# SPDX-License-Identifier: Apache-2.0
"""A simulated grid around the real meter code: load, mains, ADC, virtual time. Runs on CPython and MicroPython."""
