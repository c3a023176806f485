"""The containers that files come in: a literal table of where each is read."""

from __future__ import annotations

CONTAINERS: dict[str, str] = {
    "jsonl": "curate.readers.jsonl",
    "json": "curate.readers.json_array",
    "text": "curate.readers.text_file",
    "csv": "curate.readers.tables",
    "xlsx": "curate.readers.tables",
    "parquet": "curate.readers.tables",
    "rows": "curate.readers.regroup",
}
"""Container: the module (types.Container) that looks at it, cuts it and reads it.

"rows" cuts and reads every look whose schema is "messages" (a row per message), all of them together.
"""
