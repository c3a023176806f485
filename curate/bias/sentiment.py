"""How glad or sorry texts sound, by the short lists of rules/sentiment.toml."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

import polars as pl

from curate.bias.lexicon import Term, folded
from curate.errors import RecipeError

KINDS = ("glad", "sorry", "not")
NEAR = 16
"""Bytes between a negation and the word that it turns, at most: room for two short words."""


@cache
def terms(language: str) -> tuple[Term, ...]:
    """The words of a language as terms of KINDS. Raises RecipeError for a word that stands on both sides."""
    name = "rules/sentiment.toml"
    held = tomllib.loads(files("rules").joinpath("sentiment.toml").read_text("utf-8"))[language]
    glad, sorry = held["positive"].split(), held["negative"].split()
    both = sorted({*glad} & {*sorry})
    if both:
        raise RecipeError(f"{name}: '{both[0]}' is positive and negative in '{language}'; keep it in one")
    return (
        *(Term(folded(word), "glad") for word in glad),
        *(Term(folded(word), "sorry") for word in sorry),
        *(Term(folded(phrase), "not") for phrase in held["negations"]),
    )


def sentiment(found: pl.DataFrame) -> pl.DataFrame:
    """For each row and language of `matching.matches` that holds such a word: `sentiment`, from -1 to 1.

    It is (glad - sorry) / (glad + sorry), over words; one that closely follows a negation counts on the other
    side. Texts without such a word are not in the answer: their sentiment is 0.

    >>> from curate.bias.matching import matches
    >>> texts = pl.Series(["A great help, not slow.", "Not very helpful.", "It came on Monday."])
    >>> sentiment(matches(texts, pl.Series(["en"] * 3)))["sentiment"].to_list()
    [1.0, -1.0]
    """
    text = ["row", "language"]
    some = found.filter(pl.col("kind").is_in(list(KINDS))).sort(*text, "start", "stop")
    turned = (pl.col("kind").shift().over(text) == "not") & (
        pl.col("start") - pl.col("stop").shift().over(text) <= NEAR
    )
    glad = (pl.col("kind") == "glad") ^ turned.fill_null(value=False)
    return (
        some.with_columns(pl.when(glad).then(1.0).otherwise(-1.0).alias("side"))
        .filter(pl.col("kind") != "not")
        .group_by(text)
        .agg(pl.col("side").mean().alias("sentiment"))
        .sort(text)
    )
