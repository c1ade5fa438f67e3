# SPDX-License-Identifier: Apache-2.0
"""From energy to registers, the journal, and what is reported of it."""
