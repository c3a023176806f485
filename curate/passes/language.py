"""Measure: the language of each message, judged in its conversation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from curate import schema
from curate.errors import RecipeError
from curate.language.codes import UNDETERMINED, check_codes
from curate.language.model import guesser
from curate.language.pool import evidence, pooled
from curate.language.words import spoken, weight
from curate.passes.base import Measure


@dataclass(frozen=True, kw_only=True)
class Language(Measure):
    """Tell the language of each message and of its conversation, as ISO 639-1 codes.

    Adds `language`, `language_score` (0 to 1), and `conversation_language`, `conversation_language_score` for
    what user and assistant say together. Short messages take the language of their conversation, a clear turn
    in another language keeps its own; without letters, or below `least_score`, a message is `und`.
    `allowed` names the languages to choose among (empty: all the model knows), which helps short texts much.
    `model`: "builtin" (lid.176), the path of a fastText model, or "py3langid".
    """

    name: ClassVar[str] = "language"
    model: str = "builtin"
    allowed: tuple[str, ...] = ()
    least_score: float = 0.3

    def __post_init__(self) -> None:
        if not 0 <= self.least_score <= 1:
            raise RecipeError(f"language.least_score is {self.least_score}; allowed: 0 to 1")
        check_codes(self.allowed, "language.allowed")

    def measure(self, batch: pl.DataFrame) -> pl.DataFrame:
        """The four columns; a text that occurs often is looked at once."""
        texts = batch.select("text").unique().with_columns(spoken(pl.col("text")).alias("words"))
        distinct = texts.select("words").unique().filter(pl.col("words") != "").with_row_index("place")
        guess = guesser(self.model, check_codes(self.allowed, "language.allowed"))
        weights = distinct.select(weight(pl.col("words"))).to_series()
        said = evidence(guess(distinct["words"]), weights)
        places = texts.join(distinct, on="words", how="left").select("text", pl.col("place"))
        rows = (
            batch.select(schema.CONVERSATION, "role", "text")
            .with_row_index("row")
            .join(places, on="text", how="left", maintain_order="left")
            .select("row", schema.CONVERSATION, "role", pl.col("place").alias("text"))
        )
        found = rows.select("row").join(pooled(rows, said), on="row", how="left", maintain_order="left")
        return found.select(
            *_told("language", self.least_score), *_told("conversation_language", self.least_score)
        )


def _told(column: str, least: float) -> tuple[pl.Expr, pl.Expr]:
    score = pl.col(f"{column}_score").fill_null(0.0)
    clear = pl.col(column).is_not_null() & (score >= least)
    return (
        pl.when(clear).then(pl.col(column)).otherwise(pl.lit(UNDETERMINED)).alias(column),
        score.alias(f"{column}_score"),
    )
