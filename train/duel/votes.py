"""Votes of people and of a judge, counted: the win rate of one model over the other, with its interval."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from train.duel.pairs import Duel
from train.errors import DataError
from train.intervals import Interval

LEFT, RIGHT, TIE, BAD = "left", "right", "tie", "bad"
CHOICES = (LEFT, RIGHT, TIE, BAD)
"""What can be said of a pair: one side is better, both are as good, both are bad."""
POINTS: dict[int | str, float] = {0: 1.0, 1: 0.0}
"""What a vote is worth to the first model; one half where neither side is better."""


@dataclass(frozen=True)
class Votes:
    """What one person, or a judge, said of which pairs."""

    voter: str
    said: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Result:
    """The count. `win_rate` is the first model's: prompts it won, ties half; identical answers are ties."""

    models: tuple[str, str]
    prompts: int
    """Prompts with a vote, or whose answers were the same."""
    wins: tuple[int, int]
    ties: int
    both_bad: int
    same: int
    votes: int
    voters: tuple[str, ...]
    win_rate: Interval
    left: Interval
    """How often the left side was chosen where one side was: far from one half, position decided."""
    agreement: float | None
    """Share of pairs of votes on one prompt that say the same; None where no prompt has two votes."""

    @property
    def verdict(self) -> str:
        """Which model is preferred, or that none was shown to be."""
        low, high = self.win_rate.low, self.win_rate.high
        if low is None or high is None:
            return "too few votes to say"
        if low > 0.5:
            return f"{self.models[0]} is preferred"
        return f"{self.models[1]} is preferred" if high < 0.5 else "no preference was shown"

    def as_dict(self) -> dict[str, Any]:
        """As plain data."""
        rate, left = self.win_rate, self.left
        return {
            "models": list(self.models),
            "prompts": self.prompts,
            "wins": list(self.wins),
            "ties": self.ties,
            "both_bad": self.both_bad,
            "same": self.same,
            "votes": self.votes,
            "voters": list(self.voters),
            "win_rate": {"value": rate.value, "low": rate.low, "high": rate.high},
            "left": {"value": left.value, "low": left.low, "high": left.high},
            "agreement": self.agreement,
            "verdict": self.verdict,
        }


def read(paths: Iterable[str | Path], duel: Duel) -> list[Votes]:
    """The votes of files that the page saved. Raises DataError for one of another duel, or none of ours."""
    return [read_one(Path(path), duel) for path in paths]


def read_one(path: Path, duel: Duel) -> Votes:
    """The votes of one file."""
    try:
        told = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        raise DataError(f"{path} cannot be read as votes; give the files that duel.html saved") from None
    if not isinstance(told, dict) or not isinstance(told.get("votes"), dict):
        raise DataError(f"{path} holds no votes; give the files that duel.html saved")
    if told.get("duel") != duel.key:
        raise DataError(f"{path} holds the votes of another duel; count them in its own folder")
    known = {one.id for one in duel.pairs}
    for pair, choice in told["votes"].items():
        if pair not in known or choice not in CHOICES:
            raise DataError(f"{path} has a vote that cannot be; allowed: {', '.join(CHOICES)}")
    return Votes(str(told.get("voter") or path.stem), dict(told["votes"]))


def tally(duel: Duel, votes: Sequence[Votes]) -> Result:
    """The count of all votes: each prompt weighs the same, however many voted on it."""
    rates: list[float] = []
    chosen: list[bool] = []
    same = 0
    counts: dict[int | str, int] = dict.fromkeys((0, 1, TIE, BAD), 0)
    agreed = asked = 0
    for pair in duel.pairs:
        said = [one.said[pair.id] for one in votes if pair.id in one.said]
        if pair.same and not said:
            same += 1
            rates.append(0.5)
        if not said:
            continue
        winners = [winner(choice, pair.left) for choice in said]
        for one in winners:
            counts[one] += 1
        chosen += [choice == LEFT for choice in said if choice in (LEFT, RIGHT)]
        rates.append(sum(POINTS.get(one, 0.5) for one in winners) / len(winners))
        both = [worth(one) == worth(other) for one, other in combinations(winners, 2)]
        agreed, asked = agreed + sum(both), asked + len(both)
    return Result(
        models=duel.models,
        prompts=len(rates),
        wins=(counts[0], counts[1]),
        ties=counts[TIE],
        both_bad=counts[BAD],
        same=same,
        votes=sum(counts.values()),
        voters=tuple(one.voter for one in votes),
        win_rate=wilson(sum(rates), len(rates)),
        left=wilson(sum(chosen), len(chosen)),
        agreement=agreed / asked if asked else None,
    )


def winner(choice: str, left: int) -> int | str:
    """Whose answer was chosen (0: the first model's), or `tie` or `bad`."""
    return left if choice == LEFT else 1 - left if choice == RIGHT else choice


def worth(one: int | str) -> int | str:
    """A winner with `bad` as a tie: for agreement, both say that neither is better."""
    return TIE if one == BAD else one


def wilson(total: float, count: int, z: float = 1.96) -> Interval:
    """A share with its 95% score interval (Wilson 1927); with halves among the counts it is a little wide.

    >>> told = wilson(8, 10)
    >>> round(told.low, 2), round(told.high, 2)
    (0.49, 0.94)
    """
    if not count:
        return Interval(math.nan)
    share, weight = total / count, z * z / count
    middle = (share + weight / 2) / (1 + weight)
    half = z * math.sqrt(share * (1 - share) / count + weight / (4 * count)) / (1 + weight)
    return Interval(share, max(0.0, middle - half), min(1.0, middle + half))
