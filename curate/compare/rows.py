"""The rows of one run, part by part: a row per conversation with what became of it, and sums of messages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from curate import schema
from curate.runs import Run

KEY = ("source", "record", "place")
"""What says that two conversations of two runs are the same: file, record, place in the record."""


@dataclass(frozen=True)
class Rows:
    """A run by conversation (KEY, part, row, id, messages, stay, masked, shown and learned
    answers, taker, evidence), and sums."""

    conversations: pl.DataFrame
    sums: pl.DataFrame  # source, language, role, verdict, decided_by, messages
    flags: dict[str, int]  # messages flagged, by pass

    @classmethod
    def of(cls, run: Run) -> Rows:
        """The rows of a run; memory is that of a part's narrow columns, and of a row per conversation."""
        order = [one["name"] for one in run.manifest["recipe"]["passes"]]
        whole, sums, flags = [], [], []
        for number, part in enumerate(parts(run)):
            whole.append(by_conversation(part, order).with_columns(part=pl.lit(number, pl.UInt32)))
            sums.append(part.group_by(*SUMMED).agg(pl.len().cast(pl.Int64).alias("messages")))
            names = part.select(pl.col("flags").drop_nulls().str.split(" ")).explode("flags")
            flags.append(names.group_by("flags").agg(pl.len().cast(pl.Int64).alias("messages")))
        conversations = pl.concat(whole).with_columns(
            place=pl.int_range(pl.len(), dtype=pl.UInt32).over("source", "record")
        )
        counts = pl.concat(flags).group_by("flags").agg(pl.col("messages").sum())
        return cls(
            conversations,
            pl.concat(sums).group_by(*SUMMED).agg(pl.col("messages").sum()),
            dict(counts.iter_rows()),
        )


SUMMED = ("source", "language", "role", "verdict", "decided_by")


def parts(run: Run) -> Iterator[pl.DataFrame]:
    """The parts of a run in order, without texts: numbered messages beside their verdicts."""
    storage = run.storage
    names = ("verdict", "decided_by", "evidence", "flags")
    for texts, verdicts in zip(storage.names("messages"), storage.names("verdicts"), strict=True):
        messages = pl.scan_parquet(storage.path(texts))
        language = "language" if "language" in messages.collect_schema() else None
        narrow = messages.select(
            "conversation_id",
            "turn",
            "source",
            "record",
            pl.col("role").cast(pl.String),
            pl.lit(language).cast(pl.String).alias("language") if language is None else pl.col("language"),
        ).collect()
        told = pl.scan_parquet(storage.path(verdicts)).select(names).collect()
        yield schema.number_conversations(pl.concat([narrow, told], how="horizontal"))


def by_conversation(part: pl.DataFrame, order: Sequence[str]) -> pl.DataFrame:
    """A row per conversation: `taker` is the pass that removed the last of it, null where some stays."""
    ranks = {name: rank for rank, name in enumerate(order, 1)}
    rank = pl.col("decided_by").replace_strict(ranks, default=0, return_dtype=pl.UInt32)
    gone = pl.col("verdict") == "drop"
    by_last = (rank * gone).arg_max()
    ended = gone.all()
    answer = pl.col("role") == "assistant"
    return part.group_by(schema.CONVERSATION, maintain_order=True).agg(
        pl.col("conversation_id", "source", "record").first(),
        pl.len().alias("messages"),
        (~gone).sum().alias("stay"),
        (pl.col("verdict") == "mask").sum().alias("masked"),
        (answer & (pl.col("verdict") == "mask")).sum().alias("shown"),
        (answer & (pl.col("verdict") == "keep")).sum().alias("learned"),
        pl.when(ended).then(pl.col("decided_by").get(by_last)).alias("taker"),
        pl.when(ended).then(pl.col("evidence").get(by_last)).alias("evidence"),
    )
