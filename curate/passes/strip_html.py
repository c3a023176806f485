"""Rewrite: HTML as plain text."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import ClassVar

import polars as pl

from curate import schema
from curate.markup.asked import is_asked_for
from curate.markup.rules import markup
from curate.markup.strip import strip
from curate.passes.base import Rewrite
from curate.unicode.repair import needs_repair


@dataclass(frozen=True, kw_only=True)
class StripHtml(Rewrite):
    r"""Write HTML as plain text, and leave code that looks like HTML alone.

    Blocks become lines, links `[text](address)`, `pre` a fence, lists, quotes and tables their Markdown;
    scripts and styles go; entities are decoded where a semicolon closes them. A text counts as HTML when it
    holds a closed pair of known tags, a line break tag, or a known tag with a known attribute, outside code.
    Tags and entities that are talked of stay ("use <br>"), and so does markup that is the answer: where the
    conversation spoke of HTML, where a sentence announces code, or where an assistant gives a page.
    `drop_quoted` also takes away the answered message below a mail.

    >>> StripHtml().rewrite(pl.Series(["<p>Caf&eacute;</p><p>ok</p>", "Map<String, T> <3"])).to_list()
    ['Café\n\nok', 'Map<String, T> <3']
    """

    name: ClassVar[str] = "strip_html"
    drop_quoted: bool = False

    def candidates(self) -> pl.Expr:
        """Texts with a tag that may show markup, a reference, or brackets beside hidden characters.

        Less those whose markup the conversation asked for: the text alone does not tell them from a mail.
        """
        found = self._marked()
        assistant, opens = pl.col("role") == "assistant", schema.opens()
        return found & ~pl.map_batches(
            [pl.col("text"), assistant, opens, found],
            lambda given: is_asked_for(*given, without_quoted=self.drop_quoted),
            return_dtype=pl.Boolean,
        )

    def _marked(self) -> pl.Expr:
        text = pl.col("text")
        tag = text.str.contains("<", literal=True) & text.str.contains(_tag_pattern())
        reference = text.str.contains("&", literal=True) & text.str.contains(_reference_pattern())
        veiled = text.str.contains("[<&]") & needs_repair(text)
        if not self.drop_quoted:
            return tag | reference | veiled
        return tag | reference | veiled | text.str.contains(f"(?m)^[ \\t>*_]*(?:{markup().intro})")

    def rewrite(self, texts: pl.Series) -> pl.Series:
        """The texts without markup, as many as given."""
        out = [strip(text, without_quoted=self.drop_quoted) for text in texts]
        return pl.Series(texts.name, out, dtype=pl.String)


@functools.cache
def _tag_pattern() -> str:
    rules = markup()
    strong, single = ("|".join(sorted(names)) for names in (rules.strong, rules.single))
    return rf"(?i)</(?:{strong})\s*>|<(?:{single})[\s/>]|<(?:{strong})\s[^<>]*="


@functools.cache
def _reference_pattern() -> str:
    return rf"&(?:#[0-9]{{1,7}}|#[xX][0-9a-fA-F]{{1,6}}|{'|'.join(sorted(markup().entities))});"
