"""Decider: conversations in a language that is not wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from curate.errors import RecipeError
from curate.language.codes import UNDETERMINED, check_codes
from curate.passes.base import Decider


@dataclass(frozen=True, kw_only=True)
class WrongLanguage(Decider):
    """Decide against conversations whose language is not one of `keep`; without a list none is unwanted.

    Reads what `language` measured: with scope conversation the language of the conversation, else that of the
    message. What is `und`, or told with a score below `least_score`, is never decided against.

    >>> frame = pl.DataFrame({"conversation_language": ["de"], "conversation_language_score": [0.98]})
    >>> frame.select(WrongLanguage(keep=("fr", "en")).evidence()).item()
    'language de (0.98) not in fr, en'
    """

    name: ClassVar[str] = "wrong_language"
    keep: tuple[str, ...] = ()
    least_score: float = 0.7

    def __post_init__(self) -> None:
        if not 0 <= self.least_score <= 1:
            raise RecipeError(f"wrong_language.least_score is {self.least_score}; allowed: 0 to 1")
        check_codes(self.keep, "wrong_language.keep")

    def _columns(self) -> tuple[pl.Expr, pl.Expr]:
        column = "conversation_language" if self.scope == "conversation" else "language"
        return pl.col(column), pl.col(f"{column}_score")

    def limits(self) -> dict[str, tuple[float, float]]:
        """The score from which a language counts as told; none where no language is unwanted."""
        return {"least_score": (0.0, 1.0)} if self.keep else {}

    def decide_when(self) -> pl.Expr:
        """Where the language is told well enough and is none of those to keep."""
        language, score = self._columns()
        if not self.keep:
            return language.is_null() & language.is_not_null()  # never, for as many rows as there are
        wanted = [*check_codes(self.keep, "wrong_language.keep"), UNDETERMINED]
        return ~language.is_in(wanted) & (score >= self.least_score)

    def evidence(self) -> pl.Expr:
        """The language, its score, and what was wanted."""
        language, score = self._columns()
        shown = score.map_elements(lambda value: f"{value:.2f}", return_dtype=pl.String)
        wanted = ", ".join(check_codes(self.keep, "wrong_language.keep"))
        return pl.format("language {} ({}) not in {}", language, shown, pl.lit(wanted))
