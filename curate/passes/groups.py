"""`groups`: which groups of people each message mentions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from curate.passes.base import Measure


@dataclass(frozen=True, kw_only=True)
class Groups(Measure):
    """Name the groups of people that each message mentions, in the column `groups`.

    Groups and their terms are those of the bias audit (rules/identity_terms, English and French), parted by
    blanks in the rules' order; null where none is mentioned. What a text mentions is not who wrote it. Where
    the recipe measures `language` before, terms are those of the message's language.

    >>> from curate.schema import messages
    >>> said = ["My mother is a Muslim woman.", "Hello"]
    >>> chat = messages({"conversation_id": ["a", "a"], "role": ["user", "assistant"], "text": said})
    >>> Groups()(chat)["groups"].to_list()
    ['gender.women religion.muslims', None]
    """

    name: ClassVar[str] = "groups"

    def measure(self, batch: pl.DataFrame) -> pl.DataFrame:
        """`groups`."""
        languages = batch["language"] if "language" in batch.columns else None
        return pl.DataFrame(mentioned(batch["text"], languages))


def mentioned(texts: pl.Series, languages: pl.Series | None) -> pl.Series:
    """The keys of the groups that each text mentions, parted by blanks; null for none."""
    from curate.bias.matching import group_keys, matches

    keys = group_keys()
    order = pl.DataFrame({"means": keys}).with_row_index("place")
    found = matches(texts, languages).filter(pl.col("kind") == "group").select("row", "means").unique()
    named = found.join(order, on="means").sort("row", "place").group_by("row", maintain_order=True)
    told = named.agg(pl.col("means").str.join(" ").alias("groups"))
    rows = pl.DataFrame({"row": range(len(texts))}, schema={"row": pl.UInt32})
    return rows.join(told, on="row", how="left", maintain_order="left")["groups"]
