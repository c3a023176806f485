"""What chance alone brings: all conversations dealt anew to two sets of the same sizes, many times over.

Branches of one tree go together, as they came: dealt one by one they would look like evidence. What is seen
is told beside what 95 of 100 deals stay under.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from curate.diversity.numbers import Floats, Longs

COVERED = 0.95
"""The share of deals that the chance range holds."""


@dataclass(frozen=True)
class Deals:
    """Which clusters each deal gives to the first set: `first[deal, cluster]`, and each unit's cluster."""

    first: NDArray[np.float32]
    clusters: Longs


def deal(sides: NDArray[Any], blocks: NDArray[Any], count: int, seed: int) -> Deals:
    """`count` deals of the units, `sides` 0 or 1 as they are, those of one side and block together.

    Clusters are dealt in random order until the first set has the size it has; the last one may lie over.

    >>> dealt = deal(np.array([0, 0, 0, 1, 1, 1]), np.array([7, 7, 3, 7, 2, 5]), 4, seed=1)
    >>> dealt.clusters.tolist(), dealt.first.shape
    ([1, 1, 0, 4, 2, 3], (4, 5))
    """
    _, clusters = np.unique(np.stack([sides, blocks]).astype(np.int64), axis=1, return_inverse=True)
    clusters = clusters.reshape(-1)
    sizes = np.bincount(clusters)
    wanted = int((sides == 0).sum())
    random = np.random.default_rng(seed)
    first = np.zeros((count, len(sizes)), np.float32)
    for row in first:
        order = random.permutation(len(sizes))
        before = np.cumsum(sizes[order]) - sizes[order]
        row[order[before + sizes[order] / 2 <= wanted]] = 1
    return Deals(first, clusters.astype(np.int64))


def tables(deals: Deals, codes: Longs, kinds: int) -> Floats:
    """`[deal, set, kind]`: how many of each kind every deal gives to both sets; codes of -1 count nowhere."""
    known = codes >= 0
    own = np.zeros((deals.first.shape[1], kinds))
    np.add.at(own, (deals.clusters[known], codes[known]), 1)
    first = deals.first.astype(np.float64) @ own
    return np.stack([first, own.sum(0) - first], axis=1)


def bits(table: Floats) -> tuple[Floats, Floats]:
    """Jensen-Shannon divergence in bits (Lin 1991) of pairs of rows of counts, and what each cell tells.

    `table` is `[..., 2, kind]`; a row of nothing is 0 bits from any.

    >>> bits(np.array([[[5.0, 5.0], [5.0, 5.0]], [[9.0, 0.0], [0.0, 2.0]]]))[0].tolist()
    [0.0, 1.0]
    """
    sizes = table.sum(-1, keepdims=True)
    shares = table / np.maximum(sizes, 1)
    middle = shares.mean(-2, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        told = np.where(shares > 0, np.log2(shares / middle), 0.0)
    both = (sizes > 0).all((-2, -1))
    return np.where(both, (shares * told).sum((-2, -1)) / 2, 0.0), told / 2


def most_by_chance(dealt: Floats) -> float:
    """What COVERED of the deals stay at or under."""
    return float(np.quantile(dealt, COVERED, method="higher"))
