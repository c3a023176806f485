"""Decider: assistant messages that give the user's message back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from curate.passes.base import Decider, Scope, Then


@dataclass(frozen=True, kw_only=True)
class EchoedPrompt(Decider):
    """Decide against assistant messages that are the user's message again, word for word.

    Reads `echo` and `words` of `quality`. Below `least_words` words (`ok` to `ok`) it is no echo.

    >>> frame = pl.DataFrame({"echo": [True, True], "words": [12, 1]})
    >>> frame.select(EchoedPrompt().decide_when()).to_series().to_list()
    [True, False]
    """

    name: ClassVar[str] = "echoed_prompt"
    scope: Scope = "message"
    then: Then = "mask"
    least_words: int = 4

    def limits(self) -> dict[str, tuple[float, float]]:
        """How many words a message must have."""
        return {"least_words": (0, 5_000)}

    def decide_when(self) -> pl.Expr:
        """Where an assistant echoes a message of enough words."""
        return pl.col("echo") & (pl.col("words") >= self.least_words)

    def evidence(self) -> pl.Expr:
        """How many words came back."""
        return pl.format("echo of the user's {} words", "words")
