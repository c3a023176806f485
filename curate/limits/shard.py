"""One shard at other limits: how many messages of each conversation would stay, and how many masked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curate import engine, schema
from curate.limits.moves import Move
from curate.passes.base import Decider
from curate.sieve import WORK, Job, Shard, parquet

FOLDER = f"{WORK}/limits"
CHANGES = pl.Schema(
    [
        ("move", pl.UInt16()),
        ("step", pl.UInt8()),
        ("conversation", pl.UInt32()),
        ("stay", pl.UInt32()),
        ("masked", pl.UInt32()),
    ]
)
"""A row where a step changes a conversation against the step before (the first: against the present)."""
DECIDED = frozenset(engine.RENDERED) - {"changed_by"}
"""Columns that deciders write."""


@dataclass(frozen=True, kw_only=True)
class LimitTask:
    """One shard, and the limits to move."""

    job: Job
    shard: Shard
    moves: tuple[Move, ...]


@dataclass(frozen=True, kw_only=True)
class Known(Decider):
    """A decider whose answer is known already and stands in a column."""

    name: str = ""  # type: ignore[misc]  # that of the decider whose answer it is

    def decide_when(self) -> pl.Expr:
        """The column."""
        return pl.col(met_by(self))

    def evidence(self) -> pl.Expr:
        """None: nobody reads it here."""
        return pl.lit(None, pl.String)


def met_by(one: Decider) -> str:
    """Name of the column with a decider's answer."""
    return f"met by {one.name}"


def move_limits(task: LimitTask) -> list[list[int]]:
    """Write the shard's CHANGES, and give for each move and step how many messages the pass flags."""
    deciders = [one for one in task.job.recipe.passes if isinstance(one, Decider)]
    board = Board.of(read(task, deciders), deciders)
    changes, met = [pl.DataFrame(schema=CHANGES)], []
    for number, move in enumerate(task.moves):
        steps = list(moved(board, move)) if move.single else []
        met.append([flagged for flagged, _ in steps] or [0] * len(move.values))
        for step, (_, rows) in enumerate(steps):
            if rows is not None:
                place = {"move": pl.lit(number), "step": pl.lit(step)}
                changes.append(rows.with_columns(**place).select(list(CHANGES)).cast(CHANGES))
    task.job.storage.write(task.shard.part(FOLDER), parquet(pl.concat(changes)))
    return met


def read(task: LimitTask, deciders: Sequence[Decider]) -> pl.DataFrame:
    """The columns that the deciders read, with the decisions that came with the input."""
    part = pl.scan_parquet(task.job.storage.path(task.shard.part("messages")))
    asked = set().union(*(engine.columns_read(one) for one in deciders))
    wanted = {"conversation_id", "turn", "role", "changed_by", *schema.DECISIONS, *asked}
    columns = [name for name in part.collect_schema() if name in wanted]
    return schema.number_conversations(part.select(columns).collect())


def moved(board: Board, move: Move) -> Iterator[tuple[int, pl.DataFrame | None]]:
    """For each step how many messages are flagged, and what is left of the conversations that it changes."""
    deciders = [one for one in move.passes if isinstance(one, Decider)]
    if not static(deciders[0]):
        every = np.arange(board.frame.height, dtype=np.int64)
        for one in deciders:
            decided = board.decided(every, one, np.zeros(len(every), np.bool_))
            names = pl.col("flags").fill_null("").str.split(" ")
            yield int(decided.select(names.list.contains(one.name).sum()).item()), left(decided)
        return
    present = next(one for one in board.deciders if one.name == move.name)
    before, *answers = board.met([present, *deciders])
    for one, met in zip(deciders, answers, strict=True):
        rows = board.rows_around(np.flatnonzero(before != met))
        moves = len(rows) > 0 and (one.then != "flag" or board.flags_are_read)
        yield int(met.sum()), left(board.decided(rows, one, met)) if moves else None
        before = met


def left(decided: pl.DataFrame) -> pl.DataFrame:
    """How many messages of each conversation are left, and how many of these are masked."""
    return decided.group_by(schema.CONVERSATION, maintain_order=True).agg(
        stay=(pl.col("verdict") != "drop").sum(), masked=(pl.col("verdict") == "mask").sum()
    )


def static(one: Decider) -> bool:
    """Whether a decider answers without asking what others decided."""
    return not engine.columns_read(one) & DECIDED


@dataclass(frozen=True)
class Board:
    """A shard's messages, with the answers of static deciders as columns."""

    frame: pl.DataFrame
    deciders: tuple[Decider, ...]  # Known ones where the answer is a column
    flags_are_read: bool
    first: NDArray[np.int64]  # row at which each conversation starts, and the number of rows

    @classmethod
    def of(cls, frame: pl.DataFrame, deciders: Sequence[Decider]) -> Board:
        """The board of a shard. Where a decider reads evidence, all stay as they are: they must write it."""
        asked = set().union(*(engine.columns_read(one) & DECIDED for one in deciders))
        known = [] if "evidence" in asked else [one for one in deciders if static(one)]
        numbers = frame[schema.CONVERSATION].to_numpy().astype(np.int64)
        return cls(
            frame.with_columns(one.decide_when().fill_null(value=False).alias(met_by(one)) for one in known),
            tuple(
                Known(name=one.name, scope=one.scope, then=one.then) if one in known else one
                for one in deciders
            ),
            bool(asked - {"verdict"}),
            np.append(np.flatnonzero(np.diff(numbers, prepend=-1)), len(numbers)),
        )

    def met(self, deciders: Sequence[Decider]) -> list[NDArray[np.bool_]]:
        """Where the conditions of static deciders hold; what these have in common is computed once."""
        asked = (one.decide_when().fill_null(value=False).alias(f"{i}") for i, one in enumerate(deciders))
        return [answer.to_numpy() for answer in self.frame.lazy().select(asked).collect()]

    def rows_around(self, some: NDArray[np.int64]) -> NDArray[np.int64]:
        """All rows of the conversations in which any of `some` rows stands, ascending."""
        numbers = np.unique(self.frame[schema.CONVERSATION].to_numpy()[some]).astype(np.int64)
        lengths = self.first[numbers + 1] - self.first[numbers]
        before = np.repeat(self.first[numbers] - (np.cumsum(lengths) - lengths), lengths)
        rows: NDArray[np.int64] = np.arange(len(before), dtype=np.int64) + before
        return rows

    def decided(self, rows: NDArray[np.int64], one: Decider, met: NDArray[np.bool_]) -> pl.DataFrame:
        """Whole conversations in `rows` after the deciders, `one` (whose answer is `met`) in its place."""
        some, deciders = self.frame[rows], list(self.deciders)
        if met_by(one) in some.columns:
            some = some.with_columns(pl.Series(met_by(one), met[rows]))
        else:
            deciders = [one if other.name == one.name else other for other in deciders]
        marks = engine.Marks.of(some)
        return marks.render(engine.carry(deciders, some, marks))
