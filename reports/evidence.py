"""Reasons in the language of the page: what passes and readers say in English, translated by its structure.

A sentence of `reasons_<lang>.toml` has places ({a}) for names and numbers; rule names and values stay,
numbers take the form of the language. What no sentence fits stays, with its numbers in that form.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources

from reports.words import Words, bound

TURN = re.compile(r"turn (\d+): (.*)", re.DOTALL)
CONDITION = re.compile(r"(.*; )?condition (.+)", re.DOTALL)
DECIMAL = re.compile(r"(?<![\w.])(\d+)\.(\d+)(?![\w.])")
PLACE = re.compile(r"\{(\w+)\}")


def reason(text: str, words: Words) -> str:
    r"""A reason as the page's language says it.

    >>> from reports.words import load
    >>> reason("turn 3: toxicity 0.93 > 0.80", load("fr"))
    'tour 3\u202f: toxicité 0,93 > 0,80'
    >>> reason("near-duplicate of c17 (jaccard 0.91)", load("fr"))
    'quasi-doublon de c17 (jaccard 0,91)'
    >>> reason("near-duplicate of c17 (jaccard 0.91)", load("en"))
    'near-duplicate of c17 (jaccard 0.91)'
    """
    if words.lang == "en":
        return text
    reached = TURN.fullmatch(text)
    if reached:
        return f"{words('reasons.turn', turn=int(reached[1]))}\u202f: {reason(reached[2], words)}"
    for pattern, said in sentences(words.lang):
        found = pattern.fullmatch(text)
        if found:
            return said.format_map(
                {key: placed(key, value, words) for key, value in found.groupdict().items()}
            )
    return ruled(text, words)


def placed(key: str, value: str, words: Words) -> str:
    """What stands in a place: an id (`id`, `ids`) as it is, a kind of JSON value (`kind`) by its name."""
    if key == "kind":
        return said_in(words.lang)["kinds"].get(value, value)
    return value if key.startswith("id") else localised(value, words)


def ruled(text: str, words: Words) -> str:
    """The evidence of a written rule: values of columns, then the condition as it was written."""
    written = CONDITION.fullmatch(text)
    if not written:
        return localised(text, words)
    values = localised(written[1] or "", words).replace("; ", "\u202f; ")
    return f"{values}condition {written[2]}"


def localised(text: str, words: Words) -> str:
    """The text with the decimal numbers in it as the language writes them; ids and versions stay."""
    return DECIMAL.sub(rf"\1{words.get('number.decimal')}\2", text)


@cache
def sentences(lang: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """The sentences of a language: what is met in English, and what is said instead."""
    return tuple((compiled(english), said) for english, said in said_in(lang)["said"].items())


@cache
def said_in(lang: str) -> dict[str, dict[str, str]]:
    """The tables of reasons_<lang>.toml: sentences, and kinds of JSON values."""
    text = resources.files("reports").joinpath(f"reasons_{lang}.toml").read_text(encoding="utf-8")
    found: dict[str, dict[str, str]] = tomllib.loads(text)
    return {name: {english: bound(told) for english, told in own.items()} for name, own in found.items()}


def compiled(english: str) -> re.Pattern[str]:
    """A pattern of a sentence with places."""
    pieces = PLACE.split(english)
    told = "".join(re.escape(one) if i % 2 == 0 else f"(?P<{one}>.+?)" for i, one in enumerate(pieces))
    return re.compile(told, re.DOTALL)
