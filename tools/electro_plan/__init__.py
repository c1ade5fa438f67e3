# SPDX-License-Identifier: Apache-2.0
"""Load histories in, bands and tariffs out, interval data out again. A library: it prints nothing and asks nobody."""
