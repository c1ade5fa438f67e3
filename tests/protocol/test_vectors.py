# SPDX-License-Identifier: Apache-2.0
"""The checked-in vectors are what the foreign implementations make today."""

import pytest

from tests.protocol import vectors


@pytest.mark.parametrize("file_name", vectors.MADE)
def test_the_vectors_are_what_foreign_implementations_make(file_name: str) -> None:
    assert (vectors.FOLDER / file_name).read_text() == vectors.text(vectors.MADE[file_name]())
