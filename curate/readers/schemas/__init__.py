"""Record schemas: what one JSON object of an export means, each in a file of its own."""

from __future__ import annotations

SCHEMAS: dict[str, str] = {
    "openai": "curate.readers.schemas.openai",
    "sharegpt": "curate.readers.schemas.sharegpt",
    "turns": "curate.readers.schemas.turns",
    "alpaca": "curate.readers.schemas.pairs",
    "pairs": "curate.readers.schemas.pairs",
    "transcript": "curate.readers.schemas.transcript",
    "chatgpt": "curate.readers.trees",
    "tree": "curate.readers.trees",
}
"""Schema: its module (base.Schema)."""
