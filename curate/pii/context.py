"""The words around a number that say what it is: "tel", "order no", a key of a JSON field."""

from __future__ import annotations

import re
from functools import lru_cache

from curate.pii.rules import rules

REACH = 40
"""Characters before a number in which a word speaks for it; another number between them cuts it off."""
CUTS = re.compile(r"[0-9<>]")


def before(text: str, start: int, field: str = "") -> str:
    """The words shortly before `start`, lower case; those of the JSON field where the text begins with it.

    >>> before("Order 12, call me on 06", 21), before("06", 0, "phone")
    (', call me on ', 'phone: ')
    """
    near = text[max(0, start - REACH) : start]
    if field and start <= REACH:
        near = f"{field}: {near}"
    return CUTS.split(near)[-1].lower().replace("_", " ")


def after(text: str, stop: int) -> str:
    """The few characters after `stop`, lower case."""
    return text[stop : stop + 16].lower()


def says(words: str, near: str) -> bool:
    """Whether one word of the rules' list `words` stands in `near`.

    >>> says("phone.before", "mon telephone : "), says("phone.before", "i recall ")
    (True, False)
    """
    return anywhere(words).search(near) is not None


def ends_with(words: str, near: str) -> bool:
    """Whether `near` ends with a word of the list, signs such as `:`, `#`, `no` aside.

    >>> ends_with("phone.not_after", "votre commande n° "), ends_with("phone.not_after", "order or call ")
    (True, False)
    """
    return at_end(words).search(near) is not None


def begins_with(words: str, near: str) -> bool:
    """Whether `near` begins with a word of the list, signs aside."""
    return at_begin(words).match(near) is not None


def alternatives(words: str) -> str:
    """The words of a list as one group of a regular expression, longest first."""
    listed = sorted(rules().words[words], key=lambda word: (-len(word), word))
    return (
        "(?:"
        + "|".join(re.escape(word).replace(r"\ ", r"\s+").replace("_", r"[ _]") for word in listed)
        + ")"
    )


@lru_cache(maxsize=32)
def anywhere(words: str) -> re.Pattern[str]:
    """Pattern of a list's words as whole words."""
    return re.compile(rf"(?<![a-z]){alternatives(words)}(?![a-z])")


@lru_cache(maxsize=32)
def at_end(words: str) -> re.Pattern[str]:
    """Pattern of a list's words right before what follows."""
    filler = r"(?:\s*(?:is|was|est|no\.?|nr\.?|num\.?|numero|number|n\s?°|n\s?º|id|[:#=\"'(\[.,-]))*\s*$"
    return re.compile(rf"(?<![a-z]){alternatives(words)}s?{filler}")


@lru_cache(maxsize=32)
def at_begin(words: str) -> re.Pattern[str]:
    """Pattern of a list's words right after what precedes."""
    return re.compile(rf"[\s(\-:]{{1,3}}{alternatives(words)}(?![a-z])")
