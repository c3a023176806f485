"""The texts of a conversation with the gender of everyone in it swapped, or the reason why it cannot be.

Strict on purpose: a half-swapped text teaches a model nonsense. Every mention is swapped by the rules or
none is, and what is swapped must come back byte for byte when it is swapped again. Source of the method:
counterfactual data augmentation (Lu et al. 2018, "Gender Bias in Neural Natural Language Processing"), with
names in pairs (Hall Maudslay et al. 2019, "It's All in the Name"), and for a language whose words agree,
Zmigrod et al. 2019 ("Counterfactual Data Augmentation for Mitigating Gender Stereotypes in Languages with
Rich Morphology"), here by rules that would rather leave out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from curate.augment.english import once as english
from curate.augment.french import once as french
from curate.augment.result import REASONS, Swapped
from curate.errors import TamisError


class Language(NamedTuple):
    """Whether a text mentions a gender, and a text swapped once in the light of the one before."""

    mentions: Callable[[str], bool]
    once: Callable[[str, str], Swapped]


LANGUAGES = {
    "en": Language(english.mentions, english.once),
    "fr": Language(french.mentions, french.once),
}
"""Languages with rules."""


def swap(texts: Sequence[str], language: str) -> Swapped:
    """The texts of one conversation, in order, with every gender swapped, or one of REASONS.

    Raises TamisError for a language without rules.

    >>> swap(["I met her and her aunt."], "en").texts
    ('I met him and his uncle.',)
    >>> swap(["Ma voisine est contente."], "fr").texts
    ('Mon voisin est content.',)
    >>> swap(["She is pregnant."], "en").reason
    'fact'
    """
    told = spoken(language)
    if not any(told.mentions(text) for text in texts):
        return Swapped(reason="nothing")
    made = each(texts, told)
    found = {one.reason for one in made} - {"", "nothing"}
    if found:
        return Swapped(reason=min(found, key=REASONS.index))
    if not any(one.texts for one in made):
        return Swapped(reason="nothing")
    new = whole(made, texts)
    again = each(new, told)
    if any(one.reason not in ("", "nothing") for one in again) or whole(again, new) != tuple(texts):
        return Swapped(reason="no_return")
    return Swapped(new)


def mentions(text: str, language: str) -> bool:
    """Whether a text, whatever it is, holds a word or a name of one gender."""
    return spoken(language).mentions(text.replace("_", " "))


def spoken(language: str) -> Language:
    """The rules of a language. Raises TamisError, with what is allowed, where there are none."""
    if language not in LANGUAGES:
        raise TamisError(f"language '{language}' has no rules for swapping; allowed: {', '.join(LANGUAGES)}")
    return LANGUAGES[language]


def each(texts: Sequence[str], told: Language) -> tuple[Swapped, ...]:
    """Each text swapped once, in the light of the one before."""
    return tuple(told.once(text, texts[n - 1] if n else "") for n, text in enumerate(texts))


def whole(made: Sequence[Swapped], texts: Sequence[str]) -> tuple[str, ...]:
    """The new text where there is one, else the old."""
    return tuple(one.texts[0] if one.texts else text for one, text in zip(made, texts, strict=True))
