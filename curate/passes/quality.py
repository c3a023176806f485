"""Measure: cheap signals of quality."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from curate import schema
from curate.passes.base import Measure
from curate.quality.replies import cut_off, failed, refuses
from curate.quality.words import word_signals
from curate.unicode.hidden import count_hidden

_CODE = r"(?s)```.*?(?:```|\z)|`[^`\n]*`"
_ADDRESS = r"\S*(?:://|www\.)\S*|\S+@\S+"


@dataclass(frozen=True, kw_only=True)
class Quality(Measure):
    """Measure words, repetition, garbled letters and what shows that a reply failed.

    Adds `characters` and `words` of the whole message; `repetition` (share of words in sequences of four said
    before in the message) and `garbled` (share of letters that no language writes so), both outside code;
    `hidden_characters` in the text as read; and for assistant messages, else false: `echo` (the prompt
    given back), `failed` (a service's error in place of a reply), `refusal` and `cut_off`. Nothing here asks
    for length, full stops or English: short answers, lists, code, tables and numbers are good chat.
    """

    name: ClassVar[str] = "quality"

    def measure(self, batch: pl.DataFrame) -> pl.DataFrame:
        """The nine columns."""
        text = batch["text"]
        signals = word_signals(text)
        odd = batch.select(
            (
                (pl.col("text").str.contains("`|://|@"))
                & (pl.lit(signals["repetition"] + signals["garbled"]) > 0)
            ).arg_true()
        ).to_series()
        prose = word_signals(text.gather(odd).str.replace_all(_CODE, " ").str.replace_all(_ADDRESS, " "))
        shares = [signals[name].scatter(odd, prose[name]) for name in ("repetition", "garbled")]
        return pl.DataFrame(
            [
                text.str.len_chars().alias("characters"),
                signals["words"],
                *shares,
                count_hidden(batch["original"].fill_null(text)).alias("hidden_characters"),
                *replies(batch),
            ]
        )


def replies(batch: pl.DataFrame) -> list[pl.Series]:
    """`echo`, `failed`, `refusal`, `cut_off` of assistant messages; false for all others."""
    text = pl.col("text")
    previous = pl.col("text").shift()
    answers = (
        (pl.col("role") == "assistant")
        & (pl.col("role").shift() == "user")
        & (pl.col(schema.CONVERSATION) == pl.col(schema.CONVERSATION).shift())
        & ((text.str.len_bytes().cast(pl.Int64) - previous.str.len_bytes().cast(pl.Int64)).abs() <= 8)
    )
    pairs = batch.select(
        pl.int_range(pl.len()).alias("row"),
        text,
        previous.alias("previous"),
        answers.fill_null(False).alias("answers"),
    ).filter("answers")
    same = _plain(pl.col("text")) == _plain(pl.col("previous"))
    echoed = pairs.filter(same & (_plain(pl.col("text")) != ""))["row"]
    spoken = batch.select((pl.col("role") == "assistant").arg_true()).to_series()
    said = text.gather(spoken)
    told = batch.select(said).select(failed(text).alias("failed"), refuses(text).alias("refusal"))
    long = batch.select(said).select(
        ((text.str.len_bytes() >= 400) | text.str.contains("```", literal=True)).arg_true()
    )
    ends = batch.select(text.gather(spoken.gather(long.to_series()))).select(cut_off(text)).to_series()
    found = [("echo", echoed, pl.repeat(True, len(echoed), eager=True))]
    found += [(column.name, spoken, column) for column in told]
    found += [("cut_off", spoken.gather(long.to_series()), ends)]
    return [_false_but(name, batch.height, rows, values) for name, rows, values in found]


def _false_but(name: str, height: int, rows: pl.Series, values: pl.Series) -> pl.Series:
    column = np.zeros(height, dtype=bool)
    column[rows.to_numpy()] = values.to_numpy()
    return pl.Series(name, column)


def _plain(text: pl.Expr) -> pl.Expr:
    return text.str.to_lowercase().str.replace_all(r"[^\p{L}\p{M}\p{N}]+", " ").str.strip_chars(" ")
