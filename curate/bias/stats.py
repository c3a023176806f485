"""Shares, ratios and differences with their intervals, and the correction for many tests."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special  # type: ignore[import-untyped]

Floats = NDArray[np.float64]
Z95 = 1.959963984540054


def wilson(hits: ArrayLike, of: ArrayLike, z: float = Z95) -> tuple[Floats, Floats]:
    """Lower and upper end of the interval of a share (Wilson 1927); 0 and 1 where nothing was counted.

    `of` may be an effective number: see `effective`.

    >>> low, high = wilson(0, 10)
    >>> round(float(low), 3), round(float(high), 3)
    (0.0, 0.278)
    """
    y, n = np.asarray(hits, np.float64), np.asarray(of, np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = y / n
        middle = (share + z * z / (2 * n)) / (1 + z * z / n)
        half = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    low, high = np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)
    low = np.where(y <= 0, 0.0, low)
    high = np.where(y >= n, 1.0, high)
    return np.where(n > 0, low, 0.0), np.where(n > 0, high, 1.0)


def effective(hits: Floats, of: Floats, units: Floats) -> tuple[Floats, Floats]:
    """How many independent messages a share is worth: hits and number divided by the design effect.

    `hits` and `of` hold a row per block of conversations and a column per share; `units` is the number of
    conversations behind each column. Messages of one conversation are decided together, so a share of
    messages is less certain than its number says: the variance between blocks, over that of independent
    messages, is the design effect (Kish 1965; for the interval, Dean and Pagano 2015). It is never taken to
    be under 1. Hits are never worth more than the conversations they come from, nor are misses: a variance
    that one much copied conversation makes is underestimated. Where none or all are hits there is no variance
    to see, and conversations count.
    """
    y, n = hits.sum(0), of.sum(0)
    blocks = np.maximum((of > 0).sum(0), 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = y / n
        variance = ((hits - share * of) ** 2).sum(0) / n**2 * (blocks / (blocks - 1))
        design = variance / (share * (1 - share) / n)
        none = (y <= 0) | (y >= n)
        design = np.where(none, n / np.maximum(units, 1), design)
        design = np.fmax(design, y / occupants(hits > 0))  # fmax: 0 / 0 says nothing
        design = np.fmax(design, (n - y) / occupants(of > hits))
    design = np.maximum(np.nan_to_num(design, nan=1.0, posinf=1.0), 1.0)
    return y / design, n / design


def occupants(full: NDArray[np.bool_]) -> Floats:
    """How many conversations fill so many of the blocks (rows), by column: linear counting (Whang 1990).

    >>> occupants(np.array([[True], [False], [False], [False]])).round(2).tolist()
    [1.15]
    """
    with np.errstate(divide="ignore"):
        found: Floats = -full.shape[0] * np.log1p(-full.mean(0))
    return found


def ratio_interval(
    hits: Floats, of: Floats, other_hits: Floats, other_of: Floats, z: float = Z95
) -> tuple[Floats, Floats, Floats]:
    """A ratio of two shares and its interval, from both Wilson intervals (MOVER, Donner and Zou 2012).

    Infinite, or open above, where the others have no hit; nan where nothing can be said.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        one, other = hits / of, other_hits / other_of
        low_one, high_one = wilson(hits, of, z)
        low_other, high_other = wilson(other_hits, other_of, z)
        both = one * other
        under = np.sqrt(
            np.maximum(both**2 - low_one * high_other * (2 * one - low_one) * (2 * other - high_other), 0)
        )
        over = np.sqrt(
            np.maximum(both**2 - high_one * low_other * (2 * one - high_one) * (2 * other - low_other), 0)
        )
        low = (both - under) / (high_other * (2 * other - high_other))
        high = (both + over) / (low_other * (2 * other - low_other))
        # Where the others' hits are few, 2 * other - high_other is not positive: both ends of the closed form
        # change their sign together, and stay right.
        ratio = one / other
    high = np.where(low_other > 0, high, np.inf)
    return ratio, np.maximum(np.nan_to_num(low, nan=0.0), 0.0), np.where(np.isnan(high), np.inf, high)


