"""How far fresh conversations lie from a baseline: differences with intervals that hold all together.

Shares get exact limits (Clopper & Pearson 1934) joined by MOVER (Zou & Donner 2008), other measures Welch's
t. All intervals are at level 1 - family / (number of intervals), so that any of them leaves out 0 by chance
in `family` of cases at most (Bonferroni).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from train.monitor.changes import mean_change, share_change
from train.monitor.limits import Limits
from train.monitor.measures import RATIO, SHARE, Change, Finding, Measure, Side, Table, side
from train.monitor.parts import folds, split

RARE = 20
"""Conversations with and without a share, on either side, that telling it apart by slices takes."""


def compare(base: Table, new: Table, limits: Limits) -> tuple[Finding, ...]:
    """Every measure of two tables compared; intervals hold all together at 1 - limits.family."""
    found = [paired(base, new, key, limits) for key in sorted({*base.measures, *new.measures})]
    ready = [one for one in found if one is not None]
    cuts = {
        key: []
        if too_rare(mine, theirs)
        else [
            by
            for by in base.slices
            if mine.cut and by in new.slices and len(folds(base, new, by, limits)) > 1
        ]
        for key, mine, theirs in ready
    }
    claimed = [
        key for key, mine, theirs in ready if claims(side(base.units, mine), side(new.units, theirs), limits)
    ]
    asked = sum(1 + 2 * len(cuts[key]) for key in claimed)
    level = limits.family / max(asked, 1)
    told = []
    for key, mine, theirs in ready:
        if key not in claimed:
            told.append(finding(base, new, mine, theirs, (), limits, None))
        else:
            told.append(finding(base, new, mine, theirs, cuts[key], limits, level))
    return tuple(told)


def paired(base: Table, new: Table, key: str, limits: Limits) -> tuple[str, Measure, Measure] | None:
    """A measure on both sides; a share that a side lacks is 0 there. None where it is too rare."""
    mine, theirs = base.measures.get(key), new.measures.get(key)
    known = mine or theirs
    assert known is not None
    if known.form != SHARE:
        return (key, mine, theirs) if mine is not None and theirs is not None else None
    mine, theirs = (
        one or replace(known, over=np.zeros(len(table.ids)), under=np.ones(len(table.ids)))
        for one, table in ((mine, base), (theirs, new))
    )
    events = mine.over.sum() + theirs.over.sum()
    rest = mine.under.sum() + theirs.under.sum() - events
    return (key, mine, theirs) if min(events, rest) >= limits.events else None


def too_rare(mine: Measure, theirs: Measure) -> bool:
    """Whether a share has too few conversations with it, or without it, on a side to be told apart by slices.

    Slice by slice the spread of a share that few or none have is not known: of tables without a shift, 13%
    had one told where this was not asked for (a share of 2%, 120 conversations).
    """
    if mine.form != SHARE:
        return False
    counts = [(float(one.over.sum()), float(one.under.sum())) for one in (mine, theirs)]
    return min(min(have, of - have) for have, of in counts) < RARE


def claims(mine: Side, theirs: Side, limits: Limits) -> bool:
    """Whether there is enough on both sides to say anything."""
    return min(mine.weigh, theirs.weigh) >= limits.least


def finding(
    base: Table,
    new: Table,
    mine: Measure,
    theirs: Measure,
    cuts: Sequence[str],
    limits: Limits,
    level: float | None,
) -> Finding:
    """What became of one measure; without a level nothing is claimed."""
    a, b = side(base.units, mine), side(new.units, theirs)
    whole = Change(value=b.value - a.value)
    note = ""
    if level is None:
        note = f"fewer than {limits.least} different conversations on one side: nothing is claimed"
    elif mine.form == SHARE:
        whole = share_change(a, b, level)
    else:
        whole = mean_change(b.value - a.value, a.influence, b.influence, (a.weigh, b.weigh), level)
    return Finding(
        key=mine.key,
        kind=mine.kind,
        form=mine.form,
        before=a.value,
        after=b.value,
        whole=whole,
        effect=effect(mine.form, a, b),
        units=(a.count, b.count),
        errors=(math.sqrt(a.variance), math.sqrt(b.variance)),
        splits=tuple(split(base, new, mine, theirs, by, limits, level) for by in cuts if level is not None),
        note=note,
    )


def effect(form: str, a: Side, b: Side) -> float:
    """The size of a difference without a unit."""
    if form == SHARE:
        x, y = (2 * math.asin(math.sqrt(min(max(one.value, 0.0), 1.0))) for one in (a, b))
        return y - x
    if form == RATIO:
        return math.exp(b.value - a.value)
    spread = math.sqrt(a.variance * a.count)
    return (b.value - a.value) / spread if spread > 0 else 0.0
