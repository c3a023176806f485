"""What a search found, as facts: every attempt, the settings that were trained anew, and what was chosen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from train import gain
from train.gain import Gain
from train.intervals import Interval
from train.proof import pooled
from train.trial import Result
from train.tune.halving import Attempt
from train.tune.space import Point, Space

EDGE = 0.1
"""Share of the range of rates, by logarithm, that counts as its end."""
SEARCH, HELD_BACK = "search", "held back"
"""The two halves of what is held out: the search chooses by the one, the figures told are of the other."""


@dataclass(frozen=True, kw_only=True)
class Finalist:
    """A setting trained anew on new seeds: bits per byte on what no choice was made by, and by seed."""

    name: str
    point: Point
    figure: Interval
    by_seed: tuple[float, ...]
    searched: float
    """Bits per byte on the half that the search looked at, with the new seeds."""
    pruned: int
    """Seeds that came to no number."""


@dataclass(frozen=True, kw_only=True)
class Tuned:
    """A search: its space, what was tried, who came to the end, and the choice.

    `gain` is the choice over the default on what was held back, None where the default was chosen or came to
    no number. `budget` is what the configuration would train on, in target tokens.
    """

    method: str
    searched: tuple[str, ...]
    space: Space
    budget: int
    trained: int
    scored: dict[str, int]
    seeds: tuple[int, ...]
    attempts: tuple[Attempt, ...]
    finalists: tuple[Finalist, ...]
    chosen: Finalist
    gain: Gain | None
    shares: tuple[float, ...]
    """The share of the budget at each rung."""
    spent: int
    """Target tokens that the search trained on."""
    config: str = ""
    """The file that `train fit --config` takes."""
    format: int = 1

    @property
    def default(self) -> Finalist:
        """The setting that the configuration had."""
        return next(one for one in self.finalists if one.name == "default")

    @property
    def budget_note(self) -> str:
        """Whether the choice was made at the budget that the run will have."""
        tokens = self.chosen.point.tokens
        told = f"Chosen at {tokens:,} target tokens"
        if tokens == self.budget:
            told += ", which is the budget of the run."
        else:
            told += (
                f"; the configuration would train on {self.budget:,}. The best learning rate moves with the "
                f"budget: the file written trains on {tokens:,}; to train on more, search at that budget "
                f"(--tokens {self.budget})."
            )
        if len(self.shares) > 1:
            told += (
                f" Settings were first sifted on {', '.join(f'{share:.0%}' for share in self.shares[:-1])} "
                "of it, where other rates may be best; what is told was trained on all of it."
            )
        return told

    @property
    def edge_note(self) -> str:
        """Said where the chosen rate lies so near an end of its range that the best may lie beyond."""
        low, high = (math.log(one) for one in self.space.lr)
        place = (math.log(self.chosen.point.lr) - low) / ((high - low) or 1.0)
        if "lr" not in self.searched or EDGE < place < 1 - EDGE:
            return ""
        side = "lower" if place <= EDGE else "higher"
        return f"The rate chosen lies at the end of --lr: search {side} ones too."

    def as_dict(self) -> dict[str, Any]:
        """For JSON; no text, and None for what is no number."""
        told = asdict(self)
        told["attempts"] = [
            {
                "number": one.number,
                "rung": one.rung,
                **asdict(one.point),
                "bits_per_byte": None if one.pruned else one.score,
                "pruned": one.pruned,
            }
            for one in self.attempts
        ]
        return {**told, "budget_note": self.budget_note, "edge_note": self.edge_note}


def finalist(name: str, point: Point, results: Sequence[Result]) -> Finalist:
    """A setting's facts from its results, seed by seed; figures are NaN where no seed came to a number."""
    good = [one for one in results if one.sums]
    by_seed = tuple(bits(one, HELD_BACK) for one in results)
    figure = pooled(np.stack([one.sums[HELD_BACK] for one in good])) if good else Interval(math.nan)
    searched = [bits(one, SEARCH) for one in results]
    return Finalist(
        name=name,
        point=point,
        figure=figure,
        by_seed=by_seed,
        searched=float(np.mean(searched)),
        pruned=len(results) - len(good),
    )


def bits(result: Result, name: str) -> float:
    """Bits per byte of a result on a set; NaN where the run came to no number."""
    if name not in result.sums:
        return math.nan
    _, _, nll, size = result.sums[name].sum(0).tolist()
    return float(nll / size / math.log(2)) if size else math.nan


def choice(finalists: Sequence[Finalist]) -> Finalist:
    """The finalist with the fewest bits on the half that the search looked at; of equal ones the first.

    One of whose seeds any came to no number is not chosen while another has all of its own.
    """
    return min(finalists, key=lambda one: (one.pruned, not math.isfinite(one.searched), one.searched))


def over_default(chosen: Sequence[Result], default: Sequence[Result]) -> Gain | None:
    """The choice over the default on what was held back, paired by seed and conversation."""
    pairs = [
        (mine, theirs) for mine, theirs in zip(chosen, default, strict=True) if mine.sums and theirs.sums
    ]
    if not pairs:
        return None
    mine = np.stack([one.sums[HELD_BACK] for one, _ in pairs])
    theirs = np.stack([one.sums[HELD_BACK] for _, one in pairs])
    return gain.gain("chosen", "default", HELD_BACK, mine, theirs)
