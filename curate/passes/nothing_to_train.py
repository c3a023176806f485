"""nothing_to_train: a conversation whose assistant turns are all masked teaches nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from curate.passes.base import Decider
from curate.schema import CONVERSATION


@dataclass(frozen=True, kw_only=True)
class NothingToTrain(Decider):
    """Decide against conversations that had assistant turns and have none left to learn from.

    A conversation that never had an assistant turn is left alone: it is counted apart, not dropped.
    """

    name: ClassVar[str] = "nothing_to_train"

    def decide_when(self) -> pl.Expr:
        """Assistant turns of conversations in which every assistant turn is masked or dropped."""
        assistant = pl.col("role") == "assistant"
        learnt = (assistant & (pl.col("verdict") == "keep")).any().over(CONVERSATION)
        gone = (pl.col("verdict") == "drop").all().over(CONVERSATION)
        return assistant & ~learnt & ~gone

    def evidence(self) -> pl.Expr:
        """The same words for all."""
        return pl.lit("0 assistant turns left to learn from")
