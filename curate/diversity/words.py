"""Which words of which conversations can tell topics apart: no grammar, greetings, templates or stand-ins."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import polars as pl

from curate import schema
from curate.bias.lexicon import folded
from curate.bias.matching import word_hashes, words
from curate.pii.standins import STAND_IN

LANGUAGES = ("en", "fr")
"""Languages with a list of words that name no topic."""
SPEAKERS = ("user", "assistant")
"""Whose words count: a system prompt is the operator's, a tool's answer is no talk."""
TEMPLATE_SHARE = 0.01
"""A sentence that an assistant says in more than this share of conversations is a template."""
TEMPLATE_LEAST = 10
"""In fewer conversations than this nothing is a template."""
TEMPLATE_WORDS = 8
"""A sentence of a user is one from so many words on: buttons and short questions say what is asked for."""
COMMON = 0.25
"""In a language without a list, a word of more than this share of its conversations is grammar."""
OTHER = "other"
"""Languages without a list, together."""
ADDRESS = r"\S*(?:://|www\.|@)\S*"


@cache
def stop_words(language: str) -> frozenset[str]:
    """The words of a language of LANGUAGES that name no topic, as they are compared.

    >>> "the" in stop_words("en"), "etre" in stop_words("fr"), "refund" in stop_words("en")
    (True, True, False)
    """
    text = files("rules").joinpath("stop_words", f"{language}.toml").read_text("utf-8")
    lists = tomllib.loads(text)["words"].values()
    return frozenset(part for one in lists for word in one.split() for part in folded(word))


@dataclass(frozen=True)
class Bags:
    """The words of a sample of conversations.

    `counts`: conversation, word (its place in `vocabulary`), n. `vocabulary`: the words as they are compared,
    sorted; each stands in enough conversations. `forms`: how each is mostly written.
    """

    conversations: int
    vocabulary: tuple[str, ...]
    forms: tuple[str, ...]
    counts: pl.DataFrame


def bags(sample: pl.DataFrame, least: int, most: int) -> Bags:
    """The words of a sample of different conversations (rows that carry `conversation`, 0-based).

    `least`: conversations that a word must stand in outside of templates; `most`: words, the most common
    first. A word with a digit or an underscore in it (every numbered stand-in is one) is left out, so is one
    that stands mostly in templates.
    """
    number = int(sample[schema.CONVERSATION][-1]) + 1 if sample.height else 0
    sentences = spoken(sample)
    met = words(sentences["text"])
    met = met.with_columns(
        sentences[schema.CONVERSATION].gather(met["row"]),
        sentences["template"].gather(met["row"]),
        sentences["language"].gather(met["row"]),
    )
    held = met.group_by("word").agg(
        pl.col(schema.CONVERSATION).filter(~pl.col("template")).n_unique().alias("free"),
        pl.col(schema.CONVERSATION).n_unique().alias("all"),
        pl.col("row").first(),
        pl.col("start", "stop").first(),
        *(spoken_in(language).alias(language) for language in (*LANGUAGES, OTHER)),
    )
    held = held.filter((pl.col("free") >= least) & (2 * pl.col("free") > pl.col("all")))
    held = held.with_columns(written(held, sentences["text"]).map_elements(plain, return_dtype=pl.String))
    held = held.filter(
        (pl.col("form").str.len_chars() > 1)
        & ~pl.col("form").str.contains(r"[^\p{L}]")
        & ~says_nothing(languages_size(sentences))
    )
    held = held.filter(pl.Series(word_hashes(tuple(held["form"]))) == held["word"])
    held = held.sort("free", "form", descending=[True, False]).head(most).sort("form")
    chosen = held.select("word", pl.int_range(pl.len(), dtype=pl.UInt32).alias("place"))
    met = met.filter(~pl.col("template")).join(chosen, on="word", maintain_order="left")
    counts = met.group_by(schema.CONVERSATION, "place").agg(pl.len().alias("n"))
    return Bags(
        number,
        tuple(held["form"]),
        forms(met, sentences["text"], held["form"]),
        counts.sort(schema.CONVERSATION, "place"),
    )


def spoken(sample: pl.DataFrame) -> pl.DataFrame:
    """The sentences of users and assistants: conversation, language, text, and whether it is a template."""
    language = (
        pl.col("language") if "language" in sample.columns else pl.lit(None, pl.String).alias("language")
    )
    role = pl.col("role").cast(pl.String)
    sentences = (
        sample.filter(role.is_in(SPEAKERS))
        .select(
            schema.CONVERSATION,
            language,
            (role == "user").alias("user"),
            pl.col("text")
            .str.replace_all(f"{STAND_IN.pattern}|{ADDRESS}", " ")
            .str.extract_all(r"[^.!?…\n]+"),
        )
        .explode("text", empty_as_null=False, keep_nulls=False)
    )
    said = pl.col("text").str.to_lowercase().str.strip_chars()
    often = pl.col(schema.CONVERSATION).n_unique().over("key", "user")
    long = pl.col("key").str.count_matches(" ", literal=True) >= TEMPLATE_WORDS - 1
    limit = max(TEMPLATE_LEAST, TEMPLATE_SHARE * sample[schema.CONVERSATION].n_unique())
    return sentences.with_columns(said.alias("key")).select(
        schema.CONVERSATION,
        "language",
        "text",
        ((often > limit) & (~pl.col("user") | long)).alias("template"),
    )


def spoken_in(language: str) -> pl.Expr:
    """How often a word stands in sentences of a language; sentences of no known language count for each."""
    known = pl.col("language")
    if language == OTHER:
        return (known.is_not_null() & ~known.is_in((*LANGUAGES, "und"))).sum()
    return (known.is_null() | known.is_in((language, "und"))).sum()


def says_nothing(others: int) -> pl.Expr:
    """Whether a word is one of those that name no topic in a language that it is mostly said in.

    `car` is grammar in French and a topic in English. `others` are the conversations in languages without a
    list: there a word of many of them is grammar.
    """
    most = pl.max_horizontal(*LANGUAGES, OTHER)
    listed = [
        pl.col("form").is_in(sorted(stop_words(language))) & (2 * pl.col(language) > most)
        for language in LANGUAGES
    ]
    common = (pl.col(OTHER) == most) & (pl.col("all") > COMMON * others)
    return pl.any_horizontal(*listed, common if others else pl.lit(value=False))


def languages_size(sentences: pl.DataFrame) -> int:
    """Conversations in languages without a list of words."""
    other = sentences.filter(
        pl.col("language").is_not_null() & ~pl.col("language").is_in((*LANGUAGES, "und"))
    )
    return int(other[schema.CONVERSATION].n_unique())


def written(held: pl.DataFrame, texts: pl.Series) -> pl.Series:
    """The words as they stand in a text: rows with `row`, `start`, `stop` (bytes)."""
    places = held.select("start", "stop").iter_rows()
    found = [
        text.encode()[start:stop].decode("utf-8", "ignore")
        for text, (start, stop) in zip(texts.gather(held["row"]), places, strict=True)
    ]
    return pl.Series("form", found, dtype=pl.String)


def plain(word: str) -> str:
    """A word as it is compared; "" for what is no single word."""
    parts = folded(word)
    return parts[0] if len(parts) == 1 else ""


def forms(met: pl.DataFrame, texts: pl.Series, vocabulary: pl.Series, seen: int = 20) -> tuple[str, ...]:
    """How each word is mostly written, in lower case: of its first appearances, one in each conversation."""
    some = met.unique(["place", schema.CONVERSATION], keep="first", maintain_order=True)
    some = some.group_by("place", maintain_order=True).head(seen)
    told = some.with_columns(written(some, texts).str.to_lowercase())
    best = (
        told.group_by("place", "form")
        .len()
        .sort("place", "len", "form", descending=[False, True, False])
        .unique("place", keep="first", maintain_order=True)
    )
    known = dict(best.select("place", "form").iter_rows())
    return tuple(known.get(place, word) for place, word in enumerate(vocabulary))
