# SPDX-License-Identifier: Apache-2.0
"""Every refusal that the sources can utter, found in the compiler's tree and heard in a scenario: see test_refusals."""
