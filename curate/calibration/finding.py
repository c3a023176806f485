"""Limits by group at which a scorer is wrong equally often: found on texts that are known to be harmless."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from curate.bias.stats import benjamini_hochberg, fisher, wilson

LEAST = 30
"""Harmless texts about a group below which it keeps the shared limit."""
LEVEL = 0.05
GRID = np.round(np.arange(0.05, 1.0, 0.01), 2)
"""Limits that a group may get."""


@dataclass(frozen=True, kw_only=True)
class Calibrated:
    """One language and group: false positives at the shared limit, and at its own.

    `n` harmless texts mention the group. `q` says how likely chance makes its rate at the shared limit differ
    so from that of the texts about other groups (Fisher's exact test, corrected for all groups). Intervals:
    Wilson, 95%. `missed` is the share of toxic texts about the group that its limit misses, of `toxic` such
    texts; `missed_before` that of the shared limit.
    """

    key: str
    n: int
    rate: float
    low: float
    high: float
    other_rate: float
    q: float
    limit: float
    rate_after: float
    low_after: float
    high_after: float
    toxic: int
    missed_before: float
    missed: float


class Rated(NamedTuple):
    """A key with its harmless texts, those above the shared limit, the others' rate, and q."""

    key: str
    n: int
    hits: int
    other_rate: float
    q: float


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """All groups large enough, and the rate that they were brought to."""

    shared: float
    target: float
    n: int
    groups: tuple[Calibrated, ...]

    @property
    def limits(self) -> dict[str, float]:
        """`too_toxic.group_limits`: the groups whose limit is their own."""
        return {one.key: one.limit for one in self.groups if one.limit != self.shared}


def calibrate(
    scored: pl.DataFrame,
    shared: float,
    rate: float | None = None,
    *,
    every: bool = False,
    least: int = LEAST,
) -> Calibration:
    """The limit of each language and group at which its rate of false positives is nearest to one target.

    `scored` holds `language`, `groups` (keys parted by blanks, or null), `toxicity` (0 to 1) and `toxic`
    (Boolean: what people say). The target is `rate`, or the rate at the shared limit over all harmless texts
    that mention a group, those whose rate stands out left aside. Only groups that stand out get a limit of
    their own; with `every` or `rate` all that are large enough. A text that mentions several groups counts
    for each.
    """
    some = scored.filter(pl.col("groups").is_not_null()).select("language", "groups", "toxicity", "toxic")
    long = some.with_columns(pl.col("groups").str.split(" ")).explode("groups")
    long = long.with_columns(key=pl.col("language") + "/" + pl.col("groups"))
    harmless = some.filter(~pl.col("toxic"))
    if not harmless.height:
        return Calibration(shared=shared, target=0.0 if rate is None else rate, n=0, groups=())
    found, usual = _rates(long, shared, least)
    target = usual if rate is None else rate
    groups = []
    for key, n, hits, other, q in found:
        own = long.filter(pl.col("key") == key)
        good, bad = (own.filter(pl.col("toxic") == kind)["toxicity"].to_numpy() for kind in (False, True))
        limit = nearest(good, target, shared) if every or rate is not None or q <= LEVEL else shared
        after = int((good > limit).sum())
        before_ends, after_ends = wilson(hits, n), wilson(after, n)
        groups.append(
            Calibrated(
                key=key,
                n=n,
                rate=hits / n,
                low=float(before_ends[0]),
                high=float(before_ends[1]),
                other_rate=other,
                q=q,
                limit=limit,
                rate_after=after / n,
                low_after=float(after_ends[0]),
                high_after=float(after_ends[1]),
                toxic=len(bad),
                missed_before=float((bad <= shared).mean()) if len(bad) else 0.0,
                missed=float((bad <= limit).mean()) if len(bad) else 0.0,
            )
        )
    return Calibration(shared=shared, target=target, n=harmless.height, groups=tuple(groups))


def _rates(long: pl.DataFrame, shared: float, least: int) -> tuple[list[Rated], float]:
    """Each key large enough with its counts and q; and the rate of those that do not stand out.

    The key that differs most from all others is put aside where it stands out, and the rest are asked again:
    one group that is flagged far more often does not make the others look spared.
    """
    alone = long.filter(~pl.col("toxic")).group_by("key").agg(
        pl.len().alias("n"), (pl.col("toxicity") > shared).sum().alias("hits")
    )  # fmt: skip
    left = {str(key): (n, hits) for key, n, hits in alone.sort("key").iter_rows() if n >= least}
    small = alone.filter(pl.col("n") < least)
    spare = (int(small["n"].sum()), int(small["hits"].sum()))
    found: list[Rated] = []
    while True:
        n, hits = (sum(pair[place] for pair in left.values()) + spare[place] for place in (0, 1))
        others = {key: (n - own, hits - wrong) for key, (own, wrong) in left.items()}
        p = [float(fisher(left[key][1], left[key][0], others[key][1], others[key][0])[0]) for key in left]
        rated = [
            Rated(key, *left[key], others[key][1] / max(others[key][0], 1), float(q))
            for key, q in zip(left, benjamini_hochberg(p), strict=True)
        ]
        odd = min(rated, key=lambda one: (one.q, -abs(one.hits / one.n - one.other_rate)), default=None)
        if odd is None or odd.q > LEVEL:
            return sorted([*found, *rated]), hits / max(n, 1)
        found.append(odd)
        del left[odd.key]


def nearest(scores: NDArray[np.float64], target: float, shared: float) -> float:
    """The limit of the grid whose rate is nearest to the target; of equals the one nearest to the shared.

    >>> import numpy as np
    >>> nearest(np.array([0.1, 0.2, 0.6, 0.9]), 0.25, 0.5)
    0.6
    """
    grid = np.unique(np.append(GRID, shared))
    rates = (scores[:, None] > grid).mean(0)
    order = np.lexsort((np.abs(grid - shared), np.round(np.abs(rates - target), 9)))
    return float(grid[order[0]])
