# SPDX-License-Identifier: Apache-2.0
"""`electro index`: the contract's logs in a database."""
