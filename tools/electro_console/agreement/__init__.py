# SPDX-License-Identifier: Apache-2.0
"""An agreement from its events: the independent model with what happened entered, and its money told line by line."""
