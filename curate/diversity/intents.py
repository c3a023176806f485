"""What the first message of a user is for, by patterns of `rules/intents/`."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

import polars as pl

from curate import schema

LANGUAGES = ("en", "fr")
"""Languages with patterns; messages in others are judged by all of them."""
ORDER = ("thanks", "code", "complaint", "small_talk", "question", "request")
"""Which intent is looked for first: a polite form with a question word after it asks to know."""
INTENTS = (*ORDER, "statement")
"""What `intent` may say; a statement is what fits none of the others."""
LONGEST = 600
"""Characters of a message that are looked at: what it is for stands at its start."""


@cache
def patterns() -> dict[str, str]:
    """One regular expression for each intent, and "greeting", over all languages.

    >>> sorted(patterns())
    ['code', 'complaint', 'greeting', 'question', 'request', 'small_talk', 'thanks']
    """
    tables = [
        tomllib.loads(files("rules").joinpath("intents", f"{one}.toml").read_text("utf-8"))
        for one in LANGUAGES
    ]
    joined = {
        intent: "(?i)"
        + "|".join(f"(?:{one})" for table in tables for one in table["intents"].get(intent, ()))
        for intent in ORDER
    }
    greetings = "|".join(table["greeting"] for table in tables)
    return {**joined, "greeting": rf"(?i)^\s*(?:(?:{greetings})\b[\s,.!:;-]*)+"}


def intents(texts: pl.Series) -> pl.Series:
    """The intent of each message, as one of INTENTS.

    >>> intents(pl.Series(["Hello, what is a sieve?", "Hi!", "Please cancel it", "Où est-il ?"])).to_list()
    ['question', 'small_talk', 'request', 'question']
    """
    told = patterns()
    bare = pl.col("text").str.slice(0, LONGEST).str.replace(told["greeting"], "").str.strip_chars()
    said = pl.col("bare")
    intent = pl.when(said.str.ends_with("?")).then(pl.lit("question")).otherwise(pl.lit("statement"))
    for name in reversed(ORDER):
        intent = pl.when(said.str.contains(told[name])).then(pl.lit(name)).otherwise(intent)
    intent = pl.when(said == "").then(pl.lit("small_talk")).otherwise(intent)
    return texts.to_frame("text").select(bare.alias("bare")).select(intent.alias("intent")).to_series()


def of_conversations(numbered: pl.DataFrame, count: int) -> pl.Series:
    """The intent of each conversation's first message of a user; null without one."""
    user = numbered.filter(pl.col("role").cast(pl.String) == "user")
    first = user.unique(schema.CONVERSATION, keep="first", maintain_order=True)
    told = pl.DataFrame({schema.CONVERSATION: first[schema.CONVERSATION], "intent": intents(first["text"])})
    places = pl.DataFrame({schema.CONVERSATION: pl.arange(0, count, dtype=pl.UInt32, eager=True)})
    return places.join(told, on=schema.CONVERSATION, how="left", maintain_order="left")["intent"]
