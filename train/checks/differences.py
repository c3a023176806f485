"""Groups compared on the same sentence or request, again and again: how far apart, how surely."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from train.intervals import mean

Array = np.ndarray[Any, Any]

FLIPS = 9_999
LEVEL = 0.05
"""Share of false claims among all that is claimed of one check."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How far a group lies from what it is compared with (by `differences`: the mean of all groups of its
    axis), on the same sentences or requests.

    `n`: how many of these. `low`, `high`: 95% interval by Student's t over them, None under five. `q`: the
    p-value of random flips of signs, corrected over all differences of the check (Benjamini & Hochberg
    1995). `claimed`: q is at most 0.05 and n at least the minimum of the check.
    """

    measure: str
    axis: str
    group: str
    n: int
    value: float
    low: float | None
    high: float | None
    q: float
    claimed: bool


Key = tuple[str, str, str]
"""Measure, axis, unit (a sentence or a request)."""


def differences(told: Mapping[Key, Mapping[str, float]], least: int) -> tuple[Difference, ...]:
    """Differences from values by group, for each (measure, axis, unit); `least`: units that a claim needs.

    A unit counts where it has values of two groups or more; what is compared is their mean.

    >>> values = {("words", "age", str(n)): {"old": 10 + n % 3, "young": 20 + n % 2} for n in range(30)}
    >>> [(one.group, round(one.value, 1), one.claimed) for one in differences(values, 20)]
    [('old', -4.8, True), ('young', 4.8, True)]
    """
    return tested(apart(told), least)


def apart(told: Mapping[Key, Mapping[str, float]]) -> dict[tuple[str, str, str], list[float]]:
    """By measure, axis and group: how far the group is from the mean of all, unit by unit."""
    found: dict[tuple[str, str, str], list[float]] = {}
    for (measure, axis, _), values in told.items():
        if len(values) > 1:
            middle = sum(values.values()) / len(values)
            for group, value in values.items():
                found.setdefault((measure, axis, group), []).append(value - middle)
    return found


def tested(told: Mapping[tuple[str, str, str], Sequence[float]], least: int) -> tuple[Difference, ...]:
    """Differences from what they are unit by unit, for each (measure, axis, group)."""
    arrays = {key: np.array(found) for key, found in sorted(told.items())}
    corrected = false_discoveries([chance(found) for found in arrays.values()])
    made = []
    for ((measure, axis, group), found), q in zip(arrays.items(), corrected, strict=True):
        interval = mean(found)
        made.append(
            Difference(
                measure=measure,
                axis=axis,
                group=group,
                n=len(found),
                value=interval.value,
                low=interval.low,
                high=interval.high,
                q=q,
                claimed=q <= LEVEL and len(found) >= least,
            )
        )
    return tuple(made)


def chance(values: Array) -> float:
    """How often signs at random give a mean as far from 0: p-value of the sign-flip test (Fisher 1935).

    >>> chance(np.zeros(20)), chance(np.ones(20))
    (1.0, 0.0001)
    """
    rng = np.random.default_rng(len(values))
    flips = rng.integers(0, 2, (FLIPS, len(values))) * 2 - 1
    far = np.abs(flips @ values) >= abs(values.sum()) - 1e-12
    return float((1 + far.sum()) / (1 + FLIPS))


def false_discoveries(chances: Iterable[float]) -> list[float]:
    """The p-values corrected for how many there are (Benjamini & Hochberg 1995).

    >>> false_discoveries([0.01, 0.5, 0.02])
    [0.03, 0.5, 0.03]
    """
    found = np.array(list(chances), np.float64)
    order = np.argsort(found)[::-1]
    ranks = np.arange(len(found), 0, -1)
    corrected = np.empty_like(found)
    corrected[order] = np.minimum(1.0, np.minimum.accumulate(found[order] * len(found) / ranks))
    return [float(value) for value in corrected]
