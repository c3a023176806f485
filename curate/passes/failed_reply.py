"""Decider: errors of a service in place of replies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from curate.passes.base import Decider, Scope, Then


@dataclass(frozen=True, kw_only=True)
class FailedReply(Decider):
    """Decide against assistant messages that are an error of the service or a kept place, not a reply.

    Reads `failed` of `quality`; the sentences stand in rules/replies.toml.

    >>> pl.DataFrame({"failed": [True, False]}).select(FailedReply().decide_when()).to_series().to_list()
    [True, False]
    """

    name: ClassVar[str] = "failed_reply"
    scope: Scope = "message"
    then: Then = "mask"

    def decide_when(self) -> pl.Expr:
        """Where the reply is an error or a kept place."""
        return pl.col("failed")

    def evidence(self) -> pl.Expr:
        """That the reply failed."""
        return pl.lit("an error or a placeholder in place of a reply")
