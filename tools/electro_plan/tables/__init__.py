# SPDX-License-Identifier: Apache-2.0
"""Tables with times and figures, wherever they come from: what each column is, and what its figures mean."""
