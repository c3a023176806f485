"""The sample through the recipe, as a run's worker carries a shard, with its costs; nothing is written."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curate import engine, mark, schema, settle, sieve, writers
from curate.dedup.conversations import conversation_table
from curate.engines import one_thread_each
from curate.passes.base import Texts
from curate.preview.memory import now_bytes, peak_bytes
from curate.preview.overview import shared_above
from curate.recipe import Recipe
from curate.sieve import Shard, parquet

LONGEST_START = 3.0
"""A process that had spent more CPU seconds than this did other things before: a run would start faster."""
WARM = ("<p>Bonjour, écrivez à ann@example.com ou au 06 39 98 12 34&nbsp;!</p>", "CafÃ© noted, thank you.")
"""Texts that make every pass load its rules and models and compile its kernels before costs are taken."""


TEXTS = ("conversation_id", "turn", "role", "text", "parts")
"""Columns that verification reads."""


@dataclass(frozen=True, kw_only=True)
class Costs:
    """CPU seconds and bytes of what was carried, and memory as it grew."""

    size: int  # bytes of text carried
    imported: float  # from the start of the process to its first call
    warmed: float  # rules, models and kernels loaded, for the passes of single conversations
    warmed_pair: float  # and for those over all
    sieve: float  # passes, surveys, and writing what a shard leaves
    pair: float
    mark: float  # settling, verdicts, the curated set
    written: int  # bytes of all files
    base: int  # resident memory before the first batch
    points: tuple[tuple[int, int], ...]  # bytes of text in a batch: most memory so far


@dataclass(frozen=True)
class Carried:
    """What became of the conversations carried: messages with measures and final decisions, and the costs."""

    messages: pl.DataFrame  # the message table, `conversation` beside it
    costs: Costs


@dataclass(frozen=True)
class Load:
    """What one process is to carry."""

    recipe: Recipe
    messages: pl.DataFrame
    places: NDArray[np.int64]  # of each conversation, ascending
    largest: int  # bytes of text of the run's largest shard
    said: pl.DataFrame  # what many conversations of the whole run say: columns of `shared.TALLY`
    alone: bool  # in a process of its own, with one thread
    started: float = 0.0  # CPU seconds that this process had spent before it began; told where not alone


def wanted_of(task: tuple[Shard, NDArray[np.int64]]) -> pl.DataFrame:
    """The messages of some conversations of a shard, by their numbers in it."""
    shard, numbers = task
    numbered = schema.number_conversations(sieve.read(shard).messages)
    asked = pl.Series(schema.CONVERSATION, numbers, dtype=pl.UInt32)
    return numbered.filter(pl.col(schema.CONVERSATION).is_in(asked.implode())).drop(schema.CONVERSATION)


@contextmanager
def worker(alone: bool) -> Iterator[ProcessPoolExecutor | None]:
    """A process like those of a run with several shards; None where a run would stay in this one."""
    if not alone:
        yield None
        return
    with one_thread_each(), ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        yield pool


def carry(load: Load) -> Carried:
    """The conversations of `load` through all passes, among themselves."""
    begun = time.process_time()
    warmed_pair = warm(load.recipe)
    warmed = time.process_time() - begun - warmed_pair
    base = now_bytes()
    spent, frame, numbered, table = sieved(load)
    points = [(size_of(load.messages), peak_bytes())]
    paired, pairs = timed_pairs(load, frame, numbered)
    marked, final, verdicts = timed_mark(load, frame, numbered, table, pairs)
    written = sum(len(parquet(one)) for one in (frame, verdicts, writers.curated(final)))
    if load.alone:
        points += grown(load, points[0][0])
    costs = Costs(
        size=points[0][0],
        imported=begun if load.alone else min(load.started, LONGEST_START),
        warmed=warmed,
        warmed_pair=warmed_pair,
        sieve=spent,
        pair=paired,
        mark=marked,
        written=written,
        base=base,
        points=tuple(points),
    )
    return Carried(schema.number_conversations(final), costs)


def warm(recipe: Recipe) -> float:
    """Carry two short conversations, so that what is loaded once is loaded; CPU seconds of pairing them."""
    texts = pl.DataFrame({"conversation_id": ["a", "a", "b", "b"], "role": ["user", "assistant"] * 2})
    few = schema.messages({**texts.to_dict(as_series=False), "text": list(WARM) * 2})
    numbered = schema.number_conversations(engine.apply(recipe.single, few))
    table = table_of(numbered, np.array([0, 1]))
    rows = surveys(recipe, numbered, np.array([0, 1]))
    begun = time.process_time()
    pairs = {
        one.name: one.pair(rows[one.name], texts_of(numbered, np.array([0, 1]))) for one in recipe.globals
    }
    settle.settled(recipe.globals, table.with_columns(alive=pl.lit(value=True)), pairs)
    return time.process_time() - begun


def sieved(load: Load) -> tuple[float, pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """CPU seconds, the messages after the passes, the same numbered, the table of conversations."""
    begun = time.process_time()
    frame = engine.apply(load.recipe.single, load.messages)
    numbered = schema.number_conversations(frame)
    table = table_of(numbered, load.places)
    parquet(frame.with_columns(load.messages.select(schema.DECISIONS)))
    parquet(sieve.decisions(numbered))
    parquet(table)
    for rows in surveys(load.recipe, numbered, load.places).values():
        parquet(rows.sort("key", "id"))
    for one in load.recipe.globals:
        told = one.tally(numbered)
        if told is not None:
            parquet(told)
    return time.process_time() - begun, frame, numbered, table


def table_of(numbered: pl.DataFrame, places: NDArray[np.int64]) -> pl.DataFrame:
    """One row per conversation as `settle` asks for it; `id` is its place in the whole run."""
    known = numbered.group_by(schema.CONVERSATION, maintain_order=True).agg(
        pl.col("conversation_id", "source", "record").first()
    )
    both = known.join(conversation_table(numbered), on=schema.CONVERSATION, maintain_order="left")
    return placed(both, places)


def placed(rows: pl.DataFrame, places: NDArray[np.int64]) -> pl.DataFrame:
    """The rows with `id`, the place in the whole run, instead of the number in the batch."""
    ids = pl.Series("id", places, dtype=pl.UInt64).gather(rows[schema.CONVERSATION])
    return rows.select(ids, pl.exclude(schema.CONVERSATION))


def surveys(recipe: Recipe, numbered: pl.DataFrame, places: NDArray[np.int64]) -> dict[str, pl.DataFrame]:
    """What each pass over all conversations surveys."""
    return {one.name: placed(one.survey(numbered), places) for one in recipe.globals}


def texts_of(numbered: pl.DataFrame, places: NDArray[np.int64]) -> Texts:
    """The texts that verification asks for."""
    rows = placed(numbered.select(schema.CONVERSATION, "turn", "role", "text", "parts"), places)

    def texts(ids: pl.Series) -> pl.DataFrame:
        return rows.filter(pl.col("id").is_in(ids.implode()))

    return texts


def timed_pairs(
    load: Load, frame: pl.DataFrame, numbered: pl.DataFrame
) -> tuple[float, dict[str, pl.DataFrame]]:
    """CPU seconds, and each pass's verified pairs; a run reads texts and surveys from files: that counts."""
    rows = surveys(load.recipe, numbered, load.places)
    stored = [parquet(frame.select(TEXTS))] + [parquet(one) for one in rows.values()]
    texts = texts_of(numbered, load.places)
    begun = time.process_time()
    for content in stored:
        pl.read_parquet(io.BytesIO(content))
    pairs = {
        one.name: one.pair_without(rows[one.name], texts, shared_above(load.said, one.shared_above))
        for one in load.recipe.globals
    }
    return time.process_time() - begun, pairs


