# SPDX-License-Identifier: Apache-2.0
"""Texts as people write them: encodings, fields, numbers and times, each proved by the whole file."""
