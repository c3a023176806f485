"""The engine: carries a batch of messages through passes, and holds what a pass may do.

A rewrite sees only its candidates, gathered; a decider only answers where its condition holds. The engine
scatters, marks and spreads, so a pass cannot delete, reorder or multiply rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from curate import schema
from curate.passes.base import Decider, GlobalPass, Measure, Pass, Redaction, Rewrite
from curate.scopes import Reach

RENDERED = ("changed_by", *schema.DECISIONS)
"""Columns the engine keeps as arrays while it runs; written into the batch when a pass reads one."""


def apply(
    passes: Iterable[Pass], frame: pl.DataFrame, after: Callable[[], None] = lambda: None
) -> pl.DataFrame:
    """The frame after `passes`, in order: same rows, same order, text and verdicts and measures updated.

    `frame` is a message table (`schema.MESSAGES`, measures beside it allowed) of whole conversations. Passes
    that need the whole run (duplicates) are not for this function. Raises ValueError where the frame or what
    a pass gives back breaks the contract. `after` is called after each pass.

    >>> from curate.passes.nothing_to_train import NothingToTrain
    >>> table = schema.messages({"conversation_id": ["a"], "role": ["user"], "text": ["Hi"]})
    >>> apply([NothingToTrain()], table)["verdict"].to_list()
    ['keep']
    """
    batch = schema.number_conversations(schema.check(frame))
    marks = Marks.of(batch)
    return marks.render(carry(passes, batch, marks, after)).drop(schema.CONVERSATION)


def carry(
    passes: Iterable[Pass], batch: pl.DataFrame, marks: Marks, after: Callable[[], None] = lambda: None
) -> pl.DataFrame:
    """The numbered batch after `passes`; what they did is noted in `marks`, rendered where one reads it."""
    for one in passes:
        if marks.stale and set(RENDERED) & columns_read(one):
            batch = marks.render(batch)
        batch = step(one, batch, marks)
        after()
    return batch


def step(one: Pass, batch: pl.DataFrame, marks: Marks) -> pl.DataFrame:
    """The batch after one pass; what it changed, flagged and decided is noted in `marks`."""
    if isinstance(one, Rewrite):
        return rewrite(one, batch, marks)
    if isinstance(one, Redaction):
        return redact(one, batch, marks)
    if isinstance(one, Measure):
        return measure(one, batch, marks)
    if isinstance(one, Decider):
        decide(one, batch, marks)
        return batch
    raise TypeError(f"'{one.name}' needs the whole run; it cannot be applied to a frame")


def columns_read(one: Pass) -> set[str]:
    """Names of the columns that a pass's expressions read."""
    expressions: Sequence[pl.Expr] = ()
    if isinstance(one, Rewrite):
        expressions = [one.candidates()]
    elif isinstance(one, Measure):
        expressions = list(one.columns().values())
    elif isinstance(one, Decider):
        expressions = [one.decide_when(), one.evidence()]
    elif isinstance(one, GlobalPass):
        return set(one.reads())
    return {name for expression in expressions for name in expression.meta.root_names()}


@dataclass
class Marks:
    """Who changed, flagged and decided each row, as arrays; rendered into the batch's columns at the end."""

    reach: Reach
    verdict: np.ndarray  # UInt8 codes of schema.VERDICTS
    changed: list[tuple[str, np.ndarray]] = field(default_factory=list)
    flagged: list[tuple[str, np.ndarray]] = field(default_factory=list)
    decided: list[tuple[str, np.ndarray, pl.Series]] = field(default_factory=list)
    stale: bool = False

    @classmethod
    def of(cls, batch: pl.DataFrame) -> Marks:
        """Marks of a batch as read."""
        return cls(Reach.of(batch), batch["verdict"].to_physical().cast(pl.UInt8).to_numpy().copy())

    def render(self, batch: pl.DataFrame) -> pl.DataFrame:
        """The batch with the engine's own columns brought up to date."""
        columns = [
            appended(batch["changed_by"], self.changed),
            appended(batch["flags"], self.flagged),
            pl.Series("verdict", np.asarray(schema.VERDICTS)[self.verdict], dtype=schema.VERDICT)
            if self.decided
            else batch["verdict"],
        ]
        decided_by, evidence = batch["decided_by"], batch["evidence"]
        for name, rows, reasons in self.decided:
            decided_by = scattered(
                decided_by, rows, pl.Series([name], dtype=pl.String).new_from_index(0, len(rows))
            )
            evidence = scattered(evidence, rows, reasons)
        self.changed, self.flagged, self.decided, self.stale = [], [], [], False
        return batch.with_columns(*columns, decided_by, evidence)


def scattered(column: pl.Series, rows: np.ndarray, values: pl.Series) -> pl.Series:
    """The column with `values` at `rows`; one gather, whatever the type."""
    if not len(rows):
        return column
    places = np.arange(len(column), dtype=np.uint32)
    places[rows] = np.arange(len(column), len(column) + len(rows), dtype=np.uint32)
    return pl.concat([column, values.alias(column.name).cast(column.dtype)]).gather(places)


