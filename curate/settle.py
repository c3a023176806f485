"""Passes over all conversations: pairs per key partition, one settlement over ids, the same on any cut."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import polars as pl

from curate import schema
from curate.engines import Executor
from curate.passes.base import GlobalPass, Texts
from curate.sieve import WORK, Job, Shard, parquet
from curate.storage import Storage

ROWS_PER_PARTITION = 4_000_000
"""Survey rows that one partition may hold: about 100 MB, several times that while it is paired."""

PAIRS = pl.Schema({"a": pl.UInt64, "b": pl.UInt64, "jaccard": pl.Float64})
FATES = pl.Schema(
    {
        "id": pl.UInt64,
        "decided_by": pl.String,
        "then": pl.String,
        "evidence": pl.String,
        "duplicate_of": pl.String,
        "jaccard": pl.Float64,
    }
)
"""What the passes over all conversations decided, one row per conversation they decided against."""

REPEATS = pl.Schema({"id": pl.UInt64, "repeat": pl.UInt32})
"""Conversations that count more than once."""


class Settlement(NamedTuple):
    """What the passes over all conversations decided: FATES and REPEATS, by id."""

    fates: pl.DataFrame
    repeats: pl.DataFrame


TEXTS = pl.Schema(
    [("id", pl.UInt64()), *((n, schema.MESSAGES[n]) for n in ("turn", "role", "text", "parts"))]
)
"""Columns of the texts that verification reads again."""


def pair(job: Job, executor: Executor, progress: Callable[[str, int, int], None]) -> None:
    """Write each such pass's verified pairs to pairs/<pass>.parquet; they outlive a change of limits."""
    for one in job.recipe.globals:
        counted = executor.map(shared_of, partitions(job, one, f"{WORK}/tally/{one.name}"))
        shared = pl.concat([pl.Series("key", [], pl.UInt64), *counted])
        tasks = [replace(task, shared=shared) for task in partitions(job, one, f"{WORK}/survey/{one.name}")]
        found = [pl.DataFrame(schema=PAIRS)]
        for told in executor.map(pairs_of, tasks):
            found.append(told)
            progress(f"pairing {one.name}", len(found) - 1, len(tasks))
        pairs = pl.concat(found, how="diagonal").unique(["a", "b"], keep="first").sort("a", "b")
        job.storage.write(f"pairs/{one.name}.parquet", parquet(pairs))


def partitions(job: Job, one: GlobalPass, folder: str) -> list[Partition]:
    """The partitions of what the shards wrote for a pass; one where that is little, none where nothing."""
    files = [job.storage.path(name) for name in job.storage.names(folder)]
    if not files:
        return []
    rows = int(pl.scan_parquet(files).select(pl.len()).collect().item())
    bits = max(0, math.ceil(math.log2(max(rows, 1) / ROWS_PER_PARTITION)))
    return [Partition(job, one, bits, number, tuple(files)) for number in range(2**bits)]


@dataclass(frozen=True)
class Partition:
    """One partition of what a pass surveyed: the keys whose highest `bits` bits are `number`."""

    job: Job
    one: GlobalPass
    bits: int
    number: int
    files: tuple[str, ...]
    shared: pl.Series | None = None

    def rows(self) -> pl.LazyFrame:
        """Its rows."""
        rows = pl.scan_parquet(list(self.files))
        if not self.bits:
            return rows
        width = 2 ** (64 - self.bits)
        low = pl.lit(self.number * width, pl.UInt64)
        high = pl.lit((self.number + 1) * width - 1, pl.UInt64)
        return rows.filter(pl.col("key").is_between(low, high))


def shared_of(task: Partition) -> pl.Series:
    """The keys of one partition that more contents than the pass's limit have, ascending."""
    counts = task.rows().group_by("key").agg(pl.col("content").n_unique())
    return counts.filter(pl.col("content") > task.one.shared_above).select("key").collect()["key"].sort()


def pairs_of(task: Partition) -> pl.DataFrame:
    """Verified pairs of one partition."""
    shared = pl.Series("key", [], pl.UInt64) if task.shared is None else task.shared
    return task.one.pair_without(task.rows().collect(), texts_from(task.job.storage), shared)


def texts_from(storage: Storage) -> Texts:
    """The reader of texts that verification asks for; opens only the parts that hold an id asked for."""

    def texts(ids: pl.Series) -> pl.DataFrame:
        wanted = pl.DataFrame({"id": ids}).unique().sort("id")
        found = [part_texts(storage, int(number), rows) for (number,), rows in by_shard(wanted)]
        return pl.concat(found) if found else pl.DataFrame(schema=TEXTS)

    return texts


