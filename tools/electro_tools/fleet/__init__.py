# SPDX-License-Identifier: Apache-2.0
"""Many simulated meters, the chip's own code in each, against any relayer and chain."""
