"""A run of global passes in memory, cut into shards and key partitions as a test likes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import polars as pl

from curate.dedup.conversations import conversation_table
from curate.passes.base import GlobalPass
from curate.schema import messages, number_conversations

Turns = Sequence[tuple[str, str]]


def chats(conversations: Sequence[Turns], trees: Sequence[str | None] | None = None) -> pl.DataFrame:
    """The message table of conversations, each a list of (role, text); their ids are their places."""
    rows = [
        (f"{number:06d}", trees[number] if trees else None, role, text)
        for number, turns in enumerate(conversations)
        for role, text in turns
    ]
    ids, tree, roles, texts = (list(column) for column in zip(*rows, strict=True))
    return messages({"conversation_id": ids, "tree": tree, "role": roles, "text": texts})


def shards_of(frame: pl.DataFrame, cuts: Sequence[int]) -> list[pl.DataFrame]:
    """Shards of whole conversations, cut before the conversations numbered in `cuts`."""
    number = frame["conversation_id"].rle_id()
    bounds = [0, *sorted(set(cuts)), int(number.max() or 0) + 1]
    parts = [frame.filter((number >= start) & (number < stop)) for start, stop in pairwise(bounds)]
    return [number_conversations(part) for part in parts if part.height]


def place_of(shard: int, column: str = "conversation") -> pl.Expr:
    return (pl.lit(shard, pl.UInt64) * (1 << 32)) + pl.col(column).cast(pl.UInt64)


def conversations_of(shards: Sequence[pl.DataFrame], dead: set[str] | None = None) -> pl.DataFrame:
    tables = []
    for number, shard in enumerate(shards):
        names = shard.group_by("conversation", maintain_order=True).agg(pl.col("conversation_id").first())
        table = conversation_table(shard).join(names, on="conversation", maintain_order="left")
        alive = ~pl.col("conversation_id").is_in(sorted(dead or set()))
        tables.append(table.with_columns(id=place_of(number), alive=alive))
    return pl.concat(tables)


def pairs_of(
    step: GlobalPass, shards: Sequence[pl.DataFrame], partitions: int = 1, shuffled: bool = False
) -> pl.DataFrame:
    surveyed = pl.concat(
        step.survey(shard).with_columns(id=place_of(number)).drop("conversation")
        for number, shard in enumerate(shards)
    )
    if shuffled:
        surveyed = surveyed.sample(fraction=1.0, shuffle=True, seed=7)
    everything = pl.concat(shard.with_columns(id=place_of(number)) for number, shard in enumerate(shards))

    def texts(ids: pl.Series) -> pl.DataFrame:
        found = everything.filter(pl.col("id").is_in(ids.to_list()))
        return found.sort("id", "turn").select("id", "turn", "role", "text", "parts")

    shared = shared_of(step, shards)
    found = [
        step.pair_without(surveyed.filter(pl.col("key") % partitions == part), texts, shared)
        for part in range(partitions)
    ]
    return pl.concat(found)


def shared_of(step: GlobalPass, shards: Sequence[pl.DataFrame]) -> pl.Series:
    tallies = [tally for shard in shards if (tally := step.tally(shard)) is not None]
    if not tallies:
        return pl.Series("key", [], pl.UInt64)
    counts = pl.concat(tallies).group_by("key").agg(pl.col("content").n_unique())
    return counts.filter(pl.col("content") > step.shared_above)["key"].sort()


def settled(
    step: GlobalPass,
    frame: pl.DataFrame,
    cuts: Sequence[int] = (),
    partitions: int = 1,
    dead: set[str] | None = None,
    shuffled: bool = False,
) -> dict[str, tuple[str, float]]:
    """Which conversation goes: id, and the id that stays with their Jaccard."""
    shards = shards_of(frame, cuts)
    table = conversations_of(shards, dead)
    name = dict(table.select("id", "conversation_id").iter_rows())
    gone = step.settle(
        pairs_of(step, shards, partitions, shuffled), table.drop("conversation_id", "conversation")
    )
    return {name[one]: (name[other], jaccard) for one, other, jaccard in gone.iter_rows()}
