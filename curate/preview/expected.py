"""The expected funnel: every figure that a run will tell, with the least and the most it may be."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from statistics import NormalDist

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curate import schema
from curate.manifest import ALARM_LEAST, ALARM_QUARANTINE, ALARM_SHARE
from curate.passes.base import Decider, GlobalPass
from curate.preview.intervals import Estimate, count_interval, sum_interval
from curate.preview.overview import Overview
from curate.recipe import Recipe, kind_of
from curate.stages import AS_READ

CONFIDENCE = 0.9
"""How likely all figures of the funnel together lie within their intervals, at least."""
LIKELY = 0.05
"""Alarms less likely than this are not told."""
LEAST = 5
"""Nor are alarms of slices of which fewer conversations were drawn: too little is known of them."""


@dataclass(frozen=True)
class Step:
    """One line of the funnel. A conversation is counted as a run's own funnel counts it."""

    verb: str  # changed | flag | mask | drop | kept | kept_masked
    by: str  # the pass; "" for what is kept
    conversations: Estimate | None
    messages: Estimate


@dataclass(frozen=True)
class Alarm:
    """A pass that may take too much of a slice, and how likely that is."""

    by: str
    slice: str
    share: float
    limit: float
    chance: float


def funnel(recipe: Recipe, overview: Overview, sampled: pl.DataFrame) -> list[Step]:
    """The steps, in recipe order, from the sampled conversations' messages (`conversation` beside them)."""
    wanted = asked(recipe, sampled)
    told = sampled.group_by(schema.CONVERSATION).agg(
        pl.len().alias("size"),
        *chain.from_iterable(
            (rows.sum().cast(pl.Float64).alias(f"{place} messages"), counted.alias(f"{place} conversations"))
            for place, (_, _, rows, counted) in enumerate(wanted)
        ),
    )
    alpha = (1 - CONFIDENCE) / max(1, 2 * len(wanted))  # Bonferroni: all figures hold together
    sizes = told["size"].to_numpy().astype(np.float64)
    drawn, all_, total = told.height, overview.conversations, int(overview.messages.sum())
    steps = []
    for place, (verb, by, _, _) in enumerate(wanted):
        found = told[f"{place} messages"].to_numpy()
        count = int(told[f"{place} conversations"].sum())
        conversations = None if verb == "kept_masked" else count_interval(count, drawn, all_, alpha)
        steps.append(Step(verb, by, conversations, sum_interval(found, sizes, all_, total, alpha)))
    return steps


Asked = tuple[str, str, pl.Expr, pl.Expr]


def asked(recipe: Recipe, messages: pl.DataFrame) -> list[Asked]:
    """Of each step: verb, pass, which messages count, and (within a conversation) whether it counts."""
    first = pl.col("turn") == 0
    steps: list[Asked] = []
    for verdict, by in decided_before(recipe, messages):
        rows = decided(by, verdict)
        steps.append((verdict, by, rows, (rows & first).any()))
    for one in recipe.passes:
        if kind_of(one) in ("rewrite", "redaction"):
            rows = named("changed_by", one.name)
            steps.append(("changed", one.name, rows, rows.any()))
        elif isinstance(one, Decider | GlobalPass):
            flagged = one.then == "flag"
            rows = named("flags", one.name) if flagged else decided(one.name, one.then)
            steps.append((one.then, one.name, rows, rows.any() if flagged else (rows & first).any()))
    kept = pl.col("verdict") != "drop"
    steps.append(("kept", "", kept, kept.any()))
    steps.append(("kept_masked", "", pl.col("verdict") == "mask", pl.lit(value=False)))
    return steps


def decided_before(recipe: Recipe, messages: pl.DataFrame) -> list[tuple[str, str]]:
    """Verdicts that came with the input."""
    known = [one.name for one in recipe.passes]
    rows = messages.filter(pl.col("decided_by").is_not_null() & ~pl.col("decided_by").is_in(known))
    pairs = rows.select(pl.col("verdict").cast(pl.String), "decided_by").unique()
    return sorted(pairs.iter_rows())


def named(column: str, name: str) -> pl.Expr:
    """Whether a space-separated list of names holds one."""
    return pl.col(column).str.split(" ").list.contains(name).fill_null(value=False)


def decided(by: str, verdict: str) -> pl.Expr:
    """Whether a pass decided this of a message."""
    return ((pl.col("decided_by") == by) & (pl.col("verdict") == verdict)).fill_null(value=False)


def alarms(overview: Overview, sampled: pl.DataFrame) -> list[Alarm]:
    """The alarms that a run may raise, the likeliest first; that of unreadable records is certain or not."""
    found = []
    share = overview.quarantined / max(overview.records, 1)
    if share > ALARM_QUARANTINE:
        found.append(Alarm("quarantine", "all", share, ALARM_QUARANTINE, 1.0))
    weight = overview.conversations / max(sampled[schema.CONVERSATION].n_unique(), 1)
    taken = sampled.filter((pl.col("verdict") != "keep") & ~pl.col("decided_by").is_in(list(AS_READ)))
    for by in ("source", "language", "role"):
        if by in sampled.columns:
            for value, name in (
                taken.select(pl.col(by), "decided_by").unique().sort(by, "decided_by").iter_rows()
            ):
                inside = sampled.filter(pl.col(by).eq_missing(pl.lit(value, sampled.schema[by])))
                drawn = inside[schema.CONVERSATION].n_unique()
                if inside.height * weight >= ALARM_LEAST and (drawn >= LEAST or weight == 1):
                    share, chance = share_above(inside, name, 1 - 1 / weight)
                    found.append(Alarm(name, f"{by}={value}", share, ALARM_SHARE, chance))
    return sorted((one for one in found if one.chance >= LIKELY), key=lambda one: -one.chance)


def share_above(inside: pl.DataFrame, name: str, left: float) -> tuple[float, float]:
    """The share of a slice that a pass takes, and how likely it is above the limit in the whole."""
    each = inside.group_by(schema.CONVERSATION).agg(
        pl.len().alias("size"),
        ((pl.col("decided_by") == name) & (pl.col("verdict") != "keep"))
        .fill_null(value=False)
        .sum()
        .alias("taken"),
    )
    size, taken = (each[column].to_numpy().astype(np.float64) for column in ("size", "taken"))
    share = float(taken.sum() / size.sum())
    error = spread(taken - share * size, size, left)
    if error == 0:
        return share, float(share > ALARM_SHARE)
    return share, 1 - NormalDist(share, error).cdf(ALARM_SHARE)


def spread(rest: NDArray[np.float64], size: NDArray[np.float64], left: float) -> float:
    """The standard error of a share, conversations being what was drawn (Cochran 1977, section 2.11)."""
    count = len(size)
    if count < 2 or left <= 0:
        return 0.0
    return float(np.sqrt(left * count / (count - 1) * (rest @ rest)) / size.sum())
