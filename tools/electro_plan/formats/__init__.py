# SPDX-License-Identifier: Apache-2.0
"""Formats of load files, one a module: each gives a table to be interpreted, or meters' intervals."""
