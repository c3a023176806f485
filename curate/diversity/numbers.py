"""How many kinds there are in effect: Hill numbers, their intervals, and what differs between two sets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special  # type: ignore[import-untyped]

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
Z95 = 1.959963984540054


@dataclass(frozen=True, kw_only=True)
class Effective:
    """An effective number of kinds: exp of Shannon's entropy, the Hill number of order 1 (Hill 1973).

    `value` kinds that all were equally common would be as diverse. `kinds` are those that were seen, `n` the
    conversations; `entropy` is in nats; `low` and `high` are the ends of the 95% interval.
    """

    value: float
    low: float
    high: float
    entropy: float
    kinds: int
    n: int


def surprises(codes: Longs, weights: Floats) -> tuple[Floats, float]:
    """−log of each unit's share, and their mean (Shannon's entropy, nats); units of weight 0 do not count."""
    counts = np.bincount(codes, weights)
    shares = counts / counts.sum()
    with np.errstate(divide="ignore"):
        told: Floats = -np.log(shares)[codes]
    told[weights == 0] = 0.0
    return told, float((told * weights).sum() / weights.sum())


def effective(
    codes: Longs, blocks: Longs, weights: Floats | None = None, spread: float = 0.0
) -> Effective | None:
    """The effective number of kinds among units with a code each (-1: none); None without a unit.

    The entropy is corrected for its bias (Miller 1955) and its variance is that between blocks of
    conversations, linearised, with what the curvature adds where all kinds are equally common. `spread` is
    the standard error of the entropy that telling the kinds apart brings.

    >>> made = effective(np.tile(np.arange(4), 100), np.arange(400))
    >>> round(made.value, 2), made.kinds, made.n
    (4.02, 4, 400)
    """
    weights = np.ones(len(codes)) if weights is None else weights
    use = (codes >= 0) & (weights > 0)
    codes, blocks, weights = codes[use], blocks[use], weights[use]
    if not len(codes):
        return None
    told, entropy = surprises(codes, weights)
    n, kinds = float(weights.sum()), len(np.unique(codes))
    error = np.sqrt(variance((told - entropy) * weights / n, blocks) + (kinds - 1) / (2 * n * n) + spread**2)
    middle = entropy + (kinds - 1) / (2 * n)
    low, high = np.exp(middle - Z95 * error), np.exp(middle + Z95 * error)
    return Effective(
        value=float(np.exp(middle)),
        low=max(1.0, float(low)),
        high=float(high),
        entropy=entropy,
        kinds=kinds,
        n=int(n),
    )


def variance(parts: Floats, blocks: Longs) -> float:
    """The variance of a sum of parts that are independent between blocks, and mean nothing."""
    sums = np.bincount(blocks, parts)
    seen = max(2, len(np.unique(blocks)))
    return float((sums**2).sum() * seen / (seen - 1))


@dataclass(frozen=True, kw_only=True)
class Change:
    """The effective number after over that before, with its 95% interval, and the p-value that it is 1."""

    ratio: float
    low: float
    high: float
    p: float


def change(codes: Longs, blocks: Longs, before: Floats, after: Floats) -> Change | None:
    """What a step did: the same units with two weights (0 or 1); the two numbers are compared pair by pair.

    None where either set is empty.
    """
    known = codes >= 0
    codes, blocks, before, after = codes[known], blocks[known], before[known], after[known]
    if not before.sum() or not after.sum():
        return None
    parts, entropies = np.zeros(len(codes)), []
    for sign, weights in ((-1.0, before), (1.0, after)):
        told, entropy = surprises(codes, weights)
        n = weights.sum()
        kinds = len(np.unique(codes[weights > 0]))
        parts += sign * (told - entropy) * weights / n
        entropies.append(entropy + (kinds - 1) / (2 * n))
    difference = entropies[1] - entropies[0]
    error = np.sqrt(variance(parts, blocks))
    p = float(2 * special.ndtr(-abs(difference) / error)) if error > 0 else float(difference == 0)
    ends = np.exp(difference + np.array([-Z95, Z95]) * error)
    return Change(ratio=float(np.exp(difference)), low=float(ends[0]), high=float(ends[1]), p=p)


def codes_of(values: NDArray[np.object_]) -> tuple[Longs, list[str]]:
    """A code for each value (-1 for None), and the values, sorted.

    >>> codes_of(np.array(["b", None, "a"], object))
    (array([ 1, -1,  0]), ['a', 'b'])
    """
    names = sorted({value for value in values if value is not None})
    place = {name: number for number, name in enumerate(names)}
    return np.array([place.get(value, -1) for value in values], np.int64), names
