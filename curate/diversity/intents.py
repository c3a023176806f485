"""What the first message of a user is for, by patterns of `rules/intents/`."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

import polars as pl

from curate import schema

LANGUAGES = ("en", "fr")
"""Languages with patterns. A message is judged by those of both; in other languages nothing is told."""
ORDER = ("thanks", "code", "task", "complaint", "small_talk", "favour", "question", "request")
"""Which kind is looked for first: "how" in a polite form asks to know, unless its verb is a deed."""
MEANT = {"task": "request", "favour": "request"}
"""Kinds told as another: requests that a word further on would hide if they were looked for last."""
FAINT = ("thanks", "complaint", "question", "request")
"""Where nothing of ORDER fits and no question mark ends the message: signs too weak to be asked first."""
INTENTS = ("thanks", "code", "complaint", "small_talk", "question", "request", "statement")
"""What `intent` may say; a statement is what fits none of the others."""
LONGEST = 600
"""Characters of a message that are looked at: what it is for stands at its start."""


ACCENTS = dict(zip("àâäéèêëîïôöùûüçœ’", "aaaeeeeiioouuuco'", strict=True))
"""Texts and patterns are compared without them."""
ASCII = {
    r"[\s": r"[ \t\r\n",
    r"\b": r"(?-u:\b)",
    r"\w": "[a-z0-9_]",
    r"\W": "[^a-z0-9_]",
    r"\s": r"[ \t\r\n]",
}
"""Classes over ASCII alone, in the order of replacing: Unicode's word borders cost sixty times as much."""


@cache
def patterns() -> dict[str, str]:
    """A regular expression for each kind of ORDER, of FAINT ("faint thanks"), and "greeting".

    Each is over all languages, for texts as `plain` gives.

    >>> sorted(patterns()) == sorted([*ORDER, *(f"faint {kind}" for kind in FAINT), "greeting"])
    True
    """
    place = files("rules").joinpath("intents")
    tables = [tomllib.loads(place.joinpath(f"{one}.toml").read_text("utf-8")) for one in LANGUAGES]
    joined = {kind: any_of([table["intents"] for table in tables], kind) for kind in ORDER}
    faint = {f"faint {kind}": any_of([table["faint"] for table in tables], kind) for kind in FAINT}
    greetings = "|".join(table["greeting"] for table in tables)
    told = {**joined, **faint, "greeting": rf"^\s*(?:(?:{greetings})\b[\s,.!:;-]*)+"}
    return {name: ascii_only(pattern) for name, pattern in told.items()}


def any_of(tables: list[dict[str, list[str]]], kind: str) -> str:
    """One expression that fits where one of a kind's does, in any of the tables.

    >>> any_of([{"thanks": ["thanks", "thank you"]}, {}], "thanks")
    '(?:thanks)|(?:thank you)'
    """
    return "|".join(f"(?:{one})" for table in tables for one in table.get(kind, ()))


def ascii_only(pattern: str) -> str:
    """The pattern without accents, its classes over ASCII."""
    for sign, instead in {**ASCII, **ACCENTS}.items():
        pattern = pattern.replace(sign, instead)
    return pattern


def plain(text: pl.Expr) -> pl.Expr:
    """The start of a text as it is compared: in lower case, without accents."""
    start = text.str.slice(0, LONGEST).str.to_lowercase()
    return start.str.replace_many(list(ACCENTS), list(ACCENTS.values()))


def intents(texts: pl.Series) -> pl.Series:
    """The intent of each message, as one of INTENTS.

    >>> intents(pl.Series(["Hello, what is a sieve?", "Hi!", "Please cancel it", "Où est-il ?"])).to_list()
    ['question', 'small_talk', 'request', 'question']
    """
    told = patterns()
    bare = plain(pl.col("text")).str.replace(told["greeting"], "").str.strip_chars()
    said = pl.col("bare")
    intent = pl.lit("statement")
    for name in reversed(FAINT):
        intent = pl.when(said.str.contains(told[f"faint {name}"])).then(pl.lit(name)).otherwise(intent)
    intent = pl.when(said.str.ends_with("?")).then(pl.lit("question")).otherwise(intent)
    for name in reversed(ORDER):
        intent = pl.when(said.str.contains(told[name])).then(pl.lit(MEANT.get(name, name))).otherwise(intent)
    intent = pl.when(said == "").then(pl.lit("small_talk")).otherwise(intent)
    return texts.to_frame("text").select(bare.alias("bare")).select(intent.alias("intent")).to_series()


def of_conversations(numbered: pl.DataFrame, count: int) -> pl.Series:
    """The intent of each conversation's first message of a user; null without one."""
    user = numbered.filter(pl.col("role").cast(pl.String) == "user")
    first = user.unique(schema.CONVERSATION, keep="first", maintain_order=True)
    told = pl.DataFrame({schema.CONVERSATION: first[schema.CONVERSATION], "intent": intents(first["text"])})
    places = pl.DataFrame({schema.CONVERSATION: pl.arange(0, count, dtype=pl.UInt32, eager=True)})
    return places.join(told, on=schema.CONVERSATION, how="left", maintain_order="left")["intent"]
