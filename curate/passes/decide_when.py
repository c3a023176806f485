"""Decider: a user's own rule, written as a condition in SQL, with a name of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from curate import schema
from curate.conditions import Condition, read_condition
from curate.errors import RecipeError
from curate.passes.base import Decider


@dataclass(frozen=True, kw_only=True)
class DecideWhen(Decider):
    """Decide against messages where a condition of your own holds, such as `words > 4000`.

    `condition` is SQL over the columns of the message table and of the measures above it; it looks at one
    message at a time. `name` is what reports, `decided_by` and `flags` say.

    >>> rule = DecideWhen(name="too_long", condition="words > 4000 AND role = 'assistant'")
    >>> frame = pl.DataFrame({"words": [5120, 9], "role": ["assistant", "assistant"]})
    >>> frame.select(rule.decide_when()).to_series().to_list()
    [True, False]
    >>> frame.select(rule.evidence()).to_series()[0]
    "words 5120, role assistant; condition words > 4000 AND role = 'assistant'"
    """

    name: str = "decide_when"  # type: ignore[misc]  # each rule has its own, so not of the class
    condition: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,59}", self.name) or self.name == "decide_when":
            raise RecipeError(
                f"'{self.name}' cannot be the name of a decide_when rule; give it one of its own, "
                'in small letters, digits and _: name = "too_long"'
            )
        read_condition(self.condition, self.name)

    def _read(self) -> Condition:
        return read_condition(self.condition, self.name)

    def decide_when(self) -> pl.Expr:
        """The condition; unknown (null) counts as not met."""
        return self._read().expression

    def evidence(self) -> pl.Expr:
        """The values of the columns that the condition names (never a text), and the condition."""
        shown = [name for name in self._read().columns if name not in (*schema.PRIVATE, "evidence")]
        values = [
            pl.format(name + " {}", pl.col(name).cast(pl.String).fill_null("unknown")) for name in shown
        ]
        said = pl.lit(f"condition {' '.join(self.condition.split())}")
        if not values:
            return said
        return pl.concat_str([pl.concat_str(values, separator=", "), said], separator="; ")
