"""All shards at other limits: each moved alone, duplicates settled again over ids, what stays counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from curate import schema
from curate.engines import Executor
from curate.limits.moves import Move, moves_of
from curate.limits.shard import FOLDER, LimitTask, left, move_limits
from curate.passes.base import GlobalPass, Pass
from curate.sieve import Job, Shard

NAME = "limits.json"
FORMAT = "tamis-limits"
VERSION = 1

Counts = NDArray[np.int64]
Gone = list[tuple[GlobalPass, Counts]]
"""What each pass over all conversations decided against: places of conversations in the run."""


class Step(msgspec.Struct, frozen=True):
    """What a run has with one limit at `at` and all others where they are.

    `conversations` and `messages` are what is kept, `masked` of these messages are shown and not learned;
    `met` counts the messages that the pass flags, of a pass over all conversations the conversations.
    """

    at: float
    conversations: int
    messages: int
    masked: int
    met: int


class Limit(msgspec.Struct, frozen=True, rename={"by": "pass"}):
    """One limit at each of its values; `now` is where it stands, `then` what its pass does."""

    by: str
    option: str
    now: float
    then: str
    steps: tuple[Step, ...]


def counted(
    job: Job,
    shards: Sequence[Shard],
    executor: Executor,
    decided: str,
    measured: Sequence[Pass],
    tell: Callable[[int], None],
) -> bytes:
    """limits.json of a run: for each limit of its recipe and each of its values, what would be kept.

    `decided` is the folder with the decisions of single conversations, `measured` the passes that texts were
    read with; `tell` is told how many shards are done. The counts are those of the run that `rejudge` makes
    with that value. Work is proportional to what the values change; held are 16 bytes a conversation, and
    the rows of conversations with duplicates.
    """
    moves = moves_of(job.recipe.passes, measured)
    told: list[list[list[int]]] = []
    tell(0)
    for met in executor.map(move_limits, [LimitTask(job=job, shard=shard, moves=moves) for shard in shards]):
        told.append(met)
        tell(len(told))
    limits = []
    if shards:
        whole = Whole.of(job, shards, decided)
        for number, move in enumerate(moves):
            flagged = [sum(counts) for counts in zip(*(one[number] for one in told), strict=True)]
            limits.append(whole.limit(move, number, flagged))
    facts = {"format": FORMAT, "version": VERSION, "limits": limits}
    return msgspec.json.format(msgspec.json.encode(facts), indent=1) + b"\n"


def kept(stay: Counts, masked: Counts, gone: Gone) -> tuple[int, int, int]:
    """Conversations kept, their messages, and those of them masked, with what passes over all decide."""
    stay, masked = stay.copy(), masked.copy()
    for one, places in gone:
        if one.then == "drop":
            stay[places] = masked[places] = 0
        elif one.then == "mask":
            masked[places] = stay[places]
    return int(np.count_nonzero(stay)), int(stay.sum()), int(masked.sum())


@dataclass(frozen=True)
class Whole:
    """The run by conversation: messages that the deciders left, those of them masked, who has duplicates."""

    job: Job
    shards: tuple[Shard, ...]
    starts: Counts  # place in the run of each shard's first conversation
    stay: Counts
    masked: Counts
    table: pl.DataFrame  # that of `GlobalPass.settle`, of those whom such passes concern
    pairs: dict[str, pl.DataFrame]

    @classmethod
    def of(cls, job: Job, shards: Sequence[Shard], decided: str) -> Whole:
        """The run as the decisions in the folder `decided` have it."""
        storage, passes = job.storage, job.recipe.globals
        rows = [
            pl.read_parquet(storage.path(shard.part(decided)), columns=[schema.CONVERSATION, "verdict"])
            for shard in shards
        ]
        found = [left(one).cast(pl.Int64) for one in rows]
        files = [storage.path(shard.part("pairs/conversations")) for shard in shards]
        table = pl.read_parquet(files).drop("conversation_id", "source", "record")
        pairs = {one.name: pl.read_parquet(storage.path(f"pairs/{one.name}.parquet")) for one in passes}
        told = [one.concerns(pairs[one.name], table) for one in passes]
        known = [ids for ids in told if ids is not None]
        if len(known) == len(told):
            ids = pl.concat([table["id"].clear(), *known]).unique()
            table = table.filter(pl.col("id").is_in(ids.implode()))
        return cls(
            job,
            tuple(shards),
            np.cumsum([0, *(one.height for one in found)]),
            np.concatenate([one["stay"].to_numpy() for one in found]),
            np.concatenate([one["masked"].to_numpy() for one in found]),
            table,
            pairs,
        )

    def places(self, ids: pl.Series) -> Counts:
        """Places in the run of conversations by their ids."""
        shard, number = np.divmod(ids.to_numpy(), np.uint64(2**32))
        return self.starts[shard.astype(np.int64)] + number.astype(np.int64)

    def alive(self, stay: Counts) -> pl.Series:
        """Who of the table has a message left."""
        return pl.Series("alive", stay[self.places(self.table["id"])] > 0)

    def settled(self, passes: Sequence[GlobalPass], alive: pl.Series) -> Gone:
        """What the passes over all conversations decide, each among what is still alive."""
        table, gone = self.table.with_columns(alive), []
        for one in passes:
            ids = one.settle(self.pairs[one.name], table)["id"]
            gone.append((one, self.places(ids)))
            if one.then == "drop":
                table = table.with_columns(alive=pl.col("alive") & ~pl.col("id").is_in(ids.implode()))
        return gone

    def limit(self, move: Move, number: int, met: Sequence[int]) -> Limit:
        """The counts of one limit; `met` are those of a decider, by step."""
        steps = self.of_decider(move, number, met) if move.single else self.over_all(move)
        return Limit(move.name, move.option, move.now, move.then, tuple(steps))

    def of_decider(self, move: Move, number: int, met: Sequence[int]) -> Iterator[Step]:
        """The steps of the limit of a pass of single conversations."""
        stay, masked = self.stay.copy(), self.masked.copy()
        alive, gone = None, []
        changes = self.changes(number)
        for step, value in enumerate(move.values):
            rows = changes.filter(pl.col("step") == step)
            places = rows["place"].to_numpy()
            stay[places], masked[places] = rows["stay"].to_numpy(), rows["masked"].to_numpy()
            now = self.alive(stay)
            if alive is None or not now.equals(alive):
                alive, gone = now, self.settled(self.job.recipe.globals, now)
            yield Step(value, *kept(stay, masked, gone), met[step])

    def over_all(self, move: Move) -> Iterator[Step]:
        """The steps of the limit of a pass over all conversations."""
        alive = self.alive(self.stay)
        for value, moved in zip(move.values, move.passes, strict=True):
            passes = [moved if one.name == move.name else one for one in self.job.recipe.globals]
            gone = self.settled([one for one in passes if isinstance(one, GlobalPass)], alive)
            met = next(len(places) for one, places in gone if one.name == move.name)
            yield Step(value, *kept(self.stay, self.masked, gone), met)

    def changes(self, number: int) -> pl.DataFrame:
        """What the steps of one limit change, by place in the run."""
        found = []
        for shard, start in zip(self.shards, self.starts, strict=False):
            rows = pl.scan_parquet(self.job.storage.path(shard.part(FOLDER)))
            place = (pl.col(schema.CONVERSATION).cast(pl.Int64) + int(start)).alias("place")
            found.append(rows.filter(pl.col("move") == number).select("step", place, "stay", "masked"))
        return pl.concat(found).collect()
