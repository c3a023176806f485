"""Decider: replies that stop in the middle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from curate.passes.base import Decider, Scope, Then


@dataclass(frozen=True, kw_only=True)
class CutOffReply(Decider):
    """Decide against assistant messages that stop in the middle; by default they are only flagged.

    Reads `cut_off` of `quality`: an open code fence, or long prose that ends inside a sentence.

    >>> pl.DataFrame({"cut_off": [True, False]}).select(CutOffReply().decide_when()).to_series().to_list()
    [True, False]
    """

    name: ClassVar[str] = "cut_off_reply"
    scope: Scope = "message"
    then: Then = "flag"

    def decide_when(self) -> pl.Expr:
        """Where the reply stops in the middle."""
        return pl.col("cut_off")

    def evidence(self) -> pl.Expr:
        """That the reply is cut off."""
        return pl.lit("stops in the middle")
