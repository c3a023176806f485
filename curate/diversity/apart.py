"""How far two sets lie apart in a kind of slice, and which slices differ: never within what chance brings."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import special  # type: ignore[import-untyped]

from curate.bias.stats import benjamini_hochberg, ratio_interval
from curate.diversity import dealing
from curate.diversity.dealing import Deals
from curate.diversity.facts import Compared, Divergence
from curate.diversity.numbers import Z95, Floats, Longs, variance

LEAST = 5
"""Conversations of a slice in both sets together before it is looked at."""


def table_of(codes: Longs, sides: NDArray[np.uint8], kinds: int) -> Floats:
    """`[side, kind]`: how many of each kind both sides have; codes of -1 count nowhere."""
    rows = [np.bincount(codes[(codes >= 0) & (sides == side)], minlength=kinds) for side in (0, 1)]
    return np.stack(rows).astype(np.float64)


def divergence(kind: str, codes: Longs, sides: NDArray[np.uint8], deals: Deals) -> Divergence:
    """How far the sides lie apart: as seen, what chance alone brings, and what is left with its interval.

    The mean over deals is the bias of what is seen; their spread is added to the variance, linearised over
    clusters, which is none where both are one.
    """
    kinds = int(codes.max()) + 1
    table = table_of(codes, sides, kinds)
    seen, told = dealing.bits(table)
    observed = float(seen)
    dealt = dealing.bits(dealing.tables(deals, codes, kinds))[0]
    error = float(dealt.var())
    for side, (row, cell) in enumerate(zip(table, told, strict=True)):
        own = (codes >= 0) & (sides == side)
        mean = float((row * cell).sum() / row.sum())
        error += variance((cell[codes[own]] - mean) / row.sum(), deals.clusters[own])
    middle = max(0.0, observed - float(dealt.mean()))
    half = Z95 * float(np.sqrt(error))
    p = (1 + int((dealt >= observed - 1e-12).sum())) / (1 + len(dealt))
    return Divergence(
        kind=kind,
        observed=observed,
        chance=dealing.most_by_chance(dealt),
        bits=middle,
        low=max(0.0, middle - half),
        high=min(1.0, middle + half),
        p=p,
        q=1.0,
        claimed=False,
    )


def claimed(found: Sequence[Divergence], level: float) -> tuple[Divergence, ...]:
    """The divergences with q-values over all kinds; claimed are those under the level and over chance."""
    q = benjamini_hochberg([one.p for one in found])
    told = zip(found, q, strict=True)
    return tuple(
        replace(one, q=float(value), claimed=bool(value <= level and one.observed > one.chance))
        for one, value in told
    )


def beside(
    kind: str, names: Sequence[str], codes: Longs, sides: NDArray[np.uint8], deals: Deals
) -> list[tuple[Compared, float]]:
    """Each slice's shares, their ratio (first side over second), and the p-value that they are one.

    The difference of shares is held against its spread over the deals. By how much that is wider than for
    conversations that are all independent, counts are taken for less.
    """
    table = table_of(codes, sides, len(names))
    sizes = table.sum(1)
    shares = table / sizes[:, None]
    dealt = dealing.tables(deals, codes, len(names))
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = dealt / dealt.sum(2, keepdims=True)
        spread = np.nanstd(parts[:, 0] - parts[:, 1], axis=0)
        pooled = table.sum(0) / sizes.sum()
        alone = np.sqrt(pooled * (1 - pooled) * (1 / sizes).sum())
        p = np.nan_to_num(2 * special.ndtr(-np.abs(shares[0] - shares[1]) / spread), nan=1.0)
        weight = np.maximum(1.0, np.nan_to_num((spread / alone) ** 2, nan=1.0, posinf=1.0))
    of = [np.full(len(names), size) / weight for size in sizes]
    ratio, low, high = ratio_interval(table[0] / weight, of[0], table[1] / weight, of[1])
    return [
        (
            Compared(
                kind=kind,
                name=name,
                count=int(table[0, at]),
                share=float(shares[0, at]),
                reference_count=int(table[1, at]),
                reference_share=float(shares[1, at]),
                ratio=float(ratio[at]) if np.isfinite(ratio[at]) else None,
                low=float(low[at]),
                high=float(high[at]) if np.isfinite(high[at]) else None,
                q=1.0,
                claimed=False,
            ),
            float(p[at]),
        )
        for at, name in enumerate(names)
        if table[:, at].sum() >= LEAST
    ]


def claimed_slices(
    found: Sequence[tuple[Compared, float]], kinds: Set[str], level: float
) -> tuple[Compared, ...]:
    """The slices with q-values over all, the largest difference of shares first in each kind.

    A slice is claimed in one of `kinds` only, those that lie further apart as a whole than by chance: where
    nothing differs, about `level` of comparisons claim anything, not more. Kinds stay in their order.
    """
    q = benjamini_hochberg([p for _, p in found])
    told = [
        replace(one, q=float(value), claimed=bool(value <= level) and one.kind in kinds)
        for (one, _), value in zip(found, q, strict=True)
    ]
    order = {kind: place for place, kind in enumerate(dict.fromkeys(one.kind for one in told))}
    return tuple(
        sorted(told, key=lambda one: (order[one.kind], -abs(one.share - one.reference_share), one.name))
    )
