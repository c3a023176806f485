"""Slices far below others, and what to collect next."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import polars as pl

from curate.bias.stats import wilson
from curate.diversity.facts import Advice, Compared, Dimension, Settings, Slice

ASKED = ("topic", "language", "intent")
"""Kinds of slices that can be collected on purpose."""
NOT_ASKED = ("statement", "und")
"""Slices that are what the others are not."""
LOST = 0.5
"""A slice that lost so much of what was read is not collected again before the pass was looked at."""
MOST = 12


def lacking(
    slices: Iterable[Slice], dimensions: Iterable[Dimension], units: pl.DataFrame, settings: Settings
) -> tuple[Advice, ...]:
    """What is far below others among the conversations kept, those that were removed first."""
    fair = {one.kind: 1 / one.kept.value for one in dimensions if one.kept}
    found = []
    for one in slices:
        if (
            one.kind in ASKED
            and one.name not in NOT_ASKED
            and one.read >= settings.least_slice
            and one.kind in fair
        ):
            size = units.filter(pl.col("removed_by").is_null() & pl.col(one.kind).is_not_null()).height
            if size >= settings.least_kept and one.high < settings.far * fair[one.kind]:
                found.append(asked(one, fair[one.kind], size, settings))
    found += crossed(units, settings)
    return tuple(sorted(found, key=lambda one: (one.reason != "removed", one.share / one.fair))[:MOST])


def asked(one: Slice, fair: float, size: int, settings: Settings) -> Advice:
    """The advice for a slice: look at the pass that took most of it, or collect."""
    lost = one.read - one.kept > LOST * one.read and one.removed_by != ""
    return Advice(
        kind=one.kind,
        name=one.name,
        reason="removed" if lost else "few",
        kept=one.kept,
        share=one.share,
        fair=fair,
        wanted=to_collect(one.kept, size, settings.goal * fair),
        by=one.removed_by if lost else "",
    )


def to_collect(kept: int, size: int, share: float) -> int:
    """How many more conversations bring a slice to a share, rounded up to two digits.

    >>> to_collect(10, 1000, 0.05)
    43
    """
    more = max(1.0, (share * size - kept) / (1 - share))
    unit = 10 ** max(0, math.floor(math.log10(more)) - 1)
    return int(math.ceil(more / unit) * unit)


def crossed(units: pl.DataFrame, settings: Settings) -> list[Advice]:
    """Intents that are far rarer in one language than in all together."""
    kept = units.filter(pl.col("removed_by").is_null()).drop_nulls(["language", "intent"])
    if kept["language"].n_unique() < 2:
        return []
    sizes = dict(kept.group_by("language").len().iter_rows())
    usual = dict(kept.group_by("intent").len().iter_rows())
    counts = {(a, b): n for a, b, n in kept.group_by("language", "intent").len().iter_rows()}
    found = []
    for language, size in sorted(sizes.items()):
        if size < settings.least_kept or language == "und":
            continue
        for intent, whole in sorted((key, n) for key, n in usual.items() if key not in NOT_ASKED):
            count, share = counts.get((language, intent), 0), whole / kept.height
            _, high = wilson(count, size)
            if whole >= settings.least_kept and float(np.asarray(high)) < settings.far * share:
                found.append(
                    Advice(
                        kind="intent",
                        name=intent,
                        reason="few",
                        kept=count,
                        share=count / size,
                        fair=share,
                        wanted=to_collect(count, size, settings.goal * share),
                        inside=language,
                    )
                )
    return found


def from_reference(slices: Iterable[Compared], size: int) -> tuple[Advice, ...]:
    """What the traffic to come has and the training set lacks, the largest gap first."""
    found = [
        Advice(
            kind=one.kind,
            name=one.name,
            reason="reference",
            kept=one.count,
            share=one.share,
            fair=one.reference_share,
            wanted=to_collect(one.count, size, one.reference_share),
        )
        for one in slices
        if one.claimed
        and one.kind in ASKED
        and one.name not in NOT_ASKED
        and one.share < one.reference_share < 0.95
    ]
    return tuple(sorted(found, key=lambda one: one.share - one.fair)[:MOST])
