"""A shift told apart over slices: what comes of their shares of the logs, and what of their own values."""

from __future__ import annotations

import numpy as np

from train.monitor.changes import mean_change
from train.monitor.limits import Limits
from train.monitor.measures import OTHERS, Array, Measure, Part, Split, Table, weighing


def folds(base: Table, new: Table, by: str, limits: Limits) -> tuple[str, ...]:
    """The slices that stand for themselves: units enough on both sides, or on one where the other has none.

    A slice with few on a side says nothing of its own value there; such slices are taken together.
    """
    sizes = [
        {name: len(np.unique(one.units[one.slices[by] == name])) for name in np.unique(one.slices[by])}
        for one in (base, new)
    ]
    names = sorted({*sizes[0], *sizes[1]})
    least = max(5, limits.least // 2)
    return tuple(
        name
        for name in names
        if all(count == 0 or count >= least for count in (s.get(name, 0) for s in sizes)) and name != OTHERS
    )


def split(
    base: Table, new: Table, mine: Measure, theirs: Measure, by: str, limits: Limits, level: float
) -> Split:
    """A shift told apart over slices.

    With shares w and values r of the slices: mixture = (w' - w)(r + r') / 2, within = (r' - r)(w + w') / 2,
    summed. A slice that one side lacks has the other's value there: all of it is mixture. Mixture is told
    slice by slice against the whole's value, which changes no sum: shares add up to 1.
    """
    names = [*folds(base, new, by, limits), OTHERS]
    sums = []
    places = []
    for table, one in ((base, mine), (new, theirs)):
        known = {name: n for n, name in enumerate(names)}
        place = np.array([known.get(name, len(names) - 1) for name in table.slices[by].tolist()])
        places.append(place)
        sums.append(np.stack([np.bincount(place, x, len(names)) for x in (one.over, one.under)]))
    (a, n), (b, m) = sums
    there, here = n > 0, m > 0
    r = np.where(there, a / np.where(there, n, 1), np.where(here, b / np.where(here, m, 1), 0.0))
    s = np.where(here, b / np.where(here, m, 1), r)
    w, v = n / n.sum(), m / m.sum()
    middle = (a.sum() / n.sum() + b.sum() / m.sum()) / 2
    mixture, within = (v - w) * ((r + s) / 2 - middle), (s - r) * (w + v) / 2
    sides = (
        influences(base, mine, places[0], r, w, (w + v) * (there & here), s - r, -1.0),
        influences(new, theirs, places[1], s, v, (w + v) * (there & here), s - r, 1.0),
    )
    (inner, whole, weigh), (inner_new, whole_new, weigh_new) = sides
    pair = (weigh, weigh_new)
    return Split(
        by=by,
        within=mean_change(float(within.sum()), inner, inner_new, pair, level),
        mixture=mean_change(float(mixture.sum()), whole - inner, whole_new - inner_new, pair, level),
        parts=tuple(
            Part(
                name=name,
                before=float(w[k]),
                after=float(v[k]),
                mixture=float(mixture[k]),
                within=float(within[k]),
            )
            for k, name in enumerate(names)
            if there[k] or here[k]
        ),
    )


def influences(
    table: Table,
    one: Measure,
    place: Array,
    value: Array,
    share: Array,
    sizes: Array,
    moved: Array,
    sign: float,
) -> tuple[Array, Array, float]:
    """What each unit of one side adds to the part within slices and to the whole, and how many units weigh.

    value, share: of the slices on this side; sizes: w + v where both sides have the slice; moved: r' - r.
    """
    total = one.under.sum()
    of_slice = np.bincount(place, one.under, len(value))[place]
    own = sizes[place] / 2 * (one.over - value[place] * one.under) / np.where(of_slice > 0, of_slice, 1)
    by_share = one.under / total * (moved[place] - (moved * share).sum()) / 2
    whole = (one.over - one.over.sum() / total * one.under) / total
    under = np.bincount(table.units, one.under)
    inner = np.bincount(table.units, sign * own + by_share)[under > 0]
    return inner, np.bincount(table.units, sign * whole)[under > 0], weighing(under)