def by_shard(wanted: pl.DataFrame) -> list[tuple[tuple[int], pl.DataFrame]]:
    """The ids grouped by the shard that holds them, in order."""
    groups = wanted.group_by((pl.col("id") // 2**32).alias("shard"), maintain_order=True)
    return [((int(str(key[0])),), rows) for key, rows in groups]


def part_texts(storage: Storage, number: int, wanted: pl.DataFrame) -> pl.DataFrame:
    """Messages of some conversations of one shard."""
    part = pl.scan_parquet(storage.path(f"messages/part-{number:05d}.parquet"))
    rows = part.select("conversation_id", "turn", "role", "text", "parts").collect()
    numbered = schema.number_conversations(rows)
    place = pl.lit(number, pl.UInt64) * 2**32 + pl.col(schema.CONVERSATION).cast(pl.UInt64)
    return numbered.select(place.alias("id"), *list(TEXTS)[1:]).join(wanted, on="id", how="semi")


def settle(
    job: Job, shards: Sequence[Shard], alive: Callable[[Shard], pl.Series], clashes: pl.DataFrame
) -> Settlement:
    """Every such pass in recipe order, each among what is still alive.

    `alive` answers for a shard which of its conversations the deciders of single conversations kept;
    `clashes` says which conversations get another id than their own.
    """
    storage = job.storage
    table = pl.concat(
        [
            pl.read_parquet(storage.path(shard.part("pairs/conversations"))).with_columns(alive=alive(shard))
            for shard in shards
        ]
        or [pl.DataFrame(schema={"id": pl.UInt64, "conversation_id": pl.String, "source": pl.String})]
    )
    stored = {
        one.name: pl.read_parquet(storage.path(f"pairs/{one.name}.parquet")) for one in job.recipe.globals
    }
    return settled(job.recipe.globals, table.update(clashes, on="id"), stored)


def settled(
    passes: Sequence[GlobalPass], table: pl.DataFrame, pairs: Mapping[str, pl.DataFrame]
) -> Settlement:
    """The fates that `passes` give in order, each among what is still alive; and how often those left count.

    `table` is that of the conversations with `conversation_id`, `source`, `record` and `alive` beside it;
    `pairs` holds each pass's verified pairs by its name.
    """
    fates, repeats = [pl.DataFrame(schema=FATES)], [pl.DataFrame(schema=REPEATS)]
    for one in passes:
        gone = one.settle(pairs[one.name], table.drop("conversation_id", "source", "record"))
        if one.repeating:
            repeats.append(one.repeats(pairs[one.name], table))
        names = table.select(pl.col("id").alias("duplicate_of"), pl.col("conversation_id").alias("other"))
        told = gone.join(names, on="duplicate_of", how="left", maintain_order="left")
        fates.append(
            told.select(
                "id",
                pl.lit(one.name).alias("decided_by"),
                pl.lit(one.then).alias("then"),
                one.reason().alias("evidence"),
                pl.col("other").alias("duplicate_of"),
                pl.col("jaccard").cast(pl.Float64),
            )
        )
        if one.then == "drop":
            table = table.with_columns(alive=pl.col("alive") & ~pl.col("id").is_in(gone["id"].implode()))
    return Settlement(pl.concat(fates).sort("id", maintain_order=True), pl.concat(repeats).sort("id"))


def clashing_ids(storage: Storage, shards: Sequence[Shard]) -> pl.DataFrame:
    """Conversations whose own id another one has too: `id` and the unique `conversation_id` to write.

    The first in order keeps the id; the others get `~` and a hash of their source and record, so that it
    does not depend on what else was read.
    """
    names = [storage.path(shard.part("pairs/conversations")) for shard in shards]
    if not names:
        return pl.DataFrame(schema={"id": pl.UInt64, "conversation_id": pl.String})
    table = pl.scan_parquet(names).select("id", "conversation_id", "source", "record").collect()
    again = table.filter(pl.col("conversation_id").is_duplicated())
    again = again.filter(~pl.col("conversation_id").is_first_distinct())
    return again.select(
        "id", pl.struct("conversation_id", "source", "record").map_batches(suffixed, pl.String)
    )


def suffixed(clashes: pl.Series) -> pl.Series:
    """`<id>~<8 hex digits of source and record>` for each clash."""
    from curate.kernels.hashing import hash_texts

    table = clashes.struct.unnest()
    spot = hash_texts(table.select(pl.format("{}#{}", "source", "record")).to_series())
    tail = [f"{value & 0xFFFFFFFF:08x}" for value in spot.to_list()]
    return pl.Series(
        "conversation_id", [f"{one}~{end}" for one, end in zip(table["conversation_id"], tail, strict=True)]
    )
