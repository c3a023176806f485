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
