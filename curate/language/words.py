"""What of a message is in a language: its words, without code, addresses, names with @, digits and signs."""

from __future__ import annotations

import polars as pl

LONGEST = 100
"""Characters looked at: the model gains nothing from more, and its time grows with them."""


def spoken(text: pl.Expr) -> pl.Expr:
    """The words of a message in lower case (capitals halve the accuracy), at most `LONGEST` characters.

    >>> said = pl.DataFrame({"text": ["See https://x.org @bob: C'EST `x = 1` 12 👍"]})
    >>> said.select(spoken(pl.col("text"))).item()
    "see c'est"
    """
    fenced = text.str.contains("`", literal=True) | text.str.contains("~~~", literal=True)
    code = r"(?s)```.*?(?:```|\z)|~~~.*?(?:~~~|\z)|`[^`\n]*`"
    prose = pl.when(fenced).then(text.str.replace_all(code, " ")).otherwise(text).str.slice(0, 4 * LONGEST)
    names = r"\S*(?:://|www\.)\S*|\S*@\S+|<[^<>\s]{1,80}>"
    return (
        prose.str.replace_all(names, " ")
        .str.replace_all(r"[^\p{L}\p{M}'’\x{200c}]+", " ")
        .str.to_lowercase()
        .str.strip_chars(" '’")
        .str.slice(0, LONGEST)
    )


def weight(words: pl.Expr) -> pl.Expr:
    """How much a message's words can tell, 0 to 1: all from 24 bytes of UTF-8 (8 ideographs) on."""
    return (words.str.len_bytes().cast(pl.Float64) / 24.0).clip(0.0, 1.0)
