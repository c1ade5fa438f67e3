# SPDX-License-Identifier: Apache-2.0
"""What the meter has proved to it, and how: nothing of it is loaded where nobody asked for receipts."""
