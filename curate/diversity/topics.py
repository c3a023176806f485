"""The topics of a run: found on a sample, stored, and given to any conversation.

In OUT lie `topics/model.json` (the topics, their names, and what assigns them) and, part by part beside
messages/, `topics/part-*.parquet` with the columns of `TOPICS`: no text, a row per conversation.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

from curate import schema
from curate.bias.kernel import fold_table
from curate.bias.matching import table, word_hashes
from curate.diversity import clusters, kernel, naming
from curate.diversity.words import SPEAKERS, bags
from curate.errors import InputError
from curate.kernels.buffers import text_buffers

FOLDER = "topics"
MODEL = "topics/model.json"
FORMAT = "tamis-topics"
VERSION = 1
"""Raised when a field changes its name or meaning; fields may be added without."""
LEAST_WORD = 5
"""A word of the stored vocabulary stands in so many different conversations or more, after redaction."""
LEAST_TOPIC = 10
"""Conversations of the sample that a topic has at least."""
MOST_TOPICS = 40
MOST_WORDS = 4000
SEED = 20261126

TOPICS = pl.Schema(
    {
        "conversation_id": pl.String,
        "topic": pl.Int32,
        "name": pl.String,
        "similarity": pl.Float32,
        "language": pl.String,
        "intent": pl.String,
    }
)
"""Columns of topics/part-*.parquet, a row per conversation in the order of messages/.

`topic`: its place in the model's topics, 0-based, the largest first; null where none of its words is known.
`name`: the topic's name ("refund · parcel · late"); null likewise. `similarity`: cosine with the topic's
centre, -1 to 1. `language`: that of the conversation as the run measured it, null without. `intent`: of the
first message of a user (see intents), null without one and in languages without patterns."""


@dataclass(frozen=True, kw_only=True)
class Topic:
    """One topic: its name, its most telling words, and how many conversations of the sample it has.

    `typical` is the similarity that 95% of these reach: below it a conversation is unlike the topic.
    """

    name: str
    words: tuple[str, ...]
    conversations: int
    typical: float


@dataclass(frozen=True)
class TopicModel:
    """Topics and what assigns conversations to them: a vocabulary, its weights, its projection, centres.

    `vocabulary` is sorted; `idf` [word], `axes` [word, d] and `centres` [topic, d] are float16 and float32.
    `made_of` is a hash of the inputs and settings that the model was found with, `sample` its conversations,
    `spread` the standard error that finding them brings to the logarithm of their effective number.
    """

    topics: tuple[Topic, ...]
    vocabulary: tuple[str, ...]
    idf: NDArray[np.float32]
    axes: NDArray[np.float16]
    centres: NDArray[np.float32]
    made_of: str = ""
    sample: int = 0
    spread: float = 0.0

    @cached_property
    def lookup(self) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        """The vocabulary as the kernel looks words up."""
        hashes = word_hashes(self.vocabulary)
        return table({int(key): place for place, key in enumerate(hashes)})


def find(
    sample: pl.DataFrame, *, most: int = MOST_TOPICS, seed: int = SEED, made_of: str = "", sure: bool = True
) -> TopicModel:
    """The topics of a sample of different conversations; rows carry `conversation` (0-based, ascending).

    The same sample in the same order gives the same model, byte for byte. Copies must not be in it, nor two
    branches of a tree, and texts must be redacted: a word enters the vocabulary by LEAST_WORD conversations.
    `sure` tells how sure the number of topics is, which costs twice as much as finding them.
    """
    said = bags(sample, LEAST_WORD, MOST_WORDS)
    shape = (said.conversations, len(said.vocabulary))
    places = (said.counts["place"].to_numpy(), said.counts[schema.CONVERSATION].to_numpy())
    counts = sparse.csr_array((said.counts["n"].to_numpy().astype(np.float64), places[::-1]), shape=shape)
    told = np.flatnonzero(np.diff(counts.indptr))
    if min(len(told), shape[1]) < 2:
        return nothing_said(said.conversations, made_of)
    known = counts[told]
    found = clusters.find_topics(known, seed, LEAST_TOPIC, most)
    telling = naming.telling_words(known, found.labels, len(found.centres), said.forms, LEAST_WORD)
    _, idf = clusters.weighted(known)
    spread = clusters.spread_of(known, found, seed, LEAST_TOPIC, most) if sure else 0.0
    model = TopicModel(
        topics=tuple(
            Topic(name=name, words=words, conversations=0, typical=0.0)
            for name, words in zip(naming.names(telling), telling, strict=True)
        ),
        vocabulary=said.vocabulary,
        idf=idf.astype(np.float32),
        axes=found.axes.astype(np.float16),
        centres=found.centres.astype(np.float32),
        made_of=made_of,
        sample=said.conversations,
        spread=round(spread, 6),
    )
    return replace(model, topics=measured(model, sample))


def nothing_said(conversations: int, made_of: str) -> TopicModel:
    """A model without topics, for a sample in which too few words are shared."""
    flat = np.zeros((0, 1), np.float32)
    return TopicModel((), (), flat[:, 0], flat.astype(np.float16), flat, made_of, conversations)


def measured(model: TopicModel, sample: pl.DataFrame) -> tuple[Topic, ...]:
    """The model's topics with their size in the sample and their usual similarity."""
    told = nearest(sample, model).drop_nulls()
    made = []
    for number, topic in enumerate(model.topics):
        close = told.filter(pl.col("topic") == number)["similarity"]
        typical = close.quantile(0.05, "lower") if len(close) else None
        made.append(replace(topic, conversations=len(close), typical=round(float(typical or 0.0), 4)))
    return tuple(made)


