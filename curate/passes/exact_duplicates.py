"""`exact_duplicates`: of conversations that say the same, the first stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from curate.errors import RecipeError
from curate.passes.base import GlobalPass, Texts


@dataclass(frozen=True, kw_only=True)
class ExactDuplicates(GlobalPass):
    """Keep the first of the conversations that say the same, and decide against the others.

    The same: equal roles, equal texts and tool calls, in equal order, read without regard to case, white
    space or typographic quotes. System messages are no evidence, nor are the ids by which calls and answers
    find each other. Branches of one tree are not each other's duplicates; a conversation in which nothing
    but the system speaks has none.

    `keep_all_below`: conversations of fewer characters than this all stay, however often they recur (0:
    none). Set it where the frequency of short exchanges is something to learn. Raises RecipeError where it
    is negative.

    >>> ExactDuplicates(keep_all_below=40).name
    'exact_duplicates'
    """

    name: ClassVar[str] = "exact_duplicates"
    keep_all_below: int = 0

    def __post_init__(self) -> None:
        check_keep_all_below(self.name, self.keep_all_below)

    def limits(self) -> dict[str, tuple[float, float]]:
        """Below how many characters all stay."""
        return {"keep_all_below": (0, 5_000)}

    def survey(self, batch: pl.DataFrame) -> pl.DataFrame:
        """No rows: the table of conversations holds all that is needed."""
        return pl.DataFrame(schema={"conversation": pl.UInt32, "key": pl.UInt64})

    def pair(self, rows: pl.DataFrame, texts: Texts) -> pl.DataFrame:
        """No pairs."""
        return pl.DataFrame(schema={"a": pl.UInt64, "b": pl.UInt64, "jaccard": pl.Float64})

    def settle(self, pairs: pl.DataFrame, conversations: pl.DataFrame) -> pl.DataFrame:
        """Of alive conversations of equal content all but the first: `id`, `duplicate_of`, `jaccard` (1)."""
        from curate.dedup.settling import settle_exact

        return settle_exact(conversations, self.keep_all_below)

    def concerns(self, pairs: pl.DataFrame, conversations: pl.DataFrame) -> pl.Series:
        """Those whose content another has too."""
        from curate.dedup.settling import with_partners

        return with_partners(pairs.clear(), conversations)

    def reason(self) -> pl.Expr:
        """`same as c17`."""
        return pl.format("same as {}", pl.col("other"))


def check_keep_all_below(name: str, value: int) -> None:
    """Raises RecipeError for a number of characters below 0."""
    if value < 0:
        raise RecipeError(
            f"{name}.keep_all_below is {value}, must be 0 or more characters; 0 keeps none extra"
        )
