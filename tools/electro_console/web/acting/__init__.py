# SPDX-License-Identifier: Apache-2.0
"""What a party can do to an agreement through its browser's wallet: told in words, rehearsed, never sent."""
