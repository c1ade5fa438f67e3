# SPDX-License-Identifier: Apache-2.0
"""The console: agreements from their logs, an index of them, and pages that show them and act on them."""
