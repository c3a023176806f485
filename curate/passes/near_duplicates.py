"""`near_duplicates`: of conversations that say nearly the same, the longest stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from curate.errors import RecipeError
from curate.passes.base import GlobalPass, Texts
from curate.passes.exact_duplicates import check_keep_all_below


@dataclass(frozen=True, kw_only=True)
class NearDuplicates(GlobalPass):
    """Keep the longest of conversations that say nearly the same, and decide against the others.

    Nearly the same: what the user said, what the assistant said and what tools answered have each a Jaccard
    of `limit` or more, over runs of five characters read without regard to case, white space or typographic
    quotes. A side that only one of two has makes them different; system messages are no evidence.
    Candidates come from MinHash signatures of `permutations` words, and every pair is verified on the texts.
    One goes only where another that stays is at or above the limit to it, never through a chain.

    `shared_above`: messages that more different conversations than this say (greetings, signatures, canned
    answers) are not enough: two conversations must be alike, if less so, in what is left without them (0: no
    message is so). `keep_all_below`: conversations of fewer characters than this all stay. Raises
    RecipeError for a limit outside 0.5 to 1, permutations outside 16 to 1024, a negative number.

    >>> NearDuplicates().floor
    0.7
    """

    name: ClassVar[str] = "near_duplicates"
    limit: float = 0.8
    permutations: int = 128
    shared_above: int = 50  # type: ignore[misc]  # an option here, a constant of passes without
    keep_all_below: int = 0

    def __post_init__(self) -> None:
        if not 0.5 <= self.limit <= 1.0:
            raise RecipeError(f"near_duplicates.limit is {self.limit}, must be from 0.5 to 1; 0.8 is usual")
        if not 16 <= self.permutations <= 1024:
            wrong = f"near_duplicates.permutations is {self.permutations}, must be from 16 to 1024"
            raise RecipeError(f"{wrong}; 128 is usual")
        if self.shared_above < 0:
            wrong = f"near_duplicates.shared_above is {self.shared_above}, must be 0 or more conversations"
            raise RecipeError(f"{wrong}; 0 takes every message as evidence")
        check_keep_all_below(self.name, self.keep_all_below)

    @property
    def floor(self) -> float:
        """Pairs are stored down to this Jaccard, so that the limit can be moved without measuring again."""
        return round(max(0.5, self.limit - 0.1), 6)

    def measured_by(self, stored: NearDuplicates) -> bool:
        """Whether the pairs that `stored` made serve this limit: not below its floor."""
        same = ("permutations", "shared_above")
        return self.limit >= stored.floor and all(getattr(self, n) == getattr(stored, n) for n in same)

    def limits(self) -> dict[str, tuple[float, float]]:
        """How alike, down to the floor of what is stored; below how many characters all stay."""
        return {"limit": (self.floor, 1.0), "keep_all_below": (0, 5_000)}

    def survey(self, batch: pl.DataFrame) -> pl.DataFrame:
        """A row per conversation and band: `conversation`, `key`, `content`, `characters`; 24 bytes each.

        A conversation in which nothing is said has none.
        """
        from curate.dedup.survey import survey_bands

        return survey_bands(batch, self.limit, self.permutations)

    def pair(self, rows: pl.DataFrame, texts: Texts) -> pl.DataFrame:
        """The verified pairs among rows that share a key, down to the floor; `texts` gives `parts` too."""
        from curate.dedup.pairs import verified_pairs

        return verified_pairs(rows, texts, self.floor, self.limit)

    def tally(self, batch: pl.DataFrame) -> pl.DataFrame | None:
        """A row per message and conversation; None where every message is evidence."""
        from curate.dedup.shared import tally_messages

        return tally_messages(batch) if self.shared_above else None

    def pair_without(self, rows: pl.DataFrame, texts: Texts, shared: pl.Series) -> pl.DataFrame:
        """The verified pairs that are alike in what is not shared as well."""
        from curate.dedup.shared import alike_without_shared

        return alike_without_shared(self.pair(rows, texts), texts, shared)

    def settle(self, pairs: pl.DataFrame, conversations: pl.DataFrame) -> pl.DataFrame:
        """Who goes by pairs at or above the limit: `id`, `duplicate_of` (alive, stays), `jaccard`."""
        from curate.dedup.settling import settle_near

        return settle_near(pairs, conversations, self.limit, self.keep_all_below)

    def concerns(self, pairs: pl.DataFrame, conversations: pl.DataFrame) -> pl.Series:
        """Those of a pair, and those whose content another has too."""
        from curate.dedup.settling import with_partners

        return with_partners(pairs, conversations)

    def reason(self) -> pl.Expr:
        """`near-duplicate of c17 (jaccard 0.91)`, two decimals, rounded down: never above what it is."""
        hundredths = (pl.col("jaccard") * 100 + 1e-9).floor().cast(pl.Int64)
        shown = pl.format("{}.{}", hundredths // 100, (hundredths % 100).cast(pl.String).str.zfill(2))
        return pl.format("near-duplicate of {} (jaccard {})", pl.col("other"), shown)
