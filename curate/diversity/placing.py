"""Every conversation of a run placed: topic, language, intent, length, author, and what removed it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl

from curate import schema
from curate.diversity import clusters, intents, sample, topics
from curate.diversity.one_thread import one_thread
from curate.diversity.topics import TOPICS, TopicModel, named, nearest
from curate.errors import InputError
from curate.kernels.hashing import hash_columns
from curate.pii.standins import STAND_IN
from curate.recipe import rules_hash
from curate.runs import Run
from curate.sieve import parquet

SAMPLE = 5000
"""Conversations that topics are found on, at most."""
BLOCKS = 1024
"""Buckets of conversations, by hash, that intervals are computed over."""
WANTED = ("conversation_id", "tree", "turn", "role", "author", "text", "source")
MEASURED = ("conversation_language",)
BESIDE = ("verdict", "decided_by", "duplicate_of")
UNITS = pl.Schema(
    {
        "topic": pl.Int32,
        "language": pl.String,
        "intent": pl.String,
        "source": pl.String,
        "author": pl.String,
        "turns": pl.UInt32,
        "length": pl.UInt32,
        "block": pl.UInt16,
        "removed_by": pl.String,
    }
)
"""A row per conversation. `author`: who its first message of a user declares, null
where redaction put a stand-in, which tells nobody apart between conversations; `length`: characters of users
and assistants; `block`: copies and branches of one tree share one; `removed_by`: the pass that took its last
message, in recipe order; null where something stays."""


@one_thread()
def model_of(run: Run, *, fresh: bool = False) -> TopicModel:
    """The run's topics: those stored where inputs and rules are the same, else found on a sample and stored.

    Limits moved by `rejudge` leave topics as they are, so that before and after can be compared.
    """
    storage, key = run.storage, made_of(run)
    if not fresh and storage.exists(topics.MODEL):
        known = topics.from_json(storage.read(topics.MODEL))
        if known.made_of == key:
            return known
    drawn = sample.fetched(run, sample.chosen(run, SAMPLE, topics.SEED))
    model = topics.find(drawn, made_of=key)
    storage.write(topics.MODEL, topics.to_json(model))
    return topics.from_json(storage.read(topics.MODEL))


def made_of(run: Run) -> str:
    """A hash of what topics depend on: what was read, what rewrote it, rules and settings."""
    told = run.manifest
    before = [one for one in told["recipe"]["passes"] if one["kind"] in ("rewrite", "redaction", "measure")]
    settings = (
        topics.VERSION,
        clusters.HALVES,
        topics.LEAST_WORD,
        topics.LEAST_TOPIC,
        topics.MOST_TOPICS,
        topics.MOST_WORDS,
    )
    whole = (told["input_key"], before, rules_hash(), settings, topics.SEED, SAMPLE)
    return hashlib.blake2b(repr(whole).encode(), digest_size=16).hexdigest()


def placed(run: Run, model: TopicModel) -> pl.DataFrame:
    """All conversations of a run as UNITS; the table of topics is written part by part."""
    storage = run.storage
    passes = [one["name"] for one in run.manifest["recipe"]["passes"]]
    parts = [pl.DataFrame(schema=UNITS)]
    names = set()
    for name, frame in frames(run):
        told, units = place(frame, model, passes)
        beside = name.replace(sample.PARTS, topics.FOLDER, 1)
        storage.write(beside, parquet(told))
        names.add(beside)
        parts.append(units)
    for name in storage.names(topics.FOLDER):
        if name not in names and name != topics.MODEL:
            storage.remove(name)
    return pl.concat(parts)


def frames(run: Run) -> Iterator[tuple[str, pl.DataFrame]]:
    """The run's parts, each with its name: the columns that are looked at, verdicts as they stand."""
    storage = run.storage
    for name in sample.parts_of(run):
        texts = pl.scan_parquet(storage.path(name))
        held = texts.collect_schema().names()
        beside = pl.scan_parquet(storage.path(name.replace(sample.PARTS, "verdicts", 1)))
        yield (
            name,
            pl.concat(
                [texts.select(one for one in (*WANTED, *MEASURED) if one in held), beside.select(BESIDE)],
                how="horizontal",
            ).collect(),
        )


def place(frame: pl.DataFrame, model: TopicModel, passes: Sequence[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of TOPICS and of UNITS for messages with their verdicts, whole conversations in order."""
    numbered = schema.number_conversations(frame)
    if not numbered.height:
        return pl.DataFrame(schema=TOPICS), pl.DataFrame(schema=UNITS)
    user = pl.col("role").cast(pl.String) == "user"
    spoken = pl.col("role").cast(pl.String).is_in(("user", "assistant"))
    language = (
        "conversation_language" if "conversation_language" in frame.columns else pl.lit(None, pl.String)
    )
    grouped = numbered.with_columns(fate(passes)).group_by(schema.CONVERSATION, maintain_order=True)
    told = grouped.agg(
        pl.col("conversation_id", "source").first(),
        pl.coalesce("tree", "duplicate_of", "conversation_id").first().alias("cluster"),
        (pl.col(language) if isinstance(language, str) else language).first().alias("language"),
        pl.col("author").filter(user & ~pl.col("author").str.contains(STAND_IN.pattern)).first(),
        pl.len().cast(pl.UInt32).alias("turns"),
        pl.col("text").str.len_chars().filter(spoken).sum().cast(pl.UInt32).alias("length"),
        pl.col("fate").max(),
        (pl.col("verdict") == "drop").all().alias("gone"),
    )
    blocks = hash_columns(told, ["cluster"]) % np.uint64(BLOCKS)
    names = pl.Series(["", *passes], dtype=pl.String)
    told = told.with_columns(
        *nearest(numbered, model),
        intents.of_conversations(numbered, told.height).alias("intent"),
        pl.Series("block", blocks.astype(np.uint16)),
        names.gather(told["fate"]).alias("removed_by"),
    ).with_columns(
        pl.when("gone").then("removed_by").alias("removed_by"),
        pl.when(patterned()).then("intent").alias("intent"),
    )
    shown = told.select(
        "conversation_id",
        *named(told.select("topic", "similarity"), model).iter_columns(),
        "language",
        "intent",
    )
    return shown.match_to_schema(TOPICS), told.select(list(UNITS)).match_to_schema(UNITS)


def patterned() -> pl.Expr:
    """Whether a conversation is in a language that intents are known in, or in none that is known."""
    return pl.col("language").is_null() | pl.col("language").is_in((*intents.LANGUAGES, "und"))


def fate(passes: Sequence[str]) -> pl.Expr:
    """For a dropped message the place of the pass that dropped it, from 1; 0 for decisions of the input."""
    places = {name: number for number, name in enumerate(passes, 1)}
    by = pl.col("decided_by").replace_strict(places, default=0, return_dtype=pl.UInt32)
    return pl.when(pl.col("verdict") == "drop").then(by).otherwise(0).alias("fate")


def load(out: str) -> TopicModel:
    """The topics stored in the folder of a run. Raises InputError where there are none."""
    run = Run(out)
    if not run.storage.exists(topics.MODEL):
        raise InputError(f"'{out}' holds no {topics.MODEL}; 'curate diversity {out}' writes it")
    return topics.from_json(run.storage.read(topics.MODEL))
