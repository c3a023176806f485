"""One shard through the passes of single conversations: read, rewrite, measure, decide, survey, write."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import polars as pl

from curate import __version__, engine, readers, schema
from curate.dedup.conversations import conversation_table
from curate.names import found, renamed
from curate.pulse import Pulse
from curate.readers.types import Batch, Piece
from curate.recipe import Recipe
from curate.storage import Storage

WORK = "_work"
"""Folder under OUT that holds what a run still needs; gone when it is finished."""


PULSE = f"{WORK}/pulse"
"""Folder in which shards under way say how far they are."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """What every shard of a run needs to know. Picklable."""

    out: str
    recipe: Recipe
    keep_unread: bool = False
    jsonl: bool = False

    @property
    def storage(self) -> Storage:
        """Where the run writes."""
        return Storage(self.out)

    def key(self) -> str:
        """Recipe, rules, model files and versions: what a completion record depends on beside the content."""
        scorers = [one.describe() for one in self.recipe.passes if hasattr(one, "describe")]
        told = [self.recipe.key(), __version__, pl.__version__, scorers, self.keep_unread]
        return hashlib.blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=16).hexdigest()


@dataclass(frozen=True)
class Shard:
    """A number and the pieces that are read together."""

    number: int
    pieces: tuple[Piece, ...]

    def part(self, folder: str) -> str:
        """The shard's file in a folder."""
        return f"{folder}/part-{self.number:05d}.parquet"


@dataclass(frozen=True, kw_only=True)
class Sieved:
    """The completion record of a shard: its key and its counts. Written last."""

    number: int
    key: str
    records: int
    conversations: int
    messages: int
    quarantined: int
    names: Mapping[str, str]  # see curate/names.py


def parquet(frame: pl.DataFrame) -> bytes:
    """The frame as the bytes of a Parquet file."""
    sink = io.BytesIO()
    frame.write_parquet(sink, compression="zstd", statistics=True)
    return sink.getvalue()


def sieve(task: tuple[Job, Shard, str]) -> Sieved:
    """Carry one shard through; what a completion record of the same key says is done is not done again."""
    job, shard, run_key = task
    storage, record = job.storage, f"{WORK}/sieved/{shard.number:05d}.json"
    key = shard_key(run_key, shard)
    if storage.exists(record):
        done = json.loads(storage.read(record))
        if done["key"] == key:
            return Sieved(**done)
    passes = job.recipe.single
    pulse = Pulse(storage, PULSE, shard.number, len(passes) + 2)
    batch = read(shard)
    pulse.beat()
    frame = engine.apply(passes, batch.messages, pulse.beat)
    result = write(job, shard, key, batch, frame)
    storage.write(record, json.dumps(asdict(result)).encode())
    return result


def shard_key(run_key: str, shard: Shard) -> str:
    """Hash of the run's key, the shard's cut and the bytes it reads."""
    digest = hashlib.blake2b(run_key.encode(), digest_size=16)
    for piece in shard.pieces:
        digest.update(f"{readers.digest(piece)} {piece.start} {piece.stop} {piece.limit}".encode())
    return digest.hexdigest()


def read(shard: Shard) -> Batch:
    """All pieces of a shard as one batch; counts are asserted (law 1)."""
    batches = [readers.read(piece) for piece in shard.pieces]
    batch = Batch(
        pl.concat([one.messages for one in batches]) if batches else pl.DataFrame(schema=schema.MESSAGES),
        pl.concat([one.quarantined for one in batches])
        if batches
        else pl.DataFrame(schema=schema.QUARANTINE),
        sum(one.records for one in batches),
        sum(one.conversations for one in batches),
    )
    opened = int((batch.messages["turn"] == 0).sum())
    if opened != batch.conversations:
        raise AssertionError(
            f"shard {shard.number}: {batch.conversations} conversations read, {opened} opened"
        )
    return batch


def write(job: Job, shard: Shard, key: str, batch: Batch, frame: pl.DataFrame) -> Sieved:
    """Write what the shard gave: messages (decisions as read), decisions, surveys, what was unreadable."""
    if frame.height != batch.messages.height:
        raise AssertionError(f"shard {shard.number}: {batch.messages.height} messages in, {frame.height} out")
    names = found(batch.messages["source"], frame["source"])
    frame = frame.with_columns(renamed(batch.messages["source"], names))
    storage, numbered = job.storage, schema.number_conversations(frame)
    as_read = frame.with_columns(batch.messages.select(schema.DECISIONS))
    storage.write(shard.part("messages"), parquet(as_read))
    storage.write(shard.part(f"{WORK}/decided"), parquet(decisions(numbered)))
    storage.write(shard.part("pairs/conversations"), parquet(conversations(shard, numbered)))
    for one in job.recipe.globals:
        rows = with_ids(shard, one.survey(numbered)).sort("key", "id")
        storage.write(shard.part(f"{WORK}/survey/{one.name}"), parquet(rows))
        counted = one.tally(numbered)
        if counted is not None:
            storage.write(shard.part(f"{WORK}/tally/{one.name}"), parquet(counted))
    unread = (
        batch.quarantined
        if job.keep_unread
        else batch.quarantined.with_columns(bytes=pl.lit(None, pl.Binary))
    )
    unread = unread.with_columns(renamed(unread["source"], names))
    storage.write(shard.part(f"{WORK}/unread"), parquet(unread))
    return Sieved(
        number=shard.number,
        key=key,
        records=batch.records,
        conversations=batch.conversations,
        messages=frame.height,
        quarantined=batch.quarantined.height,
        names=names,
    )


def decisions(numbered: pl.DataFrame) -> pl.DataFrame:
    """What the deciders of single conversations said, row by row."""
    return numbered.select(schema.CONVERSATION, "conversation_id", "turn", *schema.DECISIONS)


def conversations(shard: Shard, numbered: pl.DataFrame) -> pl.DataFrame:
    """One row per conversation: its id in the run, its own id and record, and what duplicates go by."""
    known = numbered.group_by(schema.CONVERSATION, maintain_order=True).agg(
        pl.col("conversation_id", "source", "record").first()
    )
    return with_ids(
        shard, known.join(conversation_table(numbered), on=schema.CONVERSATION, maintain_order="left")
    )


def with_ids(shard: Shard, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with `id`, the place of the conversation in the whole run, instead of `conversation`."""
    place = (pl.lit(shard.number, pl.UInt64) * 2**32 + pl.col(schema.CONVERSATION).cast(pl.UInt64)).alias(
        "id"
    )
    return rows.select(place, pl.exclude(schema.CONVERSATION))