def fisher(hits: ArrayLike, of: ArrayLike, other_hits: ArrayLike, other_of: ArrayLike) -> Floats:
    """Two-sided p-values that two shares are one: twice the smaller tail of the hypergeometric law (mid-p).

    What was observed counts half in its tail (Lancaster 1961). Numbers are rounded to whole ones first, so
    effective numbers may be given.

    >>> [round(float(p), 4) for p in fisher([3, 0], [10, 10], [3, 10], [10, 10])]
    [1.0, 0.0]
    """
    numbers = [
        np.atleast_1d(np.rint(np.asarray(v, np.float64))).astype(np.int64)
        for v in (hits, of, other_hits, other_of)
    ]
    y, n, other_y, other_n = np.broadcast_arrays(*numbers)
    found = np.ones(len(y))
    for place in np.flatnonzero((n > 0) & (other_n > 0)):
        found[place] = _hypergeometric(int(y[place]), int(n[place]), int(other_y[place]), int(other_n[place]))
    return found


def _hypergeometric(y: int, n: int, other_y: int, other_n: int) -> float:
    """Twice the smaller tail, what was observed by half; sums stop where what is left no longer counts."""
    total, marked = n + other_n, y + other_y
    low, high = max(0, marked - other_n), min(n, marked)

    def log(k: NDArray[np.int64]) -> Floats:
        f = special.gammaln
        ways: Floats = -f(k + 1) - f(marked - k + 1) - f(n - k + 1) - f(total - marked - n + k + 1)
        return ways

    scale = (
        special.gammaln(marked + 1) + special.gammaln(total - marked + 1)
        + special.gammaln(n + 1) + special.gammaln(total - n + 1) - special.gammaln(total + 1)
    )  # fmt: skip
    spread = int(12 * np.sqrt(marked * n / total * (1 - n / total) + 1)) + 50
    expected = marked * n / total
    if y >= expected:
        tail = np.arange(y, min(high, y + spread) + 1)
    else:
        tail = np.arange(max(low, y - spread), y + 1)
    chances = np.exp(log(tail) + scale)
    p = 2 * float(chances.sum() - chances[0 if y >= expected else -1] / 2)
    return min(round(p, 12), 1.0) if p > 0.5 else p


def two_sided(t: ArrayLike, freedom: ArrayLike) -> Floats:
    """p-values of Student's t."""
    p: Floats = 2 * special.stdtr(np.maximum(np.asarray(freedom, np.float64), 1), -np.abs(np.asarray(t)))
    return np.nan_to_num(p, nan=1.0)


def student(mean: Floats, error: Floats, n: Floats) -> tuple[Floats, Floats, Floats]:
    """Student's 95% interval of means of n values, and the p-value that a mean is none.

    >>> low, high, p = student(np.array([1.0]), np.array([0.5]), np.array([9]))
    >>> low.round(2).tolist(), high.round(2).tolist(), p.round(3).tolist()
    ([-0.15], [2.15], [0.081])
    """
    freedom = np.maximum(n - 1, 1)
    half = special.stdtrit(freedom, 0.975) * error
    with np.errstate(all="ignore"):
        t = np.where(error > 0, mean / error, np.where(mean == 0, 0.0, np.inf))
    return mean - half, mean + half, two_sided(t, freedom)


def normal_two_sided(z: ArrayLike) -> Floats:
    """p-values of the normal law."""
    p: Floats = 2 * special.ndtr(-np.abs(np.asarray(z, np.float64)))
    return np.nan_to_num(p, nan=1.0)


def benjamini_hochberg(p: ArrayLike) -> Floats:
    """q-values: the least rate of false discoveries at which each test would be claimed (1995).

    >>> [round(float(q), 3) for q in benjamini_hochberg([0.01, 0.04, 0.03, 0.5])]
    [0.04, 0.053, 0.053, 0.5]
    """
    values = np.asarray(p, np.float64)
    order = np.argsort(values, kind="stable")
    ranked = values[order] * len(values) / np.arange(1, len(values) + 1)
    q = np.empty(len(values))
    q[order] = np.minimum.accumulate(ranked[::-1])[::-1] if len(values) else ranked
    return np.minimum(q, 1.0)


@dataclass(frozen=True)
class Sums:
    """Sums by block (rows) and test (columns) of a group and of the others: number, sum, sum of squares."""

    n: Floats
    total: Floats
    squares: Floats
    other_n: Floats
    other_total: Floats
    other_squares: Floats


@dataclass(frozen=True)
class Differences:
    """Differences of means, group less others, an entry per test: intervals, effect sizes, p-values."""

    mean: Floats
    other_mean: Floats
    difference: Floats
    low: Floats
    high: Floats
    effect: Floats
    p: Floats


