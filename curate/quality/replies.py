"""Replies that teach nothing, by what they say: the sentences in rules/replies.toml."""

from __future__ import annotations

import functools
import tomllib
from importlib import resources

import polars as pl

_FENCE = r"(?m)^[ \t>]*```[^`\n]*$"
_SENTENCE = r"[.!?](?:\s|\z)"


@functools.cache
def _rules() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads(resources.files("rules").joinpath("replies.toml").read_text("utf-8"))


def failed(text: pl.Expr) -> pl.Expr:
    """Whether the text is a service's error or a kept place instead of a reply.

    >>> said = pl.DataFrame({"text": ["[object Object]", "502 Bad Gateway", "None of them, sorry."]})
    >>> said.select(failed(pl.col("text"))).to_series().to_list()
    [True, True, False]
    """
    rules = _rules()["failed"]
    whole, start = "|".join(rules["whole"]), "|".join(rules["start"])
    short = text.str.len_bytes() < 200
    exact = short & text.str.contains(rf"(?i)\A[\s\"'.!*_]*(?:{whole})[\s\"'.!*_]*\z")
    return exact | text.str.head(200).str.contains(rf"(?i)\A[\s\"'*_]*(?:{start})")


def refuses(text: pl.Expr) -> pl.Expr:
    """Whether the text begins like a refusal.

    >>> said = pl.DataFrame({"text": ["I'm sorry, but I can't help with that.", "I can't believe it works!"]})
    >>> said.select(refuses(pl.col("text"))).to_series().to_list()
    [True, False]
    """
    start = "|".join(_rules()["refusal"]["start"])
    return (
        text.str.head(160)
        .str.replace_all("’", "'", literal=True)
        .str.contains(rf"(?i)\A[\s\"'*_]*(?:{start})")
    )


def cut_off(text: pl.Expr) -> pl.Expr:
    """Whether the text stops in the middle: an open code fence, or long prose that ends inside a sentence.

    Lists, tables, titles and short texts without a full stop are not cut off.

    >>> said = pl.DataFrame({"text": ["```py\\nx = 1", "Thanks, that fixed it", "```py\\nx\\n```"]})
    >>> said.select(cut_off(pl.col("text"))).to_series().to_list()
    [True, False, False]
    """
    fences = text.str.count_matches(_FENCE) % 2 == 1
    sentences = text.str.count_matches(_SENTENCE) >= 3
    last = text.str.strip_chars_end().str.tail(91)
    inside = last.str.contains(r"[\p{Ll},]\z") & ~last.str.contains("[\n.!?:。]")
    return fences | ((text.str.len_bytes() >= 400) & inside & sentences)
