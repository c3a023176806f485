"""Toxicity by the file that messages were read from: sums like those of groups, gaps told alike."""

from __future__ import annotations

import polars as pl

from curate import schema
from curate.bias.sieving import LARGEST

KIND = "source"
"""The kind of these sums beside "group" and declared fields; their `group` is a source."""
ROLES = ("user", "assistant")


def toxicity(marked: pl.DataFrame, *, every: bool) -> pl.DataFrame:
    """Sums of toxicity over messages of users and of assistants, by language and source; "" is all sources.

    Of kept messages; of `every` one, whatever was decided, on request. Nothing where the run did not score.
    Only toxicity: that files differ in lengths or thanks is what they are, a file that is rude is a finding.
    """
    spoken = marked.filter(pl.col("role").is_in(ROLES) & pl.col("toxicity").is_not_null())
    some = spoken if every else spoken.filter("kept")
    lean = some.select(
        "language",
        pl.col("role").alias("about"),
        pl.lit("toxicity").alias("measure"),
        "block",
        schema.CONVERSATION,
        pl.col("toxicity").cast(pl.Float64).alias("value"),
        pl.col("source").cast(pl.String).alias("group"),
    )
    whole = lean.with_columns(pl.lit("").alias("group"))
    return (
        pl.concat([whole, lean.filter(pl.col("group") != "")])
        .group_by("language", "group", "about", "measure", "block")
        .agg(
            pl.len().alias("n"),
            pl.col("value").sum().alias("total"),
            (pl.col("value") ** 2).sum().alias("squares"),
            pl.col(schema.CONVERSATION).n_unique().alias("conversations"),
        )
        .with_columns(kind=pl.lit(KIND))
    )


def among_largest(tests: pl.DataFrame) -> pl.DataFrame:
    """The tests (rows with `kind`, `group`, `n`) without those of sources beyond the LARGEST by messages.

    >>> tests = pl.DataFrame({"group": [f"{n:02}.csv" for n in range(30)], "n": range(30)})
    >>> among_largest(tests.with_columns(kind=pl.lit(KIND)))["group"].min()
    '10.csv'
    """
    sources = tests.filter(pl.col("kind") == KIND).group_by("group").agg(pl.col("n").sum())
    beyond = sources.sort(["n", "group"], descending=[True, False])[LARGEST:]["group"]
    return tests.filter((pl.col("kind") != KIND) | ~pl.col("group").is_in(beyond.implode()))
