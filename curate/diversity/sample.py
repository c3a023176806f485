"""Which conversations of a run topics are found on: a seeded sample of different ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curate import schema
from curate.passes.redact_pii import RedactPii
from curate.runs import Run

LANGUAGE = ("language",)
NEEDED = ("conversation_id", "turn", "role", "text")
PARTS = "messages"


def chosen(run: Run, count: int, seed: int) -> pl.DataFrame:
    """`id` (place in the run) and `rank` of at most `count` conversations: those of least seeded hash.

    The hash is of what is said, so the order of files and the cut do not matter. Of copies, of branches of
    one tree and of what a pass called a duplicate one is taken: rare words of a much copied conversation must
    not look common.
    """
    storage = run.storage
    parts = []
    for name in parts_of(run):
        rows = pl.read_parquet(storage.path(name.replace(PARTS, "pairs/conversations", 1)))
        copies = pl.scan_parquet(storage.path(name.replace(PARTS, "verdicts", 1)))
        first = copies.filter(pl.col("turn") == 0).select("duplicate_of").collect()
        if first.height == rows.height:
            rows = rows.filter(first["duplicate_of"].is_null())
        parts.append(rows.select("id", "tree", "content", "content_check").filter(pl.col("content") != 0))
    if not parts:
        return pl.DataFrame(schema={"id": pl.UInt64, "rank": pl.UInt32})
    rows = pl.concat(parts)
    rows = rows.with_columns(pl.Series("order", mixed(rows["content"].to_numpy(), seed)))
    rows = rows.sort("order", "content_check", "id").unique(
        ["content", "content_check"], keep="first", maintain_order=True
    )
    alone = rows.filter(pl.col("tree") == 0)
    branched = rows.filter(pl.col("tree") != 0).unique("tree", keep="first", maintain_order=True)
    rows = pl.concat([alone, branched]).sort("order", "content_check").head(count)
    return rows.select("id", pl.int_range(pl.len(), dtype=pl.UInt32).alias("rank"))


def mixed(words: NDArray[np.uint64], seed: int) -> NDArray[np.uint64]:
    """Splitmix64 (Steele, Lea, Flood 2014) of each hash, begun at the seed."""
    start = np.uint64((seed * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) % 2**64)
    word = words ^ start
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        word = (word ^ (word >> np.uint64(shift))) * np.uint64(factor)
    return word ^ (word >> np.uint64(31))


def parts_of(run: Run) -> list[str]:
    """The run's parts of messages, in order."""
    return [name for name in run.storage.names(PARTS) if name.endswith(".parquet")]


def fetched(run: Run, places: pl.DataFrame) -> pl.DataFrame:
    """The messages of the chosen conversations, in the order of their rank, with `conversation` 0-based.

    Where the run's recipe redacts nothing, the sample is redacted here: no private value enters a vocabulary.
    """
    storage = run.storage
    redacted = any(one["kind"] == "redaction" for one in run.manifest["recipe"]["passes"])
    columns = NEEDED if redacted else tuple(schema.MESSAGES)
    taken = [pl.DataFrame(schema={**{name: schema.MESSAGES[name] for name in columns}, "rank": pl.UInt32})]
    for number, name in enumerate(parts_of(run)):
        here = places.filter(pl.col("id") // 2**32 == number).select(
            (pl.col("id") % 2**32).cast(pl.UInt32).alias(schema.CONVERSATION), "rank"
        )
        if here.height:
            rows = read(storage.path(name), columns)
            rows = schema.number_conversations(rows)
            taken.append(rows.join(here, on=schema.CONVERSATION, maintain_order="left"))
    rows = pl.concat(taken, how="diagonal").sort("rank", maintain_order=True)
    if not redacted and rows.height:
        rows = RedactPii()(rows.drop(schema.CONVERSATION))
    return rows.with_columns(pl.col("rank").alias(schema.CONVERSATION)).drop("rank")


def read(path: str, columns: Sequence[str]) -> pl.DataFrame:
    """Columns of a part, and the messages' languages where they were measured."""
    rows = pl.scan_parquet(path)
    held = rows.collect_schema().names()
    return rows.select(*columns, *(name for name in LANGUAGE if name in held)).collect()
