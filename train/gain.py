"""The difference between two arms, over conversations and seeds; and whether it was shown."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from train.intervals import FEWEST, NORMAL, Interval, resampled, student

Array = np.ndarray[Any, Any]

BETTER, WORSE, MIXED, NOT_SHOWN = "better", "worse", "mixed", "not shown"
AS_READ, AS_CURATED, OUTSIDE = "as read", "as curated", "outside"
"""What arms are scored on: held-out conversations both ways, and a file that curation never touched."""

SPREAD = 0.10
"""Bits per byte by which two models' difference varies between conversations; a planning figure, replaced by
what is measured."""
SEED_SPREAD = 0.01
"""Bits per byte by which a difference varies between seeds: 0.009 to 0.012 in trials of 300 steps with 2.6
million weights, more in shorter ones."""


@dataclass(frozen=True)
class Gain:
    """Bits per byte of `over` minus those of `arm` on one set: above 0, the arm is better.

    The interval holds conversations and seeds; `by_seed` are the seeds' own with conversations only.
    """

    arm: str
    over: str
    scored_on: str
    interval: Interval
    by_seed: tuple[Interval, ...]
    detectable: float
    """The smallest gain that this many conversations and seeds show four times in five."""
    chance: float = 1.0
    """How often chance alone gives a difference as far from 0, on either side."""

    @property
    def says(self) -> str:
        """better, worse or not shown, by where the interval lies."""
        return side(self.interval)

    @property
    def in_every_seed(self) -> str:
        """The same, where every seed by itself says so; it speaks for these seeds, not for others."""
        said = {side(one) for one in self.by_seed}
        return said.pop() if len(said) == 1 else NOT_SHOWN


def side(told: Interval) -> str:
    """On which side of 0 an interval lies."""
    if told.low is None or told.high is None:
        return NOT_SHOWN
    return BETTER if told.low > 0 else WORSE if told.high < 0 else NOT_SHOWN


def gain(arm: str, over: str, scored_on: str, mine: Array, theirs: Array, draws: int = 2000) -> Gain:
    """The paired difference of two arms.

    mine, theirs: [seeds, conversations, 4] (nll, tokens, text_nll, bytes), seed by seed with the same first
    weights and order. Conversations are resampled in pairs (bootstrap), and their spread is widened as
    Student's t is for as few as there are: a bootstrap of 10 calls 10% of chance a finding where it should
    call 5%. Seeds are fewer still, so their part is Student's t, seeds less one degrees of freedom.
    """
    keep = (mine[0, :, 3] > 0) & (theirs[0, :, 3] > 0)
    mine, theirs = mine[:, keep], theirs[:, keep]
    seeds, count = mine.shape[0], mine.shape[1]
    if not count:
        return Gain(arm, over, scored_on, Interval(math.nan), (), math.nan)
    each = np.stack([difference(m, t) for m, t in zip(mine, theirs, strict=True)])  # [seeds, conversations]
    size = mine[0, :, 3]
    again = resampled(np.concatenate([each, size[None]]).T, draws)
    total = again[:, -1:]
    values = each.sum(1) / size.sum()
    samples = values + widening(count_of(size)) * (again[:, :-1] / total - values)  # [draws, seeds]
    by_seed = tuple(bounded(v, samples[:, n], count) for n, v in enumerate(values.tolist()))
    middle = samples.mean(1)
    if seeds > 1:
        spread = float(values.std(ddof=1)) / math.sqrt(seeds)
        middle = middle + spread * np.random.default_rng([seeds, count]).standard_t(seeds - 1, draws)
    whole = bounded(float(values.mean()), middle, count) if seeds > 1 else by_seed[0]
    least = detectable(
        count_of(size),
        seeds,
        float((again[:, :-1] / total).mean(1).std()) * math.sqrt(count_of(size)),
        float(values.std(ddof=1)) if seeds > 1 else SEED_SPREAD,
    )
    return Gain(arm, over, scored_on, whole, by_seed, least, two_sided(middle))


def two_sided(samples: Array) -> float:
    """Twice the share of samples on the lesser side of 0, one more counted on it: 2 / (n + 1) at least.

    >>> two_sided(np.ones(199)), two_sided(np.array([1.0, -1.0]))
    (0.01, 1.0)
    """
    least = min(int((samples <= 0).sum()), int((samples >= 0).sum()))
    return min(1.0, 2 * (1 + least) / (1 + len(samples)))


def difference(mine: Array, theirs: Array) -> Array:
    """[conversations]: bits that the other spent more than this one."""
    bits: Array = (theirs[:, 2] - mine[:, 2]) / math.log(2)
    return bits


def bounded(value: float, samples: Array, conversations: int) -> Interval:
    """A value with the middle 95% of its samples."""
    if conversations < FEWEST:
        return Interval(value)
    low, high = np.quantile(samples, [0.025, 0.975])
    return Interval(value, float(low), float(high))


def count_of(size: Array) -> float:
    """How many conversations of equal size weigh as these do (Kish 1965)."""
    return float(size.sum() ** 2 / (size**2).sum()) if len(size) else 0.0


def widening(conversations: float) -> float:
    """What the spread of a bootstrap over so many is short by: that of a small sample, times Student's t over
    the normal's 1.96.

    >>> round(widening(8), 2), round(widening(100), 2)
    (1.29, 1.02)
    """
    if conversations <= 1:
        return math.inf
    return student(conversations - 1) / NORMAL * math.sqrt(conversations / (conversations - 1))


def detectable(
    conversations: float, seeds: int, spread: float = SPREAD, seed_spread: float = SEED_SPREAD
) -> float:
    """The smallest gain in bits per byte whose interval lies above 0 four times in five.

    >>> round(detectable(200, 3), 3), round(detectable(200, 5), 3)
    (0.036, 0.026)
    """
    if conversations <= 1 or seeds < 1:
        return math.inf
    by_conversation = spread / math.sqrt(conversations)
    by_seed = seed_spread / math.sqrt(seeds)
    wide = NORMAL * widening(conversations)
    half = math.hypot(wide * by_conversation, (student(seeds - 1) if seeds > 1 else NORMAL) * by_seed)
    return half + 0.84 * math.hypot(by_conversation, by_seed)


def verdict(says: Mapping[str, str]) -> str:
    """Whether an arm is better, from what its gains say by what it was scored on.

    Only what curation did not write counts: held-out text as read, and an outside file. A gain on curated
    held-out text alone is what a model gets for having been shown that kind of text: not shown.

    >>> verdict({AS_READ: NOT_SHOWN, AS_CURATED: BETTER}), verdict({AS_READ: NOT_SHOWN, OUTSIDE: BETTER})
    ('not shown', 'better')
    """
    said = {says[name] for name in (AS_READ, OUTSIDE) if name in says}
    if BETTER in said and WORSE in said:
        return MIXED
    return BETTER if BETTER in said else WORSE if WORSE in said else NOT_SHOWN
