"""The last stage: the run's decisions on each shard's rows; verdicts and the curated set are written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from curate import schema, writers
from curate.names import Names, renamed
from curate.sieve import Job, Shard, parquet, with_ids

VERDICTS = pl.Schema(
    [
        ("conversation_id", pl.String()),
        ("turn", pl.UInt32()),
        ("verdict", schema.VERDICT),
        ("decided_by", pl.String()),
        ("evidence", pl.String()),
        ("flags", pl.String()),
        ("duplicate_of", pl.String()),
        ("jaccard", pl.Float64()),
    ]
)
"""Columns of verdicts/*.parquet, row by row beside messages/*.parquet."""

SLICES = ("source", "language", "role")


@dataclass(frozen=True, kw_only=True)
class MarkTask:
    """What one shard needs for its last stage: what was decided over all, and names to mend."""

    job: Job
    shard: Shard
    decided: str  # folder with the decisions of single conversations
    into: str = ""  # folder under which verdicts/ and curated/ are written; OUT itself when empty
    fates: pl.DataFrame  # FATES of this shard's conversations
    repeats: pl.DataFrame  # REPEATS of this shard's conversations
    clashes: pl.DataFrame  # id, conversation_id: own ids to make unique
    sources: Names  # sources to rename: their names hold a private value


@dataclass(frozen=True)
class Marked:
    """Counts of one shard, and a hash for each of its rows (little-endian UInt64) in order."""

    number: int
    tally: pl.DataFrame
    hashes: bytes
    kept: int
    counted: int  # conversations kept, each as often as it counts in an epoch
    without_answer: int


def mark(task: MarkTask) -> Marked:
    """Write the shard's verdicts and its part of the curated set."""
    job, shard, storage = task.job, task.shard, task.job.storage
    messages = mended(task, pl.read_parquet(storage.path(shard.part("messages"))))
    single = pl.read_parquet(storage.path(shard.part(task.decided)))
    verdicts = overlaid(single, with_names(shard, task.fates), messages["conversation_id"])
    storage.write(task.into + shard.part("verdicts"), parquet(verdicts))
    final = messages.with_columns(verdicts.select(schema.DECISIONS))
    repeats = with_names(shard, task.repeats) if any(one.repeating for one in job.recipe.globals) else None
    table = writers.curated(final, repeats)
    storage.write(task.into + shard.part("curated"), parquet(table))
    if job.jsonl:
        lines = shard.part("curated").replace(".parquet", ".jsonl")
        storage.write(task.into + lines, writers.json_lines(table))
    roles = table["messages"].list.eval(pl.element().struct.field("role") == "assistant").list.any()
    return Marked(
        shard.number,
        tally(final, verdicts),
        content_hashes(final, verdicts, repeats).tobytes(),
        table.height,
        table.height if repeats is None else int(table["repeat"].sum()),
        int((~roles.fill_null(value=False)).sum()),
    )


def mended(task: MarkTask, messages: pl.DataFrame) -> pl.DataFrame:
    """The shard's messages, written again where an id clashes or a source's name holds a private value."""
    sources = renamed(messages["source"], task.sources)
    if sources.equals(messages["source"]) and not task.clashes.height:
        return messages
    storage, place = task.job.storage, task.shard.part("pairs/conversations")
    known = pl.read_parquet(storage.path(place))
    known = known.update(task.clashes, on="id").with_columns(renamed(known["source"], task.sources))
    storage.write(place, parquet(known))
    numbered = with_ids(task.shard, schema.number_conversations(messages.with_columns(sources)))
    messages = numbered.update(task.clashes, on="id").drop("id")
    storage.write(task.shard.part("messages"), parquet(messages))
    return messages


def with_names(shard: Shard, fates: pl.DataFrame) -> pl.DataFrame:
    """The rows by number of the conversation in its shard."""
    first = shard.number * 2**32
    return fates.with_columns((pl.col("id") - first).cast(pl.UInt32).alias(schema.CONVERSATION)).drop("id")


def overlaid(single: pl.DataFrame, fates: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    """The decisions of single conversations, those over all laid on top: verdicts only rise.

    A pass over all conversations decides for every message of the conversation.
    """
    nothing = [pl.lit(None, pl.String).alias("duplicate_of"), pl.lit(None, pl.Float64).alias("jaccard")]
    rows = single.with_columns(ids, *nothing)
    for name in fates["decided_by"].unique(maintain_order=True):
        rows = laid_on(rows, fates.filter(pl.col("decided_by") == name))
    return rows.select(list(VERDICTS))


def laid_on(rows: pl.DataFrame, fates: pl.DataFrame) -> pl.DataFrame:
    """The rows with one pass's fates on top."""
    told = fates.rename(
        {name: f"{name} new" for name in ("decided_by", "evidence", "duplicate_of", "jaccard")}
    )
    both = rows.join(told, on=schema.CONVERSATION, how="left", maintain_order="left")
    code = pl.col("then").replace_strict(schema.THEN_CODES, default=0, return_dtype=pl.UInt8)
    rises = code > pl.col("verdict").to_physical().cast(pl.UInt8)
    verdict = pl.when(rises).then(pl.col("then")).otherwise(pl.col("verdict").cast(pl.String))
    return both.select(
        schema.CONVERSATION,
        "conversation_id",
        "turn",
        verdict.cast(schema.VERDICT).alias("verdict"),
        *(pl.when(rises).then(f"{n} new").otherwise(n).alias(n) for n in ("decided_by", "evidence")),
        pl.concat_str("flags", "decided_by new", separator=" ", ignore_nulls=True)
        .replace("", None)
        .alias("flags"),
        *(pl.coalesce(f"{n} new", n).alias(n) for n in ("duplicate_of", "jaccard")),
    )


def tally(final: pl.DataFrame, verdicts: pl.DataFrame) -> pl.DataFrame:
    """Counts by source, language, role, verdict and who decided: what the funnel and the alarms are made of.

    A conversation counts where its first message stands (`conversations`), its messages in `messages`.
    """
    language = (
        pl.col("language") if "language" in final.columns else pl.lit(None, pl.String).alias("language")
    )
    return (
        final.select(
            "source",
            language,
            pl.col("role").cast(pl.String),
            "verdict",
            "decided_by",
            (pl.col("turn") == 0).alias("first"),
        )
        .group_by("source", "language", "role", "verdict", "decided_by")
        .agg(pl.len().alias("messages"), pl.col("first").sum().cast(pl.UInt32).alias("conversations"))
        .sort("source", "language", "role", "verdict", "decided_by")
    )


def content_hashes(
    final: pl.DataFrame, verdicts: pl.DataFrame, repeats: pl.DataFrame | None = None
) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """A hash per row over what the run decided and wrote; what depends on a transformer is left out."""
    from curate.kernels.hashing import hash_columns

    columns = [name for name in schema.MESSAGES if name not in ("verdict", "role")]
    frame = final.with_columns(
        pl.col("turn", "record", "sent_at").cast(pl.String), verdicts["duplicate_of"]
    ).with_columns(pl.col("verdict", "role").cast(pl.String))
    hashed = [*columns, "verdict", "role", "duplicate_of"]
    if repeats is not None and repeats.height:
        numbered = schema.number_conversations(final).select(schema.CONVERSATION)
        often = numbered.join(repeats, on=schema.CONVERSATION, how="left", maintain_order="left")["repeat"]
        frame, hashed = frame.with_columns(often.cast(pl.String)), [*hashed, "repeat"]
    return hash_columns(frame, hashed)
