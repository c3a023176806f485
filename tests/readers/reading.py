"""Reading whole inputs in tests: every piece of a plan, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from curate import schema
from curate.readers import Batch, InputOptions, Plan, plan, read


def plan_of(
    files: Sequence[Path | str] | Path,
    *,
    shard_bytes: int = 32 << 20,
    limit: int | None = None,
    **options: Any,
) -> Plan:
    names = [files] if isinstance(files, Path) else files
    return plan([InputOptions(files=tuple(map(str, names)), **options)], shard_bytes, limit)


def read_all(files: Sequence[Path | str] | Path, **options: Any) -> Batch:
    """All messages and all quarantine rows; the counts of all pieces, whole files that were refused aside."""
    made = plan_of(files, **options)
    batches = [read(piece) for piece in made.pieces]
    for batch in batches:
        schema.check(batch.messages)
    messages = pl.concat([pl.DataFrame(schema=schema.MESSAGES), *(batch.messages for batch in batches)])
    held = pl.concat([made.quarantined, *(batch.quarantined for batch in batches)])
    return Batch(messages, held, sum(b.records for b in batches), sum(b.conversations for b in batches))


def reasons(batch: Batch) -> list[tuple[int | None, str]]:
    """Record and reason of every quarantine row."""
    return batch.quarantined.select("record", "reason").rows()
