# SPDX-License-Identifier: Apache-2.0
"""`electro contract`: put the agreements contract on a chain."""
