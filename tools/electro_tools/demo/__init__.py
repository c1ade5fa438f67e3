# SPDX-License-Identifier: Apache-2.0
"""`electro demo`: the whole path on one machine, from a sampled waveform to a settled discount."""
