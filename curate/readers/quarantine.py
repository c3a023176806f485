"""Rows of what could not be read, collected while reading."""

from __future__ import annotations

import polars as pl

from curate.schema import QUARANTINE


class Quarantine:
    """Grows record by record; `frame()` gives schema.QUARANTINE.

    >>> held = Quarantine("a.jsonl")
    >>> held.add("not JSON at character 1", record=3, start=40, stop=52, raw=b"oops")
    >>> held.frame().select("source", "record", "reason").row(0)
    ('a.jsonl', 3, 'not JSON at character 1')
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self._rows: list[tuple[str, int | None, int | None, int | None, str, bytes | None]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(
        self,
        reason: str,
        *,
        record: int | None = None,
        start: int | None = None,
        stop: int | None = None,
        raw: bytes | None = None,
    ) -> None:
        """Add a record, or the whole file (`record` None). `reason` is our sentence, without log text."""
        self._rows.append((self.source, record, start, stop, reason, raw))

    def frame(self) -> pl.DataFrame:
        """The rows, in the order added."""
        return pl.DataFrame(self._rows, schema=QUARANTINE, orient="row")
