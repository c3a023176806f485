"""What a pass is: a frozen dataclass of options that answers with Polars expressions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal, Self

import polars as pl

from curate.scopes import Scope as Scope

Then = Literal["flag", "mask", "drop"]


@dataclass(frozen=True, kw_only=True)
class Pass(ABC):  # noqa: B024 - the kinds below hold the abstract methods
    """Base of all passes. `name` is what recipes, `changed_by`, `flags` and `decided_by` say.

    A pass is called on any frame of the message table: `StripHtml()(frame)` runs it through the engine.
    """

    name: ClassVar[str] = ""
    private_options: ClassVar[tuple[str, ...]] = ()  # options that no output may hold

    def limits(self) -> dict[str, tuple[float, float]]:
        """Its numeric options that are limits, each with the range in which `rejudge` can move it.

        The report shows what would be kept at 20 values of each. Integers count words or characters.
        """
        return {}

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame after this pass alone; same rows, same order."""
        from curate.engine import apply

        return apply([self], frame)


@dataclass(frozen=True, kw_only=True)
class Rewrite(Pass):
    """Changes `text`. The engine gathers the candidates, calls `rewrite`, scatters and marks what changed."""

    @abstractmethod
    def candidates(self) -> pl.Expr:
        """A cheap Boolean expression over the table: rows whose text may need it (never misses one).

        It may spare a row for what the rest of its conversation says, as that will stand after the pass.
        """

    @abstractmethod
    def rewrite(self, texts: pl.Series) -> pl.Series:
        """The new texts, as many as given, never null. A fixpoint: rewrite(rewrite(x)) = rewrite(x)."""


@dataclass(frozen=True, kw_only=True)
class Redaction(Pass):
    """Replaces private values wherever they stand in a conversation; runs after the other rewrites."""

    @abstractmethod
    def redact_name(self, name: str) -> str:
        """A file's name with private values replaced, for what lies outside of a batch."""

    @abstractmethod
    def not_covered(self) -> list[dict[str, str]]:
        """What it does not look for: a sentence in each language, as {"en": ..., "fr": ...}."""

    @abstractmethod
    def redact(self, batch: pl.DataFrame) -> pl.DataFrame:
        """The batch's rows with any of `schema.PRIVATE` replaced and count columns added.

        `batch` carries the `conversation` column. Returns a frame of equal height: columns of
        `schema.PRIVATE` replace those of the batch, other names are added as measures.
        """


@dataclass(frozen=True, kw_only=True)
class Measure(Pass):
    """Adds columns. `dear` measures (transformers, embeddings) skip rows that are already dropped."""

    dear: ClassVar[bool] = False

    def columns(self) -> dict[str, pl.Expr]:
        """Name of the new column: its expression over the table (and over earlier measures)."""
        return {}

    def measure(self, batch: pl.DataFrame) -> pl.DataFrame:
        """The new columns alone, one row per row of the batch (which carries `conversation`)."""
        return batch.select(expr.alias(name) for name, expr in self.columns().items())


@dataclass(frozen=True, kw_only=True)
class Decider(Pass):
    """Decides against messages where a condition holds.

    `scope` is how far the decision reaches from such a message (message | exchange | tail | conversation),
    `then` what happens there (flag | mask | drop). An exchange is a run of user messages and all up to the
    next; a tail is the message and all after it. Rows outside the message itself are never flagged.
    """

    scope: Scope = "conversation"
    then: Then = "drop"

    @abstractmethod
    def decide_when(self) -> pl.Expr:
        """A Boolean expression over the table and its measures; null counts as false."""

    @abstractmethod
    def evidence(self) -> pl.Expr:
        """The reason, as a String expression, rendered for decided rows only: `toxicity 0.93 > 0.80`."""


