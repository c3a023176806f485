"""`too_toxic`: decides against what an assistant says when it scores too high."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from curate.errors import RecipeError, unknown
from curate.passes.base import Decider, above
from curate.schema import ROLES


@dataclass(frozen=True, kw_only=True)
class TooToxic(Decider):
    """Decide against conversations in which an assistant turn scores above `limit`.

    Needs the measure `toxicity`. Only messages of `roles` count: an insult that is answered well is what an
    assistant should learn from, so a user's words decide nothing unless "user" is among them. The default
    limit is that of the embedded scorer's card (rules/toxicity/CARD.md has precision and recall by limit).

    Raises RecipeError for a limit outside 0 to 1, no roles, or a role that is none.

    >>> TooToxic(limit=80)
    Traceback (most recent call last):
    curate.errors.RecipeError: too_toxic.limit is 80, must be from 0 to 1; 0.8 is usual
    """

    name: ClassVar[str] = "too_toxic"
    limit: float = 0.8
    roles: tuple[str, ...] = ("assistant",)

    def __post_init__(self) -> None:
        if not 0 <= self.limit <= 1:
            raise RecipeError(f"too_toxic.limit is {self.limit}, must be from 0 to 1; 0.8 is usual")
        if not self.roles:
            raise RecipeError(f"too_toxic.roles is empty, must name some of {', '.join(ROLES)}")
        for role in self.roles:
            if role not in ROLES:
                raise RecipeError(unknown("role", role, ROLES, "too_toxic.roles"))

    def limits(self) -> dict[str, tuple[float, float]]:
        """The score above which it decides."""
        return {"limit": (0.0, 1.0)}

    def decide_when(self) -> pl.Expr:
        """The message's role counts and its score is above the limit."""
        return pl.col("role").cast(pl.String).is_in(self.roles) & (pl.col("toxicity") > self.limit)

    def evidence(self) -> pl.Expr:
        """`toxicity 0.93 > 0.80`."""
        return above("toxicity", self.limit)
