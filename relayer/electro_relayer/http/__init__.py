# SPDX-License-Identifier: Apache-2.0
"""Answer HTTP: take messages, tell meters where they stand, and describe both."""