def appended(column: pl.Series, names: list[tuple[str, np.ndarray]]) -> pl.Series:
    """The space-separated names in `column`, with each name added where its mask holds."""
    if not names:
        return column
    touched = np.flatnonzero(np.logical_or.reduce([mask for _, mask in names]))
    words = [pl.lit(column.gather(touched)).alias("before")] + [
        pl.when(pl.lit(pl.Series(mask[touched]))).then(pl.lit(name)).alias(f"{place}")
        for place, (name, mask) in enumerate(names)
    ]
    joined = pl.select(pl.concat_str(words, separator=" ", ignore_nulls=True)).to_series()
    return scattered(column, touched, joined)


def rewrite(one: Rewrite, batch: pl.DataFrame, marks: Marks) -> pl.DataFrame:
    """Gather the candidates, call, scatter what differs."""
    rows = batch.select(one.candidates().fill_null(value=False)).to_series().arg_true().to_numpy()
    before = batch["text"].gather(rows)
    after = one.rewrite(before)
    if len(after) != len(before) or after.dtype != pl.String or after.null_count():
        given = f"{len(after)} {after.dtype}, {after.null_count()} null"
        raise ValueError(f"'{one.name}' gave {given} for {len(before)} texts")
    differs = (before != after).to_numpy()
    return changed(one.name, batch, marks, rows[differs], after.filter(differs), keep_original=True)


def changed(
    name: str, batch: pl.DataFrame, marks: Marks, rows: np.ndarray, texts: pl.Series, *, keep_original: bool
) -> pl.DataFrame:
    """The batch with `texts` at `rows`, the text as read kept in `original` the first time."""
    if not len(rows):
        return batch
    mask = np.zeros(batch.height, dtype=bool)
    mask[rows] = True
    marks.changed.append((name, mask))
    marks.stale = True
    columns = [scattered(batch["text"], rows, texts)]
    if keep_original:
        first = batch["original"].gather(rows).is_null().to_numpy()
        columns.append(scattered(batch["original"], rows[first], batch["text"].gather(rows[first])))
    return batch.with_columns(columns)


def redact(one: Redaction, batch: pl.DataFrame, marks: Marks) -> pl.DataFrame:
    """Replace the private columns that the redaction gives; the text before it is not kept anywhere."""
    given = one.redact(batch)
    if given.height != batch.height:
        raise ValueError(f"'{one.name}' gave {given.height} rows for {batch.height}")
    private = [name for name in given.columns if name in schema.PRIVATE and name != "text"]
    measures = [name for name in given.columns if name not in schema.PRIVATE]
    refuse_columns(one.name, measures)
    if "text" in given.columns:
        rows = (given["text"] != batch["text"]).arg_true().to_numpy()
        batch = changed(one.name, batch, marks, rows, given["text"].gather(rows), keep_original=False)
    return batch.with_columns(given.select(private + measures))


def measure(one: Measure, batch: pl.DataFrame, marks: Marks) -> pl.DataFrame:
    """Add the measure's columns; a dear one is asked about rows that are not yet dropped only."""
    if not one.dear:
        given = one.measure(batch)
    else:
        rows = np.flatnonzero(marks.verdict < schema.VERDICTS.index("drop"))
        some = one.measure(batch[rows])
        given = pl.DataFrame(
            [
                scattered(pl.Series(c.name, [None], dtype=c.dtype).new_from_index(0, batch.height), rows, c)
                for c in some
            ]
        )
    if given.height != batch.height:
        raise ValueError(f"'{one.name}' gave {given.height} rows for {batch.height}")
    refuse_columns(one.name, given.columns)
    return batch.with_columns(given)


def refuse_columns(name: str, columns: Iterable[str]) -> None:
    """Raises ValueError when a measure would write a column of the message table."""
    taken = sorted({*schema.MESSAGES, schema.CONVERSATION} & set(columns))
    if taken:
        raise ValueError(f"'{name}' may add columns, not write {', '.join(taken)}")


def decide(one: Decider, batch: pl.DataFrame, marks: Marks) -> None:
    """Flag where the condition holds, and raise verdicts as far as the decider's scope reaches."""
    holds = batch.select(one.decide_when().fill_null(value=False)).to_series()
    hits = holds.arg_true().to_numpy().astype(np.int64)
    if not len(hits):
        return
    marks.flagged.append((one.name, holds.to_numpy()))
    marks.stale = True
    if one.then == "flag":
        return
    rows, origins = marks.reach.spread(hits, one.scope)
    code = schema.THEN_CODES[one.then]
    rising = marks.verdict[rows] < code
    rows, origins = rows[rising], origins[rising]
    if not len(rows):
        return
    marks.verdict[rows] = code
    marks.decided.append((one.name, rows, reasons(one, batch, rows, origins)))


def reasons(one: Decider, batch: pl.DataFrame, rows: np.ndarray, origins: np.ndarray) -> pl.Series:
    """Evidence for `rows`, each reached from its row in `origins`; `turn 3: …` where that is another."""
    asked, place = np.unique(origins, return_inverse=True)
    found = batch[asked].select(one.evidence().cast(pl.String).alias("evidence"), "turn")[place]
    elsewhere = pl.lit(pl.Series(rows != origins))
    return found.select(
        pl.when(elsewhere).then(pl.format("turn {}: {}", "turn", "evidence")).otherwise("evidence")
    ).to_series()