def timed_mark(
    load: Load,
    frame: pl.DataFrame,
    numbered: pl.DataFrame,
    table: pl.DataFrame,
    pairs: dict[str, pl.DataFrame],
) -> tuple[float, pl.DataFrame, pl.DataFrame]:
    """CPU seconds, the messages with the run's decisions, the verdicts."""
    stored = [parquet(frame), parquet(sieve.decisions(numbered))]
    begun = time.process_time()
    for content in stored:
        pl.read_parquet(io.BytesIO(content))
    single = sieve.decisions(numbered)
    alive = single.group_by(schema.CONVERSATION, maintain_order=True).agg((pl.col("verdict") != "drop").any())
    fates, _ = settle.settled(load.recipe.globals, table.with_columns(alive=alive["verdict"]), pairs)
    number = np.searchsorted(load.places, fates["id"].to_numpy())
    by_number = fates.with_columns(pl.Series(schema.CONVERSATION, number, dtype=pl.UInt32)).drop("id")
    verdicts = mark.overlaid(single, by_number, frame["conversation_id"])
    final = frame.with_columns(verdicts.select(schema.DECISIONS))
    parquet(verdicts)
    parquet(writers.curated(final))
    mark.tally(final, verdicts)
    mark.content_hashes(final, verdicts)
    return time.process_time() - begun, final, verdicts


def grown(load: Load, size: int) -> list[tuple[int, int]]:
    """Memory that a batch of a quarter of the largest shard takes, made of the sample several times over."""
    times = min(8, -(-load.largest // (4 * max(size, 1))))
    if times < 2:
        return []
    several = pl.concat([load.messages] * times)
    frame = engine.apply(load.recipe.single, several)
    numbered = schema.number_conversations(frame)
    conversation_table(numbered)
    for one in load.recipe.globals:
        one.survey(numbered)
    parquet(frame)
    return [(size * times, peak_bytes())]


def size_of(messages: pl.DataFrame) -> int:
    """Bytes of text."""
    return int(messages["text"].str.len_bytes().sum() or 0)
