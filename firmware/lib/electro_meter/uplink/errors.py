# SPDX-License-Identifier: Apache-2.0
"""Name the failures of sources: SourceError ← UnreachableError; apart, for the rooms that raise them come and go."""


class SourceError(Exception):
    """What a source said, or that it said nothing; the sentence tells it without secrets."""


class UnreachableError(SourceError):
    """No answer: network, name, peer, TLS or time."""
