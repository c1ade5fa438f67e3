# SPDX-License-Identifier: Apache-2.0
"""Tests, one folder for each part; the folders are packages so that two parts may name a test file alike."""
