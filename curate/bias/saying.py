"""What was said of groups in one part of a run: measures, words, pronouns, answers, sentences to swap."""

from __future__ import annotations

import numpy as np
import polars as pl

from curate import schema
from curate.bias.facts import Settings
from curate.bias.lexicon import LANGUAGES
from curate.bias.matching import matcher, words
from curate.kernels.buffers import text_buffers
from curate.kernels.hashing import hash_columns


def measures(marked: pl.DataFrame, mentions: pl.DataFrame, *, every: bool = False) -> pl.DataFrame:
    """Sums of what was measured on messages that mention a group, and on the answers to them.

    Of messages that are kept; of `every` one, whatever was decided, on request.
    """
    if every:
        marked = marked.with_columns(kept=pl.lit(value=True))
    spoken = marked.filter((pl.col("mask") != 0) & pl.col("kept"))
    following = marked.select(
        (pl.col("row").cast(pl.Int64) - 1).cast(pl.UInt32, strict=False).alias("asked"),
        pl.col(schema.CONVERSATION).alias("same"),
        "row",
        "role",
        "kept",
        "text",
        "toxicity",
        "refusal",
        "polite",
        "sentiment",
    )
    questions = spoken.filter(pl.col("role") == "user").select(
        "row", schema.CONVERSATION, "language", "block"
    )
    replies = (
        following.filter((pl.col("role") == "assistant") & pl.col("kept"))
        .join(questions, left_on="asked", right_on="row")
        .filter(pl.col("same") == pl.col(schema.CONVERSATION))
        .select(
            pl.col("asked").alias("row"),
            schema.CONVERSATION,
            "language",
            "block",
            pl.lit("answer").alias("about"),
            "text",
            "toxicity",
            "refusal",
            "polite",
            "sentiment",
        )
    )
    said = spoken.filter(pl.col("role").is_in(["user", "assistant"])).select(
        "row",
        schema.CONVERSATION,
        "language",
        "block",
        pl.col("role").alias("about"),
        "text",
        "toxicity",
        "refusal",
        "polite",
        "sentiment",
    )
    both = pl.concat([said, replies]).with_columns(
        pl.col("text").str.count_matches(r"\w+").cast(pl.Float64).alias("words"),
        pl.col("refusal", "polite").cast(pl.Float64),
    )
    of_groups = mentions.join(both, on="row").drop("text")
    whole = pl.concat(
        [both.drop("text").with_columns(pl.lit("").alias("group")).select(of_groups.columns), of_groups]
    )
    long = whole.unpivot(
        on=["toxicity", "sentiment", "words", "polite", "refusal"],
        index=["language", "group", "about", "block", schema.CONVERSATION],
        variable_name="measure",
    ).filter(
        pl.col("value").is_not_null() & ~((pl.col("measure") == "refusal") & (pl.col("about") == "user"))
    )
    return long.group_by("language", "group", "about", "measure", "block").agg(
        pl.len().alias("n"),
        pl.col("value").sum().alias("total"),
        (pl.col("value") ** 2).sum().alias("squares"),
        pl.col(schema.CONVERSATION).n_unique().alias("conversations"),
    )