def above(measure: str, limit: float, sign: str = ">") -> pl.Expr:
    """The usual evidence: `<measure> <value> > <limit>`, two decimals.

    >>> pl.DataFrame({"toxicity": [0.934]}).select(above("toxicity", 0.8)).item()
    'toxicity 0.93 > 0.80'
    """
    shown = pl.col(measure).map_elements(lambda value: f"{value:.2f}", return_dtype=pl.String)
    return pl.format("{} {} {} {}", pl.lit(measure), shown, pl.lit(sign), pl.lit(f"{limit:.2f}"))


Texts = Callable[[pl.Series], pl.DataFrame]
"""Given conversation ids (UInt64), their messages: id, turn, role, text, parts, by id and turn."""


@dataclass(frozen=True, kw_only=True)
class GlobalPass(Pass):
    """Chooses among the conversations that the deciders of single conversations kept.

    Pure functions over tables, so that one machine and a cluster give the same bytes: `survey` per shard,
    `pair` per key partition, `settle` once, over ids only; the engine marks. An `id` is the UInt64 place of
    a conversation in the whole run (shard number << 32 | number in its shard): ascending ids are input order.
    Survey and pair take every conversation whatever its verdict, so that limits can be moved afterwards
    without measuring again; only `settle` asks which are alive.
    """

    then: Then = "drop"
    shared_above: ClassVar[int] = 0  # see `tally`

    @property
    def repeating(self) -> bool:
        """Whether conversations that stay may count more than once: the curated set has `repeat` then."""
        return False

    def reads(self) -> tuple[str, ...]:
        """Columns beyond those of every run that `survey` reads."""
        return ()

    def measured_by(self, stored: Self) -> bool:
        """Whether the pairs that `stored` made serve this pass's options too (for `rejudge`)."""
        return True

    def concerns(self, pairs: pl.DataFrame, conversations: pl.DataFrame) -> pl.Series | None:
        """Ids that `settle` may answer about at any limit, whoever is alive; None where that may be all.

        Settling among these alone must give the same answer.
        """
        return None

    @abstractmethod
    def survey(self, batch: pl.DataFrame) -> pl.DataFrame:
        """Keyed rows of one shard: `conversation` UInt32, `key` UInt64, and what `pair` needs. Small."""

    @abstractmethod
    def pair(self, rows: pl.DataFrame, texts: Texts) -> pl.DataFrame:
        """Verified pairs among the rows of one key partition (all rows of a key are in it).

        `rows` holds `id` in place of `conversation`. Gives columns a < b (UInt64 ids), jaccard (Float64). A
        pass that needs something of each conversation rather than pairs gives it in rows of a = b.
        """

    def tally(self, batch: pl.DataFrame) -> pl.DataFrame | None:
        """Rows of one shard to be counted over the run before any pair is made; None where nothing is.

        `key` UInt64 and `content` UInt64: a key is shared where it has more contents than `shared_above`.
        """
        return None

    def pair_without(self, rows: pl.DataFrame, texts: Texts, shared: pl.Series) -> pl.DataFrame:
        """As `pair`, with the keys that proved to be shared (UInt64, ascending)."""
        return self.pair(rows, texts)

    @abstractmethod
    def settle(self, pairs: pl.DataFrame, conversations: pl.DataFrame) -> pl.DataFrame:
        """Who goes, and for whom: `id`, `duplicate_of` (an alive id that stays), `jaccard`; null for no one.

        `conversations` has one row per conversation of the run, by id: `id`, `alive`, `tree` (UInt64, 0 for
        none), `content` and `content_check` (two UInt64 hashes of the same content), `characters` UInt32.
        """

    def repeats(self, pairs: pl.DataFrame, conversations: pl.DataFrame) -> pl.DataFrame:
        """How often each that stays counts, where it is more than once: `id`, `repeat` UInt32."""
        return pl.DataFrame(schema={"id": pl.UInt64, "repeat": pl.UInt32})

    @abstractmethod
    def reason(self) -> pl.Expr:
        """Evidence for a row of `settle`'s answer, joined with `other`, the kept id as text."""
