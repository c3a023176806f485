"""Record schemas: what one JSON object of an export means, each in a file of its own."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

SCHEMAS: dict[str, str] = {
    "openai": "curate.readers.schemas.openai",
    "sharegpt": "curate.readers.schemas.sharegpt",
    "turns": "curate.readers.schemas.turns",
    "alpaca": "curate.readers.schemas.alpaca",
    "pairs": "curate.readers.schemas.pairs",
    "transcript": "curate.readers.schemas.transcript",
    "chatgpt": "curate.readers.chatgpt",
    "tree": "curate.readers.oasst",
}
"""Schema: its module (base.Schema)."""


def load(name: str) -> ModuleType:
    """The module of a schema. Raises KeyError for a name that is not in the table."""
    return import_module(SCHEMAS[name])
