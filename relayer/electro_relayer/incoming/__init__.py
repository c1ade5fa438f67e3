# SPDX-License-Identifier: Apache-2.0
"""Turn untrusted bytes into verified messages, without asking anybody."""
