"""Evidence of language pooled over a conversation.

A short message tells little by itself (`ok`, `merci`, `slt ca va`), a conversation tells much. Each message
gives each language an evidence: its weight times log(p / FLOOR), in thousandths of a nat, so that sums are
whole numbers and do not depend on their order. To its own evidence a message adds what the other messages of
its conversation say, those of its own role in full, those of the other role in part; never more than LEAN,
so that a clear sentence in another language keeps its own. System and tool messages are not asked: prompts
and results are often in another language than the people.
"""

from __future__ import annotations

import polars as pl

from curate.language.model import FLOOR

LEAN = 4_000
"""The most that a conversation can add to a language, in thousandths of a nat: odds of 55 to 1."""
OTHER_ROLE = 3
"""The other role counts for one part in so many."""
CANDIDATES = 6
"""Languages of a conversation that its messages may take, the strongest ones."""


def evidence(guesses: pl.DataFrame, weights: pl.Series) -> pl.DataFrame:
    """The guesses as `text`, `language`, `evidence` (Int64, above 0); `weights` holds one weight per text.

    >>> guesses = pl.DataFrame({"text": [0], "language": ["fr"], "p": [1.0]})
    >>> evidence(guesses, pl.Series([0.5])).row(0)
    (0, 'fr', 3454)
    """
    share = weights.gather(guesses["text"].cast(pl.UInt32))
    said = (pl.lit(share) * (pl.col("p") / FLOOR).log() * 1000).round().cast(pl.Int64)
    return guesses.select("text", "language", said.alias("evidence")).filter(pl.col("evidence") > 0)


def pooled(rows: pl.DataFrame, said: pl.DataFrame) -> pl.DataFrame:
    """The language of each message and of its conversation.

    `rows`: `row`, `conversation`, `role`, `text` (place of its cleaned text; null without one). `said`: what
    `evidence` gave. Answers, for each row, null where nothing can be told: `row`, `language`,
    `language_score`, `conversation_language`, `conversation_language_score`.
    """
    # Whole numbers are grouped and sorted several times faster than texts; codes stand in alphabetical order.
    codes = pl.Enum(said["language"].unique().sort())
    said = said.with_columns(pl.col("language").cast(codes))
    own = rows.join(said, on="text", how="inner").select(
        "row", "conversation", "role", "language", "evidence"
    )
    people = own.filter(pl.col("role").is_in(["user", "assistant"]))
    by_role = people.group_by("conversation", "role", "language").agg(pl.col("evidence").sum().alias("same"))
    whole = by_role.group_by("conversation", "language").agg(pl.col("same").sum().alias("all"))
    strong = whole.sort("conversation", "all", "language", descending=[False, True, False]).filter(
        pl.int_range(pl.len()).over("conversation") < CANDIDATES
    )
    asked = rows.filter(pl.col("text").is_not_null()).select("row", "conversation", "role")
    offered = asked.join(strong.select("conversation", "language"), on="conversation")
    choices = (
        pl.concat([own, offered.with_columns(pl.lit(0, pl.Int64).alias("evidence"))])
        .group_by("row", "conversation", "role", "language")
        .agg(pl.col("evidence").sum())
        .join(by_role, on=["conversation", "role", "language"], how="left")
        .join(whole, on=["conversation", "language"], how="left")
        .with_columns(pl.col("same", "all").fill_null(0))
    )
    counted = pl.when(pl.col("role").is_in(["user", "assistant"])).then(pl.col("evidence")).otherwise(0)
    others = (pl.col("same") - counted) + (pl.col("all") - pl.col("same")) // OTHER_ROLE
    choices = choices.with_columns(others.alias("others"))
    top = pl.col("others").max().over("row")
    lean = (top.clip(upper_bound=LEAN) - (top - pl.col("others"))).clip(lower_bound=0)
    chosen = best(choices.with_columns((pl.col("evidence") + lean).alias("total")), "row", "total")
    of_all = best(whole, "conversation", "all").rename(
        {"language": "conversation_language", "score": "conversation_language_score"}
    )
    return (
        rows.select("row", "conversation")
        .join(chosen.rename({"score": "language_score"}), on="row", how="left")
        .join(of_all, on="conversation", how="left")
        .with_columns(pl.col("language", "conversation_language").cast(pl.String))
        .drop("conversation")
    )


def best(choices: pl.DataFrame, key: str, total: str) -> pl.DataFrame:
    """The language with the highest total of each key, and its share when totals are read as log-odds.

    >>> frame = pl.DataFrame({"row": [0, 0], "language": ["fr", "en"], "total": [2000, 0]})
    >>> best(frame, "row", "total").row(0)
    (0, 'fr', 0.8808)
    """
    ordered = choices.select(key, "language", total).sort(
        key, total, "language", descending=[False, True, False]
    )
    share = ((pl.col(total) - pl.col(total).first()).cast(pl.Float64) / 1000).exp().sum()
    return ordered.group_by(key, maintain_order=True).agg(
        pl.col("language").first(), (1 / share).round(4).alias("score")
    )