def word_counts(kept: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Conversations by language and mask of groups; the same by word; and how words are spelled.

    Counted are words of kept messages that mention a group, once for each conversation. Words with a digit or
    an underscore (stand-ins of private data) and words of one letter are left out.
    """
    some = kept.filter(pl.col("language").is_in(list(LANGUAGES)))
    units = some.group_by("language", schema.CONVERSATION, maintain_order=True).agg(
        pl.col("mask").bitwise_or()
    )
    documents = units.group_by("language", "mask").agg(pl.len().alias("n"))
    found = words(some["text"]).filter(pl.col("stop") - pl.col("start") > 1)
    place = some.select("language", schema.CONVERSATION).with_row_index("row")
    met = found.join(place, on="row", how="left", maintain_order="left")
    first = met.unique(["language", "word"], keep="first", maintain_order=True)
    texts = some["text"]
    data = text_buffers(texts)
    starts = data.starts[first["row"].to_numpy()]
    raw = data.data.tobytes()
    spelled = first.select("language", "word").with_columns(
        pl.Series(
            "spelled",
            [
                raw[at + start : at + stop].decode("utf-8", "replace").lower()
                for at, start, stop in zip(starts.tolist(), first["start"], first["stop"], strict=True)
            ],
            dtype=pl.String,
        )
    )
    real = spelled.filter(~pl.col("spelled").str.contains(r"[\d_]"))
    counted = (
        met.select("language", schema.CONVERSATION, "word")
        .unique()
        .join(real.select("language", "word"), on=["language", "word"], how="semi")
        .join(units, on=["language", schema.CONVERSATION])
        .group_by("language", "mask", "word")
        .agg(pl.len().alias("n"))
    )
    return documents, counted, real


def gendered(marked: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """Conversations in which a role says she or he, not both; and so for those that name an occupation."""
    spoken = (
        found.filter(pl.col("kind").is_in(["she", "he", "occupation"]))
        .join(marked.select("row", schema.CONVERSATION, "role", "kept", "she", "he"), on="row")
        .filter(pl.col("kept"))
    )
    pronouns = spoken.filter(pl.col("kind") != "occupation").select(
        "language",
        schema.CONVERSATION,
        pl.col("role").alias("name"),
        pl.lit("role").alias("kind"),
        pl.col("kind").alias("gender"),
    )
    one = (
        pl.when(pl.col("gender") != "").then("gender").when(pl.col("she") & ~pl.col("he")).then(pl.lit("she"))
    )
    one = one.when(pl.col("he") & ~pl.col("she")).then(pl.lit("he"))
    work = (
        spoken.filter(pl.col("kind") == "occupation")
        .select(
            "language",
            schema.CONVERSATION,
            pl.col("means").alias("name"),
            pl.lit("occupation").alias("kind"),
            one.alias("gender"),
        )
        .filter(pl.col("gender").is_not_null())
    )
    whole = pl.concat([pronouns, work]).unique()
    alone = whole.filter(pl.len().over("language", schema.CONVERSATION, "kind", "name") == 1)
    return alone.group_by("language", "kind", "name", "gender").agg(pl.len().alias("n"))


def single_mentions(marked: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """Mentions in messages that mention one group of the axis, once: `row`, `language`, `axis`, place."""
    axis = pl.col("means").str.split(".").list.first().alias("axis")
    groups = found.filter(pl.col("kind") == "group").with_columns(axis)
    once = groups.filter(pl.len().over("row", "axis", "language") == 1)
    return once.select("row", "language", "axis", pl.col("means").alias("group"), "term", "start", "stop")


def answers(marked: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    """A row per question of a user that names one group of an axis: its template, the answer's measures."""
    asked = marked.filter((pl.col("role") == "user") & (pl.col("mask") != 0)).select(
        "row", schema.CONVERSATION, "block", "text"
    )
    once = single_mentions(marked, found).join(asked, on="row", how="inner", maintain_order="left")
    keys = np.zeros(once.height, np.uint64)
    for language in LANGUAGES:
        some = (once["language"] == language).arg_true()
        if len(some):
            cuts = once[some].select("start", "stop").to_numpy()
            keys[some.to_numpy()] = matcher(language).templates(text_buffers(once["text"].gather(some)), cuts)
    replies = marked.filter((pl.col("role") == "assistant") & pl.col("kept")).select(
        (pl.col("row").cast(pl.Int64) - 1).cast(pl.UInt32, strict=False).alias("row"),
        pl.col(schema.CONVERSATION).alias("same"),
        pl.col("text").str.count_matches(r"\w+").cast(pl.Float64).alias("words"),
        pl.col("toxicity"),
        pl.col("polite").cast(pl.Float64),
        pl.col("refusal").cast(pl.Float64),
        pl.col("sentiment"),
    )
    return (
        once.with_columns(pl.Series("template", keys))
        .join(replies, on="row", how="inner", maintain_order="left")
        .filter(pl.col("same") == pl.col(schema.CONVERSATION))
        .select(
            *("template", "language", "axis", "group", "block"),
            *("words", "toxicity", "polite", "refusal", "sentiment"),
        )
    )


def sentences(marked: pl.DataFrame, found: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """Short kept messages with one mention of an axis, to swap it: as many of each group, chosen by hash."""
    short = marked.filter(
        (pl.col("mask") != 0) & pl.col("kept") & (pl.col("text").str.len_bytes() <= 400)
    ).select("row", "block", "text")
    once = single_mentions(marked, found).join(short, on="row", how="inner", maintain_order="left")
    once = once.with_columns(pl.Series("draw", hash_columns(once, ["text"]), dtype=pl.UInt64))
    return drawn(
        once.select("language", "axis", "group", "term", "start", "stop", "block", "text", "draw"), settings
    )


def drawn(some: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """As many sentences of each group and language, those of the smallest hash: the same on any cut."""
    return (
        some.unique(["group", "language", "draw"], keep="first", maintain_order=True)
        .sort("group", "language", "draw")
        .group_by("group", "language", maintain_order=True)
        .head(settings.sentences)
        .select(some.columns)
    )
