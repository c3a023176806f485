"""Decider: assistant messages that say nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from curate.passes.base import Decider, Scope, Then


@dataclass(frozen=True, kw_only=True)
class EmptyReply(Decider):
    """Decide against assistant messages without text and without parts (tool calls, attachments).

    >>> frame = pl.DataFrame({"role": ["assistant"] * 2, "text": [" ", " "], "parts": [None, "{}"]})
    >>> frame.select(EmptyReply().decide_when()).to_series().to_list()
    [True, False]
    """

    name: ClassVar[str] = "empty_reply"
    scope: Scope = "message"
    then: Then = "mask"

    def decide_when(self) -> pl.Expr:
        """Where an assistant's text is blank and nothing else stands in the message."""
        return (
            (pl.col("role").cast(pl.String) == "assistant")
            & pl.col("parts").is_null()
            & ~pl.col("text").str.contains(r"[^\s\p{Cf}]")
        )

    def evidence(self) -> pl.Expr:
        """That the reply is empty."""
        return pl.lit("the reply is empty")
