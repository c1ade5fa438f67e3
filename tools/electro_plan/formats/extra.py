# SPDX-License-Identifier: Apache-2.0
"""Libraries that only some formats need, which a small installation leaves out."""

from __future__ import annotations

import importlib
from typing import Any

from electro_plan.errors import PlanError
from electro_plan.sentence import sentence


def need(module: str, what: str) -> Any:
    """Return a module of the extra `plan`.

    Raises:
        PlanError: it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        raise PlanError(
            sentence("{0} needs {1}, which is not installed", what, module),
            "install it with pip install 'electro-grid[plan]'",
        ) from None
