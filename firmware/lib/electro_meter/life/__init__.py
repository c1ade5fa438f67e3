# SPDX-License-Identifier: Apache-2.0
"""The meter as a whole: its parts, tasks, settings and what it tells."""
