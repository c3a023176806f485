"""What a sample says of the whole: totals with intervals that hold for small counts too.

Conversations are drawn without replacement; a count of them has the exact hypergeometric interval. Sums over
messages are of unequal sizes: a gamma distribution matched to mean and variance, after Fay and Feuer 1997
("Confidence intervals for directly standardized rates", Statistics in Medicine 16), which stays valid where
few conversations make up the sum.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

FEW = 3
"""Where fewer sampled conversations have something, one that has it throughout may have been missed."""


@dataclass(frozen=True)
class Estimate:
    """A total for the whole input: best guess, and the least and the most it may be."""

    value: int
    low: int
    high: int


def count_interval(found: int, sample: int, population: int, alpha: float) -> Estimate:
    """How many of the population have what `found` of the sample have; exact at level 1 - alpha.

    All numbers of which the sample would not be among the alpha/2 oddest on either side (the construction of
    Clopper and Pearson 1934, for the hypergeometric distribution).

    >>> count_interval(0, 100, 1000, 0.05)
    Estimate(value=0, low=0, high=34)
    >>> count_interval(3, 10, 10, 0.05)
    Estimate(value=3, low=3, high=3)
    """
    if sample == 0:
        return Estimate(0, 0, population)
    high = _most(found, sample, population, alpha / 2)
    low = population - _most(sample - found, sample, population, alpha / 2)
    return Estimate(round(found * population / sample), low, high)


def _most(found: int, sample: int, population: int, tail: float) -> int:
    """The largest number K of which P(at most `found` drawn | K) is still above `tail`."""
    low, high = found, population - sample + found
    while low < high:
        middle = (low + high + 1) // 2
        if _at_most(found, middle, sample, population) > tail:
            low = middle
        else:
            high = middle - 1
    return low


def _at_most(found: int, marked: int, sample: int, population: int) -> float:
    """P(X <= found) where `sample` are drawn of a population of which `marked` are marked."""
    least = max(0, sample - (population - marked))
    if found >= min(sample, marked):
        return 1.0
    k = np.arange(found, least, -1, dtype=np.float64)  # from found down: each term from the one above it
    ratio = np.log(k) + np.log(population - marked - sample + k) - np.log(marked - k + 1)
    logs = np.append(0.0, np.cumsum(ratio - np.log(sample - k + 1)))
    top = logs.max()
    point = _choose(marked, found) + _choose(population - marked, sample - found)
    return float(
        math.exp(min(0.0, point - _choose(population, sample) + top + math.log(np.exp(logs - top).sum())))
    )


def _choose(n: int, k: int) -> float:
    """The logarithm of n over k."""
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def sum_interval(
    found: NDArray[np.float64], sizes: NDArray[np.float64], population: int, total: int, alpha: float
) -> Estimate:
    """The sum over the whole of what each sampled conversation has, at level 1 - alpha.

    `found` is at most `sizes` for each sampled conversation (messages with a property, messages), `total` the
    known sum of sizes over all `population` conversations. A ratio estimate: long conversations are known to
    be long. The rarer of what was found and its complement is estimated.

    >>> sizes = np.full(100, 4.0)
    >>> sum_interval(np.zeros(100), sizes, 1000, 4000, 0.05)
    Estimate(value=0, low=0, high=140)
    >>> sum_interval(sizes, sizes, 100, 400, 0.05)
    Estimate(value=400, low=400, high=400)
    """
    sample = len(found)
    if sample == 0:
        return Estimate(0, 0, total)
    if found.sum() > sizes.sum() / 2:
        rest = sum_interval(sizes - found, sizes, population, total, alpha)
        return Estimate(total - rest.value, total - rest.high, total - rest.low)
    seen, unseen = int(found.sum()), total - int(sizes.sum())
    if sample >= population:
        return Estimate(seen, seen, seen)
    rate = float(found.sum() / sizes.sum()) if sizes.sum() else 0.0
    value = rate * total
    weight, left = population / sample, 1 - sample / population
    spread = found - rate * sizes
    variance = weight**2 * left * float(spread @ spread) * sample / max(sample - 1, 1)
    few = np.count_nonzero(found) < FEW
    unseen_size = max(float(found.max()), float(np.mean(sizes)) if few else 0.0)
    largest = weight * math.sqrt(left) * unseen_size
    low = gamma_quantile(alpha / 2, value, variance)
    high = gamma_quantile(1 - alpha / 2, value + largest, variance + largest**2)
    return Estimate(round(value), max(seen, math.floor(low)), min(seen + unseen, math.ceil(high)))


def gamma_quantile(level: float, mean: float, variance: float) -> float:
    """The quantile of the gamma distribution of this mean and variance; the mean itself where there is none.

    >>> round(gamma_quantile(0.95, 1.0, 1.0), 3)  # the exponential: -log(0.05)
    2.996
    """
    if mean <= 0 or variance <= 0:
        return max(mean, 0.0)
    shape, scale = mean**2 / variance, variance / mean
    z = NormalDist().inv_cdf(level)
    guess = (
        shape * max(1 - 1 / (9 * shape) + z / (3 * math.sqrt(shape)), 0.0) ** 3
    )  # Wilson and Hilferty 1931
    if shape > 200:  # there it is right to five digits
        return guess * scale
    low, high = 0.0, max(guess, shape, 1.0) * 4 + 20
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if gamma_below(shape, middle) < level else (low, middle)
    return high * scale


def gamma_below(shape: float, x: float) -> float:
    """P(X <= x) of the gamma distribution of scale 1, by its series (Abramowitz and Stegun 6.5.29).

    >>> round(gamma_below(1.0, 1.0), 6)
    0.632121
    """
    if x <= 0:
        return 0.0
    term = total = 1 / shape
    place = shape
    while term > total * 1e-14:
        place += 1
        term *= x / place
        total += term
    return min(1.0, total * math.exp(shape * math.log(x) - x - math.lgamma(shape)))