def differences(sums: Sums, replicates: int, seed: int, level: float = 0.05) -> Differences:
    """Means compared, with a studentised bootstrap over blocks of conversations (Efron 1981; Hall 1988).

    A replicate draws as many blocks as there are, with replacement; its difference is measured in its own
    standard error (linearised, of a difference of two ratios), and the quantiles of that make the interval.
    p-values are Student's, with as many degrees of freedom as the group has blocks, less one. The effect size
    is Hedges' g.
    """
    blocks = (sums.n > 0).sum(0)
    mean, other_mean, error = _means(_columns(sums, slice(None)), None)
    difference = mean - other_mean
    drawn = _bootstrap_t(sums, difference, replicates, seed)
    with np.errstate(all="ignore"):
        ends = (
            np.nanquantile(drawn, [1 - level / 2, level / 2], axis=0, method="nearest")
            if drawn.size
            else np.zeros((2, len(mean)))
        )
        low, high = difference - ends[0] * error, difference - ends[1] * error
        t = np.where(error > 0, difference / error, np.where(difference == 0, 0.0, np.nan))
    return Differences(
        mean, other_mean, difference, low, high, hedges(sums, difference), two_sided(t, blocks - 1)
    )  # fmt: skip


def hedges(sums: Sums, difference: Floats) -> Floats:
    """Hedges' g: the difference over the standard deviation of both together, corrected for small numbers."""
    n, other_n = sums.n.sum(0), sums.other_n.sum(0)
    with np.errstate(all="ignore"):
        inside = sums.squares.sum(0) - sums.total.sum(0) ** 2 / n
        inside += sums.other_squares.sum(0) - sums.other_total.sum(0) ** 2 / other_n
        deviation = np.sqrt(np.maximum(inside, 0) / (n + other_n - 2))
        effect = difference / deviation * (1 - 3 / (4 * (n + other_n) - 9))
    return np.where(np.isfinite(effect), effect, 0.0)


def _columns(sums: Sums, tests: slice) -> Floats:
    """For each test fourteen columns by block: the four sums, and their products."""
    four = [part[:, tests] for part in (sums.n, sums.total, sums.other_n, sums.other_total)]
    products = [four[i] * four[j] for i in range(4) for j in range(i, 4)]
    return np.stack([*four, *products])


def _means(columns: Floats, draws: Floats | None) -> tuple[Floats, Floats, Floats]:
    """Both means and the error of their difference, over all blocks or for each row of `draws` (weights)."""
    with np.errstate(all="ignore"):
        sums = columns.sum(1) if draws is None else np.stack([draws @ column for column in columns])
        n, y, m, x, nn, ny, nm, nx, yy, ym, yx, mm, mx, xx = sums
        a, b = y / n, x / m
        # residual of a block: (y - a n) / N - (x - b m) / M; its square, written out
        one = (yy - 2 * a * ny + a * a * nn) / n**2
        two = (xx - 2 * b * mx + b * b * mm) / m**2
        both = (yx - b * ym - a * nx + a * b * nm) / (n * m)
        error = np.sqrt(np.maximum(one + two - 2 * both, 0))
    return a, b, error


def _bootstrap_t(sums: Sums, difference: Floats, replicates: int, seed: int) -> Floats:
    """(replicate, test): how many of its own errors a replicate's difference lies from the observed."""
    tests = sums.n.shape[1]
    if not tests:
        return np.zeros((0, 0))
    used = (sums.n + sums.other_n).sum(1) > 0
    held = [
        part[used]
        for part in (sums.n, sums.total, sums.squares, sums.other_n, sums.other_total, sums.other_squares)
    ]
    some = Sums(*held)
    random = np.random.default_rng(seed)
    count = int(used.sum())
    draws = random.multinomial(count, np.full(count, 1 / count), size=replicates).astype(np.float64)
    parts = []
    for first in range(0, tests, 64):
        chosen = slice(first, first + 64)
        mean, other, error = _means(_columns(some, chosen), draws)
        with np.errstate(all="ignore"):
            t = (mean - other - difference[chosen]) / error
        t[~np.isfinite(t)] = np.nan
        parts.append(t)
    found: Floats = np.concatenate(parts, axis=1)
    return np.where(np.isnan(found).all(0), 0.0, found)
