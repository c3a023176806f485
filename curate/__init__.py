"""Tamis curates: raw chat logs in, a training set with every decision explained out.

`curate.run(inputs, out, recipe=...)` is the whole of it; and `curate.open_run(out)` a finished one.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from curate.runs import Run as Run
    from curate.runs import run as run

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import the heavy parts when they are asked for: `curate --help` needs none of them."""
    if name in ("run", "Run", "open_run"):
        return getattr(import_module("curate.runs"), name)
    raise AttributeError(f"module 'curate' has no attribute '{name}'")
