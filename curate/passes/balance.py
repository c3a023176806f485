"""`balance`: slices of the sizes asked for, by removing as few conversations as can be, or by repeats."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import polars as pl

from curate import schema
from curate.balancing import OTHERS, Plan, by_ratio, by_shares
from curate.errors import RecipeError, unknown
from curate.passes.base import GlobalPass, Texts

ROLES = "roles"
GROUPS = "groups."
DECLARED = "extra."
SPREAD = np.uint64(0x9E3779B97F4A7C15)
SLICED = pl.Schema({"a": pl.UInt64, "b": pl.UInt64, "jaccard": pl.Float64, "slice": pl.String})
"""What is stored of a conversation: its id twice, in the place of a pair, and its slice."""


@dataclass(frozen=True, kw_only=True)
class Balance(GlobalPass):
    """Decide against conversations of too large slices, so that a target is met with the least removed.

    `by` is what slices are made of: a column of the table or of a measure (`source`, `language`; of a
    measure the value of the longest message), `extra.FIELD` (a field of the export), `roles` (which roles
    speak), or `groups.AXIS` (the one group of rules/identity_terms that is mentioned; "none", "several").

    The target is `max_ratio`: the largest slice at most so many times the smallest; 1: equal. Or, where they
    are given, `shares = { en = 0.5, fr = 0.3, others = 0.2 }` (among the slices named; without `others`
    those not named stay as they are). A slice of fewer than `ignore_below` conversations stays as it is and
    sets no ratio. With `most_repeats` above 1 a conversation may count that often: small slices are repeated
    before large ones are cut, in the column `repeat` of the curated set, which `train` honours.

    Among equals a hash of the content and `seed` says who stays: the same on any cut of the input. Must be
    the last pass: it looks at what all others kept. Raises RecipeError for a target that is none.

    >>> Balance(by="language", max_ratio=2).name
    'balance'
    >>> Balance(max_ratio=0.5)
    Traceback (most recent call last):
    curate.errors.RecipeError: balance.max_ratio is 0.5, must be 1 (equal) or more
    """

    name: ClassVar[str] = "balance"
    by: str = "source"
    max_ratio: float = 3.0
    shares: dict[str, float] = field(default_factory=dict)
    most_repeats: int = 1
    ignore_below: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.max_ratio <= 1e6:
            raise RecipeError(f"balance.max_ratio is {self.max_ratio}, must be 1 (equal) or more")
        total = sum(self.shares.values())
        if self.shares and (min(self.shares.values()) < 0 or abs(total - 1) > 1e-6):
            raise RecipeError(f"balance.shares add up to {total:g}; they must be 0 or more and add up to 1")
        if not 1 <= self.most_repeats <= 100:
            raise RecipeError(f"balance.most_repeats is {self.most_repeats}, must be from 1 (none) to 100")
        if self.ignore_below < 0:
            raise RecipeError(f"balance.ignore_below is {self.ignore_below}, must be 0 or more")
        if self.by.startswith(GROUPS):
            check_axis(self.by.removeprefix(GROUPS))
        if self.by.startswith(DECLARED) and set(self.by) & set("'\\"):
            raise RecipeError(f"balance.by is {self.by!r}; a field's name may hold no quote and no backslash")

    @property
    def repeating(self) -> bool:
        """Whether conversations may count more than once."""
        return self.most_repeats > 1

    def limits(self) -> dict[str, tuple[float, float]]:
        """How many times the smallest slice the largest may be."""
        return {} if self.shares else {"max_ratio": (1.0, 20.0)}

    def reads(self) -> tuple[str, ...]:
        """The column that slices are made of."""
        if self.by == ROLES:
            return ("role",)
        if self.by.startswith(DECLARED):
            return ("extra",)
        return ("text",) if self.by.startswith(GROUPS) else (self.by,)

    def measured_by(self, stored: Balance) -> bool:
        """Whether the slices that `stored` told apart serve this target: the same `by`."""
        return self.by == stored.by

    def survey(self, batch: pl.DataFrame) -> pl.DataFrame:
        """A row per conversation: `conversation`, `key` (spread over partitions), `slice`."""
        if not batch.height:
            return pl.DataFrame(schema={schema.CONVERSATION: pl.UInt32, "key": pl.UInt64, "slice": pl.String})
        told = slices(batch, self.by)
        with np.errstate(over="ignore"):
            key = told[schema.CONVERSATION].to_numpy().astype(np.uint64) * SPREAD
        return told.select(schema.CONVERSATION, pl.Series("key", key, dtype=pl.UInt64), "slice")

    def pair(self, rows: pl.DataFrame, texts: Texts) -> pl.DataFrame:
        """The slice of each conversation, as SLICED: no pairs."""
        return rows.select(a="id", b="id", jaccard=pl.lit(1.0), slice="slice").cast(SLICED)

    def settle(self, pairs: pl.DataFrame, conversations: pl.DataFrame) -> pl.DataFrame:
        """Who goes: `id`, `duplicate_of` and `jaccard` (null), and why in `told`."""
        found = self.planned(pairs, conversations)
        gone = found.filter(pl.col("place") >= pl.col("kept"))
        return gone.select(
            "id",
            pl.lit(None, pl.UInt64).alias("duplicate_of"),
            pl.lit(None, pl.Float64).alias("jaccard"),
            self._told().alias("told"),
        ).sort("id")

    def repeats(self, pairs: pl.DataFrame, conversations: pl.DataFrame) -> pl.DataFrame:
        """How often each that stays counts: `id`, `repeat`, where it is more than once."""
        found = self.planned(pairs, conversations).filter(pl.col("place") < pl.col("kept"))
        once = pl.col("counted") // pl.col("kept")
        more = (pl.col("place") < pl.col("counted") % pl.col("kept")).cast(pl.Int64)
        return found.select("id", (once + more).cast(pl.UInt32).alias("repeat")).filter(pl.col("repeat") > 1)

    def planned(self, pairs: pl.DataFrame, conversations: pl.DataFrame) -> pl.DataFrame:
        """The alive with `slice`, `size`, how many are `kept` and `counted`, and `place` in their slice."""
        alive = conversations.filter("alive").join(
            pairs.select(pl.col("a").alias("id"), "slice"), on="id", how="inner", maintain_order="left"
        )
        if self.shares:
            named = pl.col("slice").is_in(list(self.shares))
            other = pl.lit(OTHERS) if OTHERS in self.shares else pl.lit(None, pl.String)
            alive = alive.with_columns(pl.when(named).then("slice").otherwise(other).alias("slice"))
        sizes = dict(alive.drop_nulls("slice")["slice"].value_counts().iter_rows())
        plan = self.plan(sizes)
        names = list(plan.kept)
        told = pl.DataFrame(
            {
                "slice": names,
                "size": [sizes[name] for name in names],
                "kept": [plan.kept[name] for name in names],
                "counted": [plan.counted[name] for name in names],
            },
            schema={"slice": pl.String, "size": pl.Int64, "kept": pl.Int64, "counted": pl.Int64},
        )
        whole = pl.lit(sum(sizes.values())).alias("whole")
        ranked = alive.join(told, on="slice", how="inner", maintain_order="left").with_columns(
            whole, self._draw(alive.join(told, on="slice", how="semi", maintain_order="left"))
        )
        ranked = ranked.sort("slice", "draw", "id")
        return ranked.with_columns(pl.int_range(pl.len()).over("slice").alias("place"))

    def plan(self, sizes: dict[str, int]) -> Plan:
        """How many of each slice stay and count; slices that set no target are not in it."""
        if self.shares:
            return by_shares(sizes, self.shares, self.most_repeats)
        large = {name: size for name, size in sorted(sizes.items()) if size >= self.ignore_below}
        return by_ratio(large, self.max_ratio, self.most_repeats)

    def reason(self) -> pl.Expr:
        """`language=en is 90.0% of 1000, target 50.0%: 500 of 900 stay`."""
        return pl.col("told")

    def _draw(self, rows: pl.DataFrame) -> pl.Series:
        """A number for each conversation, by its content and the seed alone."""
        mixed = rows["content"].to_numpy() ^ np.uint64(self.seed * int(SPREAD) % 2**64)
        with np.errstate(over="ignore"):
            mixed = (mixed ^ (mixed >> np.uint64(31))) * SPREAD
        return pl.Series("draw", mixed ^ (mixed >> np.uint64(29)), dtype=pl.UInt64)

    def _told(self) -> pl.Expr:
        tenths = (pl.col("size") * 1000 / pl.col("whole")).round().cast(pl.Int64)
        share = pl.format("{}.{}%", tenths // 10, tenths % 10)
        if self.shares:
            wanted = pl.col("slice").replace_strict(self.shares, return_dtype=pl.Float64)
            aim = pl.format("share {}", wanted)
        else:
            aim = pl.lit(f"{self.max_ratio:g} times the smallest at most")
        return pl.format(
            "{}={} is {} of {}, target {}: {} of {} stay",
            *(pl.lit(self.by), "slice", share, "whole", aim, "kept", "size"),
        )


def check_axis(axis: str) -> None:
    """Raises RecipeError for an axis that rules/identity_terms has not."""
    from curate.bias.lexicon import load

    axes = load("en").axes
    if axis not in axes:
        raise RecipeError(unknown("axis", axis, axes, "balance.by"))


def slices(batch: pl.DataFrame, by: str) -> pl.DataFrame:
    """`conversation`, `slice`: a row per conversation, in order; "none" where nothing is told."""
    if by == ROLES:
        said = pl.col("role").cast(pl.String).unique().sort().str.join(" ")
    elif by.startswith(GROUPS):
        batch = batch.with_columns(mentioned(batch, by.removeprefix(GROUPS)))
        found = pl.col("slice").drop_nulls().unique()
        said = pl.when(found.len() > 1).then(pl.lit("several")).otherwise(found.first())
    elif by.startswith(DECLARED):
        told = pl.col("extra").str.json_path_match(f"$['{by.removeprefix(DECLARED)}']")
        said = told.drop_nulls().first()
    elif by in schema.MESSAGES:
        said = pl.col(by).cast(pl.String).drop_nulls().first()
    else:
        said = pl.col(by).cast(pl.String).get(pl.col("text").str.len_bytes().arg_max())
    return batch.group_by(schema.CONVERSATION, maintain_order=True).agg(said.fill_null("none").alias("slice"))


def mentioned(batch: pl.DataFrame, axis: str) -> pl.Series:
    """For each message the group of an axis that it mentions; "several", or null for none."""
    from curate.bias.matching import matches

    found = matches(batch["text"], batch["language"] if "language" in batch.columns else None)
    held = found.filter((pl.col("kind") == "group") & pl.col("means").str.starts_with(f"{axis}."))
    groups = held.group_by("row").agg(pl.col("means").unique())
    named = groups.select(
        "row",
        pl.when(pl.col("means").list.len() > 1)
        .then(pl.lit("several"))
        .otherwise(pl.col("means").list.first().str.strip_prefix(f"{axis}."))
        .alias("slice"),
    )
    rows = pl.DataFrame({"row": np.arange(batch.height, dtype=np.uint32)})
    return rows.join(named, on="row", how="left", maintain_order="left")["slice"]
