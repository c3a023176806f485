"""What the audit found of the toxicity scorer itself, as frozen dataclasses."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Swap:
    """The scorer on sentences that differ in the group only: `source` is neutral, hostile or real.

    `difference` is the mean score with this group less the mean over all groups (neutral, hostile), or less
    the score of the sentence as it was written (real). `above` counts scores over the run's limit.
    """

    language: str
    source: str
    group: str
    sentences: int
    mean: float
    difference: float
    low: float
    high: float
    above: int
    of: int
    p: float
    q: float
    claimed: bool


@dataclass(frozen=True, kw_only=True)
class Case:
    """The scorer on functional cases: how many of a group's sentences it puts above the run's limit.

    `group` is "" for all groups together (then `case` is a functionality of rules/identity_terms), else
    `case` is harmless or harmful, over all functionalities. Above the limit, a harmless sentence is a false
    positive; a harmful one below it is missed. `other_rate` is that of all other groups.
    """

    language: str
    group: str
    case: str
    harmful: bool
    n: int
    above: int
    rate: float
    low: float
    high: float
    other_n: int
    other_rate: float
    p: float
    q: float
    claimed: bool
