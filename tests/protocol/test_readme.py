# SPDX-License-Identifier: Apache-2.0
"""The package page's examples run as they stand."""

import re

import pytest

from electro_tools.generate.__main__ import HOME

EXAMPLES = re.findall(r"```python\n(.*?)```", (HOME / "README.md").read_text(), re.DOTALL)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == 2


@pytest.mark.parametrize("example", EXAMPLES, ids=["messages", "typed data"])
def test_an_example_runs(example: str) -> None:
    exec(compile(example, "README.md", "exec"), {})
