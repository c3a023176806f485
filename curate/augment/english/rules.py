"""What the English rules say of swapping, read whole from `rules/counterfactual/en.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from curate.errors import TamisError


@dataclass(frozen=True)
class Rules:
    """The English rules, ready to look up."""

    pairs: Mapping[str, str]
    names: Mapping[str, str]
    """Given names in lower case and what they become."""
    other_names: frozenset[str]
    """Given names without a partner."""
    neutral_names: frozenset[str]
    no_names: frozenset[str]
    no_return: frozenset[str]
    titles: frozenset[str]
    prefixes: frozenset[str]
    says: frozenset[str]
    starters: frozenset[str]
    other_languages: frozenset[str]
    context: Mapping[str, frozenset[str]]
    stays: re.Pattern[str]
    reasons: Mapping[str, re.Pattern[str]]


@cache
def rules() -> Rules:
    """The English rules.

    >>> rules().pairs["aunt"]
    'uncle'
    """
    place = files("rules").joinpath("counterfactual", "en.toml")
    told = tomllib.loads(place.read_text("utf-8"))
    return Rules(
        pairs=both_ways(told["pairs"]),
        names=both_ways([[one.lower(), other.lower()] for one, other in told["names"]]),
        other_names=words(told["other_names"].lower()),
        neutral_names=frozenset(one.lower() for one in told["neutral_names"]),
        no_names=words(told["no_names"].lower()),
        no_return=frozenset(told["no_return"]),
        titles=frozenset(told["titles"]),
        prefixes=frozenset(told["prefixes"]),
        says=words(told["says"]),
        starters=words(told["starters"]),
        other_languages=words(told["other_languages"]["words"]),
        context={name: words(told["context"][name]) for name in told["context"]},
        stays=re.compile(rf"(?<![\w-])(?:{'|'.join(told['stays'])})(?![\w-])", re.IGNORECASE),
        reasons={name: re.compile("|".join(these), re.IGNORECASE) for name, these in told["reasons"].items()},
    )


def both_ways(pairs: list[list[str]]) -> dict[str, str]:
    """Each word and its partner. Raises TamisError where a word has two: it could not come back."""
    found: dict[str, str] = {}
    for one, other in pairs:
        for word, instead in ((one, other), (other, one)):
            if word in found:
                raise TamisError(
                    f"rules/counterfactual/en.toml: '{word}' stands in two pairs; keep one of them"
                )
            found[word] = instead
    return found


def words(told: str) -> frozenset[str]:
    """The words of a list in one string."""
    return frozenset(told.split())
