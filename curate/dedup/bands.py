"""How many bands a signature is cut into, so that pairs at the limit meet in one of them."""

from __future__ import annotations

import functools
from typing import NamedTuple

FOUND = 0.99
"""Least probability with which a pair whose Jaccard is the limit becomes a candidate."""


class Bands(NamedTuple):
    """`bands` keys of a signature, each over `rows` of its words."""

    bands: int
    rows: int

    def found(self, jaccard: float) -> float:
        """Probability that a pair of this Jaccard shares a key: 1 - (1 - j**rows)**bands.

        (Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", section 3.4.)

        >>> round(Bands(21, 6).found(0.8), 4)
        0.9983
        """
        return float(1.0 - (1.0 - jaccard**self.rows) ** self.bands)


KNOWN = {
    (0.5, 128): Bands(42, 3),
    (0.6, 128): Bands(42, 3),
    (0.7, 128): Bands(32, 4),
    (0.75, 128): Bands(25, 5),
    (0.8, 128): Bands(21, 6),
    (0.85, 128): Bands(16, 8),
    (0.9, 128): Bands(12, 10),
    (0.95, 128): Bands(8, 16),
}
"""What `measure_bands` answers for usual limits: spares a slow import; tests compare them."""


@functools.lru_cache(64)
def choose_bands(limit: float, permutations: int = 128) -> Bands:
    """The bands for a limit, such that `found(limit)` is at least `FOUND`.

    >>> choose_bands(0.8)
    Bands(bands=21, rows=6)
    """
    return KNOWN.get((limit, permutations)) or measure_bands(limit, permutations)


def measure_bands(limit: float, permutations: int) -> Bands:
    """datasketch's optimum of false positives and negatives, at the least weight of the latter that serves.

    Where no weight serves (very few permutations), one row a band: the most that can be found.
    """
    from datasketch.lsh import _optimal_param  # its own arithmetic; it has no public name

    for step in range(10, 20):
        missed = step / 20  # weight of a missed pair; the rest is that of a candidate in vain
        bands = Bands(*_optimal_param(limit, permutations, 1.0 - missed, missed))
        if bands.found(limit) >= FOUND:
            return bands
    rows = max(1, next((r for r in range(16, 0, -1) if Bands(permutations // r, r).found(limit) >= FOUND), 1))
    return Bands(permutations // rows, rows)