def nearest(numbered: pl.DataFrame, model: TopicModel) -> pl.DataFrame:
    """`topic` (Int32, null for none) and `similarity` (Float32) of each conversation of a numbered frame."""
    count = int(numbered[schema.CONVERSATION][-1]) + 1 if numbered.height else 0
    topic, close = np.full(count, -1, np.int64), np.full(count, np.nan)
    if model.topics and count:
        rows = numbered.filter(pl.col("role").cast(pl.String).is_in(SPEAKERS))
        first = np.searchsorted(rows[schema.CONVERSATION].to_numpy(), np.arange(count + 1))
        buffers = text_buffers(rows["text"])
        idf, axes, centres = (part.astype(np.float64) for part in (model.idf, model.axes, model.centres))
        kernel.nearest(*buffers, first, fold_table(), *model.lookup, idf, axes, centres, topic, close)
    return pl.DataFrame(
        {"topic": pl.Series(topic, dtype=pl.Int32), "similarity": pl.Series(close, dtype=pl.Float32)}
    ).with_columns(
        pl.col("topic").replace(-1, None),
        pl.when(pl.col("topic") >= 0).then("similarity").alias("similarity"),
    )


def assign(messages: pl.DataFrame, model: TopicModel) -> pl.DataFrame:
    """The topic of each conversation of a message table: conversation_id, topic, name, similarity.

    `messages` needs `conversation_id`, `turn`, `role` and `text`, whole conversations in order, redacted as
    the run's were. A row per conversation, in the order of their first messages; `topic` and `name` are null
    where no word of the conversation is known. New logs come to the same topics as the run that found them.
    """
    numbered = schema.number_conversations(messages)
    ids = numbered.group_by(schema.CONVERSATION, maintain_order=True).agg(pl.col("conversation_id").first())
    return pl.concat(
        [ids.select("conversation_id"), named(nearest(numbered, model), model)], how="horizontal"
    )


def named(near: pl.DataFrame, model: TopicModel) -> pl.DataFrame:
    """`topic`, `name`, `similarity` from what `nearest` found."""
    names = pl.Series("name", [*(one.name for one in model.topics), None], dtype=pl.String)
    name = names.gather(near["topic"].fill_null(len(model.topics)).cast(pl.UInt32))
    return pl.DataFrame([near["topic"], name, near["similarity"]])


def to_json(model: TopicModel) -> bytes:
    """The model as it is stored."""
    told = {
        "format": FORMAT,
        "version": VERSION,
        "made_of": model.made_of,
        "sample": model.sample,
        "spread": model.spread,
        "topics": model.topics,
        "vocabulary": model.vocabulary,
        "dimensions": model.axes.shape[1],
        "idf": packed(model.idf.astype("<f4")),
        "axes": packed(model.axes.astype("<f2")),
        "centres": packed(model.centres.astype("<f4")),
    }
    return msgspec.json.format(msgspec.json.encode(told), indent=1) + b"\n"


def packed(values: NDArray[Any]) -> str:
    """Numbers as Base64 of their little-endian bytes, row by row."""
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()


def from_json(data: bytes) -> TopicModel:
    """The model that was stored. Raises InputError for another format or version."""
    try:
        told = msgspec.json.decode(data, type=dict[str, Any])
    except msgspec.MsgspecError:
        raise InputError(f"{MODEL} is not JSON; 'curate diversity OUT' writes it again") from None
    if (told.get("format"), told.get("version")) != (FORMAT, VERSION):
        raise InputError(
            f"{MODEL} is {told.get('format')} version {told.get('version')}, this Tamis reads {FORMAT} "
            f"version {VERSION}; write it again with 'curate diversity OUT'"
        )
    dimensions = int(told["dimensions"])

    def numbers(name: str, kind: str) -> NDArray[Any]:
        return np.frombuffer(base64.b64decode(told[name]), kind)

    return TopicModel(
        topics=msgspec.convert(told["topics"], tuple[Topic, ...]),
        vocabulary=tuple(told["vocabulary"]),
        idf=numbers("idf", "<f4"),
        axes=numbers("axes", "<f2").reshape(-1, dimensions),
        centres=numbers("centres", "<f4").reshape(-1, dimensions),
        made_of=told["made_of"],
        sample=told["sample"],
        spread=told.get("spread", 0.0),
    )
