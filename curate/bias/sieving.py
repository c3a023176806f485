"""What the sieve did: how often each pass flagged, masked and dropped each slice, against the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from curate.bias.facts import Rate, Settings, finite
from curate.bias.stats import Floats, benjamini_hochberg, effective, fisher, ratio_interval, wilson

LARGEST = 20
"""Slices of a kind that are looked at, by messages; groups all."""
FOUR_FIFTHS = 0.8
"""A slice of which less than this share of the best slice's is let through is marked: the rule of the U.S.
Uniform Guidelines on Employee Selection Procedures (29 CFR 1607.4 D, 1978), an alarm here, not law."""


@dataclass(frozen=True)
class Outcome:
    """Something that can become of a message: what did it, and what."""

    by: str
    verb: str


@dataclass(frozen=True)
class Table:
    """Counts of one kind of slice: `n[block, slice]`, `hits[block, slice, outcome]`, and of the others."""

    kind: str
    slices: tuple[str, ...]
    units: Floats
    n: Floats
    hits: Floats
    other_n: Floats
    other_hits: Floats
    other_units: Floats


def sieving(
    fates: pl.DataFrame, units: pl.DataFrame, passes: Sequence[str], settings: Settings
) -> list[Rate]:
    """A Rate for each slice that is large enough and each outcome that occurred.

    The others of a group are messages that mention another group and not this one: so that what speaks of
    people is compared with what speaks of people. The others of a language, source or role are all other
    messages. p-values are Fisher's on effective numbers, corrected over all of them together.
    """
    outcomes, happened = outcomes_of(fates, passes)
    found: list[tuple[Rate, float]] = []
    for kind in sorted(set(fates["kind"]) - {"all", "mention"}):
        table = table_of(kind, fates, units, outcomes, happened, settings)
        found += rates(table, outcomes, settings)
    q = benjamini_hochberg([p for _, p in found])
    level = settings.family_level
    return [
        replace(rate, q=float(value), claimed=bool(value <= level))
        for (rate, _), value in zip(found, q, strict=True)
    ]


def outcomes_of(fates: pl.DataFrame, passes: Sequence[str]) -> tuple[list[Outcome], pl.DataFrame]:
    """What occurred at all, and for each distinct fate which of it (columns o0, o1, …)."""
    distinct = fates.select("flags", "verdict", "decided_by").unique().sort("flags", "verdict", "decided_by")
    others = sorted(set(distinct["decided_by"].drop_nulls()) - set(passes))
    flags = (" " + pl.col("flags").fill_null("") + " ").alias("flags")
    columns: list[tuple[Outcome, pl.Expr]] = []
    for name in [*others, *passes]:
        by = (pl.col("decided_by") == name).fill_null(value=False)
        columns.append((Outcome(name, "flagged"), flags.str.contains(f" {name} ", literal=True)))
        columns += [
            (Outcome(name, verb), by & (pl.col("verdict") == verdict))
            for verb, verdict in (("masked", "mask"), ("dropped", "drop"))
        ]
    columns.append((Outcome("", "masked"), pl.col("verdict") == "mask"))
    columns.append((Outcome("", "dropped"), pl.col("verdict") == "drop"))
    columns.append((Outcome("", "kept"), pl.col("verdict") == "keep"))
    told = distinct.select(expr.cast(pl.Float64).alias(f"o{i}") for i, (_, expr) in enumerate(columns))
    occurring = [i for i in range(len(columns)) if told[f"o{i}"].sum() > 0]
    happened = distinct.with_columns(
        told.select(f"o{i}" for i in occurring).rename({f"o{i}": f"o{k}" for k, i in enumerate(occurring)})
    )
    return [columns[i][0] for i in occurring], happened


def table_of(
    kind: str,
    fates: pl.DataFrame,
    units: pl.DataFrame,
    outcomes: Sequence[Outcome],
    happened: pl.DataFrame,
    settings: Settings,
) -> Table:
    """Dense counts of a kind of slice and of the others of each slice."""
    whole = "mention" if kind == "group" else "all"
    sums = fates.filter(pl.col("kind") == kind)
    sizes = (
        sums.group_by("slice")
        .agg(pl.col("n").sum())
        .sort(["n", "slice"], descending=[True, False], nulls_last=True)
    )
    if kind != "group":
        sizes = sizes.filter(pl.col("slice").is_not_null()).head(LARGEST)
    slices = sizes["slice"].to_list()
    n, hits = dense(sums, slices, outcomes, happened, settings.blocks)
    all_n, all_hits = dense(
        fates.filter(pl.col("kind") == whole).with_columns(pl.lit("").alias("slice")),
        [""],
        outcomes,
        happened,
        settings.blocks,
    )
    known = dict(units.filter(pl.col("kind") == kind).select("slice", "conversations").iter_rows())
    total = float(units.filter(pl.col("kind") == whole)["conversations"].sum())
    own = np.array([known.get(name, 0) for name in slices], np.float64)
    # a conversation may hold messages of both: at least those without the slice are the others'
    return Table(kind, tuple(slices), own, n, hits, all_n - n, all_hits - hits, np.maximum(total - own, 1))


def dense(
    sums: pl.DataFrame,
    slices: Sequence[str],
    outcomes: Sequence[Outcome],
    happened: pl.DataFrame,
    blocks: int,
) -> tuple[Floats, Floats]:
    """`n[block, slice]` and `hits[block, slice, outcome]`."""
    names = [f"o{i}" for i in range(len(outcomes))]
    places = pl.DataFrame(
        {"slice": list(slices), "place": np.arange(len(slices))}, schema_overrides={"slice": pl.String}
    )
    rows = sums.join(places, on="slice").join(
        happened, on=["flags", "verdict", "decided_by"], nulls_equal=True
    )
    n = np.zeros((blocks, len(slices)))
    hits = np.zeros((blocks, len(slices), len(outcomes)))
    at = (rows["block"].to_numpy().astype(np.int64), rows["place"].to_numpy())
    count = rows["n"].to_numpy().astype(np.float64)
    np.add.at(n, at, count)
    if names:
        np.add.at(hits, at, rows.select(names).to_numpy() * count[:, None])
    return n, hits


def rates(table: Table, outcomes: Sequence[Outcome], settings: Settings) -> list[tuple[Rate, float]]:
    """The table's rates with their p-values, q still open."""
    found = []
    for place, name in enumerate(table.slices):
        n, other_n = table.n[:, place].sum(), table.other_n[:, place].sum()
        own, other = table.units[place], table.other_units[place]
        if not large(n, own, settings) or not large(other_n, other, settings):
            continue
        y, m = effective(table.hits[:, place], table.n[:, [place]], own)
        x, k = effective(table.other_hits[:, place], table.other_n[:, [place]], other)
        low, high = wilson(y, m)
        ratio, ratio_low, ratio_high = ratio_interval(y, m, x, k)
        p = fisher(y, m, x, k)
        hits, other_hits = table.hits[:, place].sum(0), table.other_hits[:, place].sum(0)
        for i, outcome in enumerate(outcomes):
            if hits[i] + other_hits[i] == 0:
                continue
            rate = Rate(
                by=outcome.by,
                verb=outcome.verb,
                kind=table.kind,
                slice=name,
                n=int(n),
                conversations=int(own),
                count=int(hits[i]),
                rate=float(hits[i] / n),
                low=float(low[i]),
                high=float(high[i]),
                other_n=int(other_n),
                other_rate=float(other_hits[i] / other_n),
                ratio=finite(ratio[i]),
                ratio_low=float(ratio_low[i]),
                ratio_high=finite(ratio_high[i]),
                p=float(p[i]),
                q=1.0,
                claimed=False,
                four_fifths=None,
                marked=False,
            )
            found.append((rate, float(p[i])))
    return four_fifths(found)


