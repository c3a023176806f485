"""Decider: messages that no language writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from curate.passes.base import Decider, Scope, Then, above
from curate.quality.options import check_roles, check_share


@dataclass(frozen=True, kw_only=True)
class TooGarbled(Decider):
    """Decide against messages of which more than `limit` of the letters are garbled: lost signs, mashed keys.

    Reads `garbled` and `characters` of `quality`. Only what the assistant says by default: a good answer to a
    user who hit the keyboard is worth learning from.

    >>> frame = pl.DataFrame({"role": ["assistant"], "characters": [20], "garbled": [0.8]})
    >>> frame.select(TooGarbled().decide_when(), TooGarbled().evidence().alias("why")).row(0)
    (True, 'garbled 0.80 > 0.50')
    """

    name: ClassVar[str] = "too_garbled"
    scope: Scope = "message"
    then: Then = "mask"
    roles: tuple[str, ...] = ("assistant",)
    limit: float = 0.5
    least_characters: int = 8

    def __post_init__(self) -> None:
        check_roles(self.roles, "too_garbled")
        check_share(self.limit, "too_garbled.limit")

    def limits(self) -> dict[str, tuple[float, float]]:
        """The share, and how many characters a message must have."""
        return {"limit": (0.0, 1.0), "least_characters": (0, 5_000)}

    def decide_when(self) -> pl.Expr:
        """Where a message of these roles is long enough to judge and garbled above the limit."""
        return (
            pl.col("role").cast(pl.String).is_in(self.roles)
            & (pl.col("characters") >= self.least_characters)
            & (pl.col("garbled") > self.limit)
        )

    def evidence(self) -> pl.Expr:
        """The share and the limit."""
        return above("garbled", self.limit)
