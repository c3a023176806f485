"""Decider: messages that say the same again and again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from curate.passes.base import Decider, Scope, Then, above
from curate.quality.options import check_roles, check_share


@dataclass(frozen=True, kw_only=True)
class TooRepetitive(Decider):
    """Decide against messages of which more than `limit` of the words stand in sequences said before.

    Reads `repetition` and `words` of `quality`; messages below `least_words` words are left alone.
    Code, where repetition is natural, was not counted.

    >>> frame = pl.DataFrame({"role": ["assistant"], "words": [200], "repetition": [0.93]})
    >>> frame.select(TooRepetitive().decide_when(), TooRepetitive().evidence().alias("why")).row(0)
    (True, 'repetition 0.93 > 0.75')
    """

    name: ClassVar[str] = "too_repetitive"
    scope: Scope = "message"
    then: Then = "mask"
    roles: tuple[str, ...] = ("assistant",)
    limit: float = 0.75
    least_words: int = 40

    def __post_init__(self) -> None:
        check_roles(self.roles, "too_repetitive")
        check_share(self.limit, "too_repetitive.limit")

    def limits(self) -> dict[str, tuple[float, float]]:
        """The share, and how many words a message must have."""
        return {"limit": (0.0, 1.0), "least_words": (0, 5_000)}

    def decide_when(self) -> pl.Expr:
        """Where a message of these roles is long enough to judge and repeats itself above the limit."""
        return (
            pl.col("role").cast(pl.String).is_in(self.roles)
            & (pl.col("words") >= self.least_words)
            & (pl.col("repetition") > self.limit)
        )

    def evidence(self) -> pl.Expr:
        """The share and the limit."""
        return above("repetition", self.limit)