def large(n: float, conversations: float, settings: Settings) -> bool:
    """Whether anything may be claimed of so many messages in so many conversations."""
    return bool(n >= settings.least_messages and conversations >= settings.least_conversations)


def four_fifths(found: list[tuple[Rate, float]]) -> list[tuple[Rate, float]]:
    """The share let through over that of the best slice of the same axis (groups) or kind, for what removes.

    Let through is what is not dropped and not masked by the pass; with all passes, what is kept.
    """
    best: dict[tuple[str, str, str], float] = {}
    for rate, _ in found:
        best[_rivals(rate)] = max(best.get(_rivals(rate), 0.0), _through(rate))
    told = []
    for rate, p in found:
        share = _through(rate) / best[_rivals(rate)] if best[_rivals(rate)] > 0 else 1.0
        removing = rate.verb != "flagged"
        told.append(
            (
                replace(
                    rate, four_fifths=share if removing else None, marked=removing and share < FOUR_FIFTHS
                ),
                p,
            )
        )
    return told


def _rivals(rate: Rate) -> tuple[str, str, str]:
    kind = rate.slice.partition(".")[0] if rate.kind == "group" else rate.kind
    return kind, rate.by, rate.verb


def _through(rate: Rate) -> float:
    return rate.rate if rate.verb == "kept" else 1 - rate.rate
