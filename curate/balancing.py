"""How many conversations of each slice stay, and how often each counts, so that a target is met.

Sizes go in, a plan comes out: of slice s `kept[s]` conversations stay and count together `counted[s]` times,
each from once to `most` times. Among all plans that meet the target the one that removes least is given, and
among those the one that repeats least; in exact integers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

OTHERS = "others"
"""Name in a target of shares for all slices that it does not name, taken together."""


@dataclass(frozen=True)
class Plan:
    """For each slice how many conversations stay, and how often these count together."""

    kept: Mapping[str, int]
    counted: Mapping[str, int]


def exact(number: float) -> Fraction:
    """The decimal that was written, not the binary number nearest to it.

    >>> exact(0.1)
    Fraction(1, 10)
    """
    return Fraction(str(number))


def by_ratio(sizes: Mapping[str, int], ratio: float, most: int = 1) -> Plan:
    """The largest slice counts at most `ratio` times as often as the smallest; every slice stays.

    >>> by_ratio({"en": 900, "fr": 100}, 2.0).kept
    {'en': 200, 'fr': 100}
    >>> by_ratio({"en": 900, "fr": 100}, 2.0, most=3).counted
    {'en': 600, 'fr': 300}
    """
    if not sizes:
        return Plan({}, {})
    wanted, smallest = exact(ratio), min(sizes.values())
    # The least that the smallest slice must count for all to stay; more than `most` times its size it cannot.
    least = max(smallest, min(ceil(max(sizes.values()) / wanted), most * smallest))
    most_counted = floor(wanted * least)
    kept = {name: min(size, most_counted) for name, size in sizes.items()}
    return Plan(kept, {name: max(count, least) for name, count in kept.items()})


def by_shares(sizes: Mapping[str, int], shares: Mapping[str, float], most: int = 1) -> Plan:
    """Each slice counts for its share of one total, to less than one conversation, and at least one.

    A slice of no conversation is left out of the target: the others keep their proportions.

    >>> by_shares({"en": 900, "fr": 100}, {"en": 0.75, "fr": 0.25}).kept
    {'en': 303, 'fr': 100}
    >>> by_shares({"en": 900, "fr": 100}, {"en": 0.75, "fr": 0.25}, most=4).counted
    {'en': 900, 'fr': 299}
    """
    weights = {name: exact(shares[name]) for name in sorted(sizes) if sizes[name] and shares.get(name, 0) > 0}
    none = dict.fromkeys(sizes, 0)
    if not weights:
        return Plan(none, none)
    # With a total T a slice may count any whole number strictly between share * T - 1 and share * T + 1. The
    # larger T, the more may stay; a slice that cannot count more often than `most` times its size bounds it.
    bound = min((most * sizes[name] + 1) / weight for name, weight in weights.items())
    stays = {name: min(sizes[name], ceil(weight * bound + 1) - 1) for name, weight in weights.items()}
    # As many stay with every T above this; the smallest repeats least.
    least = max((stays[name] - 1) / weight for name, weight in weights.items())
    counted = {name: max(stays[name], floor(weight * least)) for name, weight in weights.items()}
    return Plan({**none, **stays}, {**none, **counted})
