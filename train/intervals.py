"""Intervals for ratios of sums: conversations are drawn again, not tokens, for their tokens are alike."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

DRAWS = 1000
"""Bootstrap samples."""
FEWEST = 5
"""Fewer conversations than this give no interval: their spread says nothing."""
BLOCK = 20_000_000
"""Counts of draws held at once."""


@dataclass(frozen=True)
class Interval:
    """A value and where it lies in 95 of 100 draws of conversations; None where there are too few."""

    value: float
    low: float | None = None
    high: float | None = None


def drawn(conversations: int, draws: int = DRAWS, seed: int = 0) -> Iterator[Array]:
    """How often each conversation is in each bootstrap sample: float64 [some draws, conversations]."""
    rng = np.random.default_rng([seed, conversations])
    step = max(1, BLOCK // max(conversations, 1))
    shares = np.full(conversations, 1.0 / max(conversations, 1))
    for start in range(0, draws, step):
        yield rng.multinomial(conversations, shares, min(step, draws - start)).astype(np.float64)


def resampled(sums: Array, draws: int = DRAWS, seed: int = 0) -> Array:
    """The column sums [draws, columns] of bootstrap samples of the rows of `sums` [conversations, columns].

    The same number of rows gives the same samples, so that figures of the same conversations are paired
    (Efron & Tibshirani 1993, ch. 16).
    """
    if not len(sums):
        return np.zeros((draws, sums.shape[1]))
    return np.concatenate([counts @ sums for counts in drawn(len(sums), draws, seed)])


def ratio(over: Array, under: Array, samples: Array, scale: float = 1.0, power: bool = False) -> Interval:
    """sum(over) / sum(under) x scale, exponentiated if `power`, with its percentile interval.

    over, under: [conversations]; samples [draws, 2]: their resampled sums.
    """
    told = float(under.sum())
    if told <= 0:
        return Interval(math.nan)
    value = shaped(np.array(over.sum() / told * scale), power)
    good = samples[samples[:, 1] > 0]
    if (under > 0).sum() < FEWEST or not len(good):
        return Interval(float(value))
    low, high = np.quantile(shaped(good[:, 0] / good[:, 1] * scale, power), [0.025, 0.975])
    return Interval(float(value), float(low), float(high))


def shaped(values: Array, power: bool) -> Array:
    """The values or their exponentials."""
    return np.exp(values) if power else values


NORMAL = 1.959964
STUDENT = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)
"""Student's t at 97.5% for 1 to 10 degrees of freedom."""


def student(freedom: float) -> float:
    """Student's t at 97.5%: tabled up to 10 degrees of freedom (a part of one counts as none), then by
    expansion around the normal (Abramowitz & Stegun 1964, 26.7.5).

    >>> round(student(2), 3), round(student(30), 3), round(student(1e9), 3)
    (4.303, 2.042, 1.96)
    """
    if freedom <= len(STUDENT):
        return STUDENT[max(0, int(freedom) - 1)]
    z = NORMAL
    return z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)


def mean(values: Array) -> Interval:
    """The mean of values and its 95% interval by Student's t; no interval under FEWEST values.

    >>> mean(np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    Interval(value=3.0, low=1.037..., high=4.962...)
    """
    if not len(values):
        return Interval(math.nan)
    value = float(values.mean())
    if len(values) < FEWEST:
        return Interval(value)
    half = student(len(values) - 1) * float(values.std(ddof=1)) / math.sqrt(len(values))
    return Interval(value, value - half, value + half)


def share(count: int, of: int) -> Interval:
    """A share and its 95% interval (Wilson 1927); no interval under FEWEST.

    >>> share(5, 10)
    Interval(value=0.5, low=0.236..., high=0.763...)
    """
    if not of:
        return Interval(math.nan)
    value, z = count / of, NORMAL**2
    if of < FEWEST:
        return Interval(value)
    middle = (value + z / (2 * of)) / (1 + z / of)
    half = NORMAL / (1 + z / of) * math.sqrt(value * (1 - value) / of + z / (4 * of**2))
    return Interval(value, max(0.0, middle - half), min(1.0, middle + half))
