"""Capitalised words that may be someone's name: known, or a reason to leave a text out."""

from __future__ import annotations

from collections.abc import Sequence

from curate.augment.french.lexicon import lexicon
from curate.augment.french.phrases import DETERMINERS
from curate.augment.french.words import Token

OF_THINGS = frozenset(
    [
        "le",
        "la",
        "l'",
        "les",
        "un",
        "une",
        "du",
        "au",
        "aux",
        "en",
        "votre",
        "notre",
        "mon",
        "ma",
        "ce",
        "cette",
        "carte",
        "forfait",
    ]
)
"""Words after which a capitalised word is a place or a product."""


def unknown_name(said: Sequence[Token]) -> str:
    """`person` for a full name, `name` for one of which no gender is known, or nothing."""
    told = lexicon()
    lows = {one.text for one in said if one.text.islower()}
    for n, token in enumerate(said):
        if not token.capital or (token.low in lows and token.first):
            continue
        then = said[n + 1] if n + 1 < len(said) else None
        titled = n > 0 and (
            said[n - 1].low in told.words["titles"]
            or (
                said[n - 1].capital
                and not known(said[n - 1])
                and n > 1
                and said[n - 2].low in told.words["titles"]
            )
        )
        name = token.low in told.names or token.low in told.other_names or token.low in told.neutral_names
        if name and then is not None and then.capital and then.low not in told.no_names and not titled:
            return "person"
        if titled or known(token) or (token.first and not acts(token, then)):
            continue
        if then is not None and then.capital and not known(then):
            return "person"
        if n and said[n - 1].low in OF_THINGS:
            continue
        if n and said[n - 1].capital and said[n - 1].low in told.no_names and not said[n - 1].first:
            continue
        return "name"
    return ""


def known(token: Token) -> bool:
    """Whether a capitalised word is one that the rules know."""
    told, low = lexicon(), token.low
    return (
        low in told.no_names
        or low in told.neutral_names
        or low in told.names
        or low in told.nouns
        or low in told.owned
        or low in told.words["titles"]
        or low.rstrip("'") in ("j", "l", "d", "c", "m", "n", "s", "t", "qu")
    )


def acts(token: Token, then: Token | None) -> bool:
    """Whether the unknown word that begins a sentence may be someone: known as a name, or before a verb."""
    told, low = lexicon(), token.low
    if low in told.other_names:
        return True
    if (
        then is None
        or not then.word
        or low in DETERMINERS
        or any(
            low in told.words[name]
            for name in ("subjects", "stop", "adverbs", "boundary", "clitics", "be", "have", "modal")
        )
    ):
        return False
    if low.endswith(("ment", "tion", "ez", "ons", "té", "er", "ir")) or then.clitic:
        return False
    return (
        then.low in told.acts
        or then.low in told.may_act
        or then.low in ("est", "était", "a", "avait", "sera", "m'", "n'", "ne", "va", "veut", "peut", "doit")
    )
