"""Decider: refusals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from curate.passes.base import Decider, Scope, Then


@dataclass(frozen=True, kw_only=True)
class RefusedReply(Decider):
    """Decide against assistant messages that begin like a refusal; by default they are only flagged.

    Reads `refusal` of `quality`. A refusal can be the right answer, so look before you mask or drop.

    >>> pl.DataFrame({"refusal": [True, False]}).select(RefusedReply().decide_when()).to_series().to_list()
    [True, False]
    """

    name: ClassVar[str] = "refused_reply"
    scope: Scope = "message"
    then: Then = "flag"

    def decide_when(self) -> pl.Expr:
        """Where the reply begins like a refusal."""
        return pl.col("refusal")

    def evidence(self) -> pl.Expr:
        """That the reply refuses."""
        return pl.lit("begins like a refusal")
