"""Successive halving (Jamieson & Talwalkar 2016): many settings on little, the best of them on more.

Every rung costs the same; each run of a rung has its own whole schedule, from the first step to the last. No
result of a rung depends on when others came in (as in asynchronous halving, Li et al. 2020), so a search
that was killed goes on as if it had not been.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from train.tune.space import Point, Space, at_tokens


@dataclass(frozen=True)
class Attempt:
    """A setting as it was tried: `number` tells settings apart, `point` has the budget it was tried with.

    `score` is what is to be made small, infinite where the run came to no number (pruned).
    """

    number: int
    rung: int
    point: Point
    whole: Point
    """The setting with its whole budget."""
    score: float = math.nan

    @property
    def pruned(self) -> bool:
        """Whether the run came to no number."""
        return not math.isfinite(self.score)


Score = Callable[[Sequence[Attempt]], Sequence[float]]
"""Tries settings side by side and gives what is to be made small; NaN where a run came to no number."""


@dataclass(frozen=True)
class Rung:
    """So many runs, each with a share of its whole budget."""

    runs: int
    share: float


def rungs(trials: int, eta: int, most: int) -> tuple[Rung, ...]:
    """The rungs that cost what `trials` runs on the whole budget cost: exactly, counted in the smallest run.

    Each rung multiplies the budget by `eta`; there are `most` of them at most, and as many as leave a run
    for each. What does not divide goes to the rungs below, the last of it to the first rung.

    >>> [(one.runs, round(one.share, 3)) for one in rungs(9, 3, 3)]
    [(27, 0.111), (9, 0.333), (3, 1.0)]
    >>> [(one.runs, round(one.share, 3)) for one in rungs(4, 3, 3)]
    [(15, 0.111), (4, 0.333), (1, 1.0)]
    """
    count = max(1, min(most, trials))
    left = trials * eta ** (count - 1)
    made = []
    for rung in reversed(range(count)):
        price = eta**rung
        runs = left // (rung + 1) // price if rung else left
        made.append(Rung(runs, price / eta ** (count - 1)))
        left -= runs * price
    return tuple(reversed(made))


def cost(plan: Sequence[Rung]) -> float:
    """What the rungs cost, in runs on the whole budget."""
    return sum(one.runs * one.share for one in plan)


def halve(
    space: Space, plan: Sequence[Rung], seed: int, score: Score, first: Sequence[Point] = ()
) -> list[Attempt]:
    """Every attempt of the search in order; those of the last rung had the whole budget.

    The best of a rung go on to the next, the earlier of two that are equal; pruned ones never do.
    """
    alive = list(enumerate(space.drawn(plan[0].runs, seed, first)))
    made: list[Attempt] = []
    for place, rung in enumerate(plan):
        tried = [
            Attempt(number, place, at_tokens(whole, rung.share), whole)
            for number, whole in alive[: rung.runs]
        ]
        found = scored(tried, score(tried))
        made += found
        order = sorted((one for one in found if not one.pruned), key=lambda one: (one.score, one.number))
        alive = [(one.number, one.whole) for one in order]
        if not alive:
            break
    return made


def scored(tried: Sequence[Attempt], scores: Sequence[float]) -> list[Attempt]:
    """The attempts with their scores; what is no number is infinite."""
    return [
        Attempt(one.number, one.rung, one.point, one.whole, score if math.isfinite(score) else math.inf)
        for one, score in zip(tried, scores, strict=True)
    ]
