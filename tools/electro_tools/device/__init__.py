# SPDX-License-Identifier: Apache-2.0
"""Bring a meter to life: firmware, files, key and enrolment."""
