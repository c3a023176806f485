"""Measures of conversations, what became of them, and the spread between units.

A measure is a ratio of sums over conversations. Copies and branches of one conversation are one unit: the
spread is that between units (linearised ratio, Cochran 1977, ch. 6).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
OTHERS = "others"
SHARE, RATIO, PLAIN = "share", "ratio", "plain"
"""Shares of conversations; logarithms, told as ratios; and numbers told as they are."""


@dataclass(frozen=True)
class Measure:
    """A measure of n conversations: sum(over) / sum(under). `kind` names its limit, `form` how it is told."""

    kind: str
    name: str
    form: str
    over: Array
    under: Array
    cut: bool = False
    """Whether its shift is told apart by slice."""

    @property
    def key(self) -> str:
        """kind, and name where there are several."""
        return f"{self.kind}: {self.name}" if self.name else self.kind


@dataclass(frozen=True)
class Table:
    """Conversations: ids, unit of each (0-based), measures by key, and for each slicing the slice of each."""

    ids: tuple[str, ...]
    units: Array
    measures: dict[str, Measure]
    slices: dict[str, Array]


@dataclass(frozen=True, kw_only=True)
class Part:
    """A slice's part of a shift: by its share of the logs (mixture), and by its own value (within)."""

    name: str
    before: float
    after: float
    mixture: float
    within: float


@dataclass(frozen=True, kw_only=True)
class Change:
    """A difference, new minus baseline, with its simultaneous interval; None where nothing is claimed."""

    value: float
    low: float | None = None
    high: float | None = None

    @property
    def shown(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


@dataclass(frozen=True, kw_only=True)
class Split:
    """A shift over the slices of one slicing: mixture + within = the whole, exactly (Kitagawa 1955)."""

    by: str
    mixture: Change
    within: Change
    parts: tuple[Part, ...]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What became of a measure. `effect`: Cohen's h of shares, ratio of ratios, else d (Cohen 1988)."""

    key: str
    kind: str
    form: str
    before: float
    after: float
    whole: Change
    effect: float
    units: tuple[int, int]
    errors: tuple[float, float]
    splits: tuple[Split, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Side:
    """A ratio of one table: value, influence of each unit, how many units weigh, how many there are."""

    value: float
    influence: Array
    weigh: float
    count: int

    @property
    def variance(self) -> float:
        """Of the value, between units."""
        return variance(self.influence)


def variance(influence: Array) -> float:
    """Of a linear statistic, from the influence of each unit."""
    count = len(influence)
    return float((influence**2).sum() * count / (count - 1)) if count > 1 else math.inf


def weighing(sizes: Array) -> float:
    """How many units of equal size weigh as these do (Kish 1965)."""
    return float(sizes.sum() ** 2 / (sizes**2).sum()) if (sizes > 0).any() else 0.0


def side(units: Array, one: Measure) -> Side:
    """A measure of one table."""
    total = float(one.under.sum())
    if total <= 0:
        return Side(math.nan, np.zeros(0), 0.0, 0)
    value = float(one.over.sum()) / total
    sizes = np.bincount(units, one.under)
    influence = np.bincount(units, (one.over - value * one.under) / total)
    there = sizes > 0
    return Side(value, influence[there], weighing(sizes), int(there.sum()))
