# SPDX-License-Identifier: Apache-2.0
"""From samples of voltage and current to energy, supply and events."""
