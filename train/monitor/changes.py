"""Intervals of differences: exact limits of shares joined by MOVER, and Welch's t of other measures."""

from __future__ import annotations

import math

from train.monitor.measures import Array, Change, Side, variance


def share_change(a: Side, b: Side, level: float) -> Change:
    """The difference of two shares; each counts as many draws as its units bear out, at most one a unit."""
    ends = []
    for one in (a, b):
        binomial = one.value * (1 - one.value)
        size = min(one.weigh, binomial / one.variance if one.variance > 0 else one.weigh)
        ends.append((one.value, *exact(one.value * size, size, level)))
    (p, low, high), (q, least, most) = ends
    return Change(
        value=q - p,
        low=q - p - math.hypot(q - least, high - p),
        high=q - p + math.hypot(most - q, p - low),
    )


def exact(hits: float, of: float, level: float) -> tuple[float, float]:
    """Clopper and Pearson's limits of a share, counts taken as real numbers.

    >>> low, high = exact(5, 10, 0.05)
    >>> round(low, 3), round(high, 3)
    (0.187, 0.813)
    """
    from scipy.special import betaincinv  # type: ignore[import-untyped]

    low = float(betaincinv(hits, of - hits + 1, level / 2)) if hits > 0 else 0.0
    high = float(betaincinv(hits + 1, of - hits, 1 - level / 2)) if hits < of else 1.0
    return low, high


def mean_change(value: float, mine: Array, theirs: Array, weigh: tuple[float, float], level: float) -> Change:
    """A difference with Welch's t from the influence of each unit of both sides."""
    from scipy.special import stdtrit

    a, b = variance(mine), variance(theirs)
    if not math.isfinite(a + b):
        return Change(value=value)
    total = a + b
    freedom = total**2 / (a**2 / (weigh[0] - 1) + b**2 / (weigh[1] - 1)) if total > 0 else 1.0
    half = float(stdtrit(freedom, 1 - level / 2)) * math.sqrt(total)
    return Change(value=value, low=value - half, high=value + half)
