# SPDX-License-Identifier: Apache-2.0
"""What the ESP32's firmware has frozen under this name, and Debian's build has not: the names of tls."""

from tls import *  # noqa: F403  # the module is made of it
