"""Language codes: labels of models as ISO 639-1 codes, and which codes there are."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterable
from importlib import resources

from curate.errors import RecipeError, unknown

UNDETERMINED = "und"
"""ISO 639-2 code of a text in which no language can be told."""


@functools.cache
def _rules() -> dict[str, dict[str, str]]:
    read = tomllib.loads(resources.files("rules").joinpath("languages.toml").read_text("utf-8"))
    return {
        "three": read["three_letters"] | read["members"],
        "lid176": read["lid176"],
        "others": dict.fromkeys(read["others"]["codes"], ""),
    }


@functools.cache
def code(label: str) -> str:
    """The code of a model's label: ISO 639-1 where there is one, else the label's own three letters.

    >>> code("__label__fr"), code("__label__fra_Latn"), code("__label__yue"), code("zh-Hant")
    ('fr', 'fr', 'zh', 'zh')
    """
    name = label.removeprefix("__label__")
    first = name.replace("-", "_").split("_")[0].lower()
    if "_" not in name and first in _rules()["lid176"]:  # labels with a script follow ISO strictly
        return _rules()["lid176"][first]
    return _rules()["three"].get(first, first)


@functools.cache
def codes() -> frozenset[str]:
    """Every code that can be asked for."""
    rules = _rules()
    return frozenset(rules["three"].values()) | frozenset(rules["others"]) | frozenset(rules["three"])


def check_codes(given: Iterable[str], where: str) -> tuple[str, ...]:
    """The codes as they are written in the column; raises RecipeError for one that no language has.

    >>> check_codes(["fr", "eng"], "language.allowed")
    ('fr', 'en')
    """
    out = []
    for one in given:
        if one.lower() not in codes():
            raise RecipeError(
                unknown("language", one, codes(), where, "codes are ISO 639-1: en, fr, de, zh")
                if len(one) <= 3
                else f"unknown language '{one}' in {where}; use its ISO 639-1 code, such as en, fr, de, zh"
            )
        out.append(code(one.lower()))
    return tuple(dict.fromkeys(out))
