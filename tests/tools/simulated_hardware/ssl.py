# SPDX-License-Identifier: Apache-2.0
"""What the ESP32's firmware has frozen under this name, and Debian's build has not: tls with CPython's arguments."""

import tls
from tls import *  # noqa: F403  # the module is made of it


class SSLContext:
    """A context of tls, whose own methods take no names of arguments, or no other way."""

    def __init__(self, protocol):
        self._context = tls.SSLContext(protocol)

    @property
    def verify_mode(self):
        return self._context.verify_mode

    @verify_mode.setter
    def verify_mode(self, mode):
        self._context.verify_mode = mode

    def load_verify_locations(self, cafile=None, cadata=None):
        self._context.load_verify_locations(cadata)

    def wrap_socket(self, sock, **options):
        return self._context.wrap_socket(sock, **options)
