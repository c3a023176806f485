"""Reasons in the language of the page: what passes and readers say in English, translated by its structure.

A sentence of `reasons_<lang>.toml` has places ({a}) for names and numbers; rule names and values stay,
numbers take the form of the language. What no sentence fits stays, with its numbers in that form.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources

from reports.words import Words

TURN = re.compile(r"turn (\d+): (.*)", re.DOTALL)
CONDITION = re.compile(r"(.*; )?condition (.+)", re.DOTALL)
DECIMAL = re.compile(r"(?<![\w.])(\d+)\.(\d+)(?![\w.])")
PLACE = re.compile(r"\{(\w+)\}")


def reason(text: str, words: Words) -> str:
    """A reason as the page's language says it.

    >>> from reports.words import load
    >>> reason("turn 3: toxicity 0.93 > 0.80", load("fr"))
    'tour 3 : toxicité 0,93 > 0,80'
    >>> reason("near-duplicate of c17 (jaccard 0.91)", load("fr"))
    'quasi-doublon de c17 (jaccard 0,91)'
    >>> reason("near-duplicate of c17 (jaccard 0.91)", load("en"))
    'near-duplicate of c17 (jaccard 0.91)'
    """
    if words.lang == "en":
        return text
    reached = TURN.fullmatch(text)
    if reached:
        return f"{words('reasons.turn', turn=int(reached[1]))} : {reason(reached[2], words)}"
    for pattern, said in sentences(words.lang):
        found = pattern.fullmatch(text)
        if found:
            told = {k: v if k == "id" else localised(v, words) for k, v in found.groupdict().items()}
            return said.format_map(told)
    return ruled(text, words)


def ruled(text: str, words: Words) -> str:
    """The evidence of a written rule: values of columns, then the condition as it was written."""
    written = CONDITION.fullmatch(text)
    if not written:
        return localised(text, words)
    values = localised(written[1] or "", words).replace("; ", " ; ")
    return f"{values}condition {written[2]}"


def localised(text: str, words: Words) -> str:
    """The text with the decimal numbers in it as the language writes them; ids and versions stay."""
    return DECIMAL.sub(rf"\1{words.get('number.decimal')}\2", text)


@cache
def sentences(lang: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """The sentences of a language: what is met in English, and what is said instead."""
    text = resources.files("reports").joinpath(f"reasons_{lang}.toml").read_text(encoding="utf-8")
    told = tomllib.loads(text)["said"]
    return tuple((compiled(english), said) for english, said in told.items())


def compiled(english: str) -> re.Pattern[str]:
    """A pattern of a sentence with places."""
    pieces = PLACE.split(english)
    told = "".join(re.escape(one) if i % 2 == 0 else f"(?P<{one}>.+?)" for i, one in enumerate(pieces))
    return re.compile(told, re.DOTALL)
