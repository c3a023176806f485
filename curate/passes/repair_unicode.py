"""Rewrite: puts wrongly decoded and hidden characters right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from curate.passes.base import Rewrite
from curate.unicode.repair import needs_repair, repair


@dataclass(frozen=True, kw_only=True)
class RepairUnicode(Rewrite):
    r"""Put right mojibake, control characters and characters that nobody sees.

    `Ã©` becomes `é`; NUL and other controls go; so do zero-width spaces, bidirectional overrides and the
    tag characters in which prompts are hidden; letters are composed (NFC). Left alone: curly quotes, wide
    punctuation, ligatures, fractions, and the joiners and selectors that scripts and emoji need.

    >>> RepairUnicode().rewrite(pl.Series(["dÃ©jÃ\xa0 vu", "你好，世界！"])).to_list()
    ['déjà vu', '你好，世界！']
    """

    name: ClassVar[str] = "repair_unicode"

    def candidates(self) -> pl.Expr:
        """Texts with a mark of mojibake, a control, or a character that is hidden or may be composed."""
        return needs_repair(pl.col("text"))

    def rewrite(self, texts: pl.Series) -> pl.Series:
        """The repaired texts, as many as given."""
        return pl.Series(texts.name, [repair(text) for text in texts], dtype=pl.String)
