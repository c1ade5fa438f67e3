# SPDX-License-Identifier: Apache-2.0
"""`electro agreement`: all that an operator, a consumer and a regulator do with agreements."""
