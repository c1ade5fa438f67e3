# SPDX-License-Identifier: Apache-2.0
"""A statement of an agreement for an accountant: every penalty in words, in English or Russian, as PDF."""
