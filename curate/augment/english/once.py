"""One English text swapped once, or the reason why it cannot be."""

from __future__ import annotations

import re
from collections.abc import Sequence

from curate.augment import tokens
from curate.augment.english.pronouns import pronoun
from curate.augment.english.rules import Rules, rules
from curate.augment.result import Swapped
from curate.augment.tokens import Word

PRONOUNS = ("her", "hers", "him", "his")
PLURALS = re.compile(r"(?:men|women|s|wives|ladies)\Z")
SINGULAR_IN_S = ("mr", "ms", "actress", "waitress", "stewardess", "heiress", "this")
DETERMINED = frozenset(
    [
        "the",
        "these",
        "those",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "my",
        "your",
        "his",
        "her",
        "our",
        "their",
    ]
)


def mentions(text: str) -> bool:
    """Whether a text, whatever it is, holds a word or a name of one gender."""
    told = rules()
    return any(gendered(word.low, told) for word in tokens.words(text.replace("_", " ")))


def gendered(low: str, told: Rules) -> bool:
    """Whether a word says a gender."""
    return any(
        one in PRONOUNS or one in told.pairs or one in told.no_return or one in told.names
        for one in (low, *low.split("-"))
    )


def once(text: str, earlier: str = "") -> Swapped:
    """One text swapped once, whatever stood before it; whether it comes back is for the caller to see."""
    told = rules()
    plain = tokens.blanked(text, [one.span() for one in tokens.STAND_IN.finditer(text)])
    plain = tokens.blanked(plain, list(tokens.foreign(plain, told.other_languages, told.context["closed"])))
    quoted = tokens.untouched(plain)
    held = any(
        gendered(word.low, told)
        for start, end in quoted
        for word in tokens.words(re.sub(r"[_\d]", " ", told.stays.sub(" ", plain[start:end])))
    )
    open_ = tokens.blanked(plain, quoted)
    open_ = tokens.blanked(open_, [one.span() for one in told.stays.finditer(open_)])
    said = tokens.words(open_)
    reason = refused(open_, said, told)
    if reason:
        return Swapped(reason=reason)
    spots = [n for n, word in enumerate(said) if gendered(word.low, told)]
    if held:
        return Swapped(reason="quoted")
    reason = unknown_name(said, told)
    if reason:
        return Swapped(reason=reason)
    if not spots:
        return Swapped(reason="nothing")
    return replaced(text, said, spots, told)


def replaced(text: str, said: Sequence[Word], spots: Sequence[int], told: Rules) -> Swapped:
    """The text with the words at these places swapped, and the article before them."""
    changes: list[tuple[int, int, str]] = []
    for n in spots:
        word = said[n]
        if word.low in told.no_return and word.text != "Madam":
            return Swapped(reason="no_return")
        new = partner(said, n, told)
        if new is None:
            return Swapped(reason="ambiguous")
        shaped = like(word.text, new)
        if shaped is None:
            return Swapped(reason="no_return")
        if n and word.joined and said[n - 1].low in ("a", "an"):
            article = like(said[n - 1].text, "an" if new[0] in "aeiou" or new.startswith("heir") else "a")
            changes.append((said[n - 1].start, said[n - 1].end, article or said[n - 1].text))
        changes.append((word.start, word.end, shaped))
    for start, end, new in reversed(changes):
        text = text[:start] + new + text[end:]
    return Swapped((text,))


def partner(said: Sequence[Word], n: int, told: Rules) -> str | None:
    """What a word becomes, in lower case; None where that cannot be told."""
    word = said[n]
    if word.low in PRONOUNS:
        return pronoun(said, n, told)
    if word.text in ("Sir", "Madam"):
        return {"Sir": "madam", "Madam": "sir"}[word.text]
    if word.low in told.names:
        return told.names[word.low] if word.text[0].isupper() else None
    if word.low in told.pairs:
        return told.pairs[word.low]
    prefix, _, rest = word.low.partition("-")
    return f"{prefix}-{told.pairs[rest]}" if prefix in told.prefixes and rest in told.pairs else None


def like(word: str, new: str) -> str | None:
    """The new word in the capitals of the old one; None where those are odd.

    >>> like("HE", "she"), like("Aunt", "uncle"), like("sHe", "he")
    ('SHE', 'Uncle', None)
    """
    if word.islower():
        return new
    if word[0].isupper() and word[1:].islower():
        return new[0].upper() + new[1:]
    return new.upper() if word.isupper() and len(word) > 1 else "A" if word == "A" else None


def refused(text: str, said: Sequence[Word], told: Rules) -> str:
    """Why a text is not to be swapped whatever its words are, or nothing. Texts without a mention matter too:
    a conversation about a public person stays about that person."""
    for reason, pattern in told.reasons.items():
        if pattern.search(text):
            return reason
    for n, word in enumerate(said):
        if word.capital and not word.first and word.low in ("he", "him", "his", "she", "her"):
            return "person"  # a capital inside a sentence: a deity, or a title
        plural = word.low in told.pairs and PLURALS.search(word.low) and word.low not in SINGULAR_IN_S
        before = {one.low for one in said[max(0, n - 2) : n]} if word.joined else set()
        if plural and not before & DETERMINED and not any(one.isdigit() for one in before):
            return "group"
    return ""


def unknown_name(said: Sequence[Word], told: Rules) -> str:
    """`person` for a full name, `name` for a name of which no gender is known, or nothing."""
    lows = {word.text for word in said if word.text.islower()}
    for n, word in enumerate(said):
        if not word.capital or len(word.text) < 2:
            continue
        then = said[n + 1] if n + 1 < len(said) and said[n + 1].joined else None
        titled = n > 0 and said[n - 1].low in told.titles
        known = known_capital(word, told)
        if then and then.capital and len(then.text) > 1 and word.low not in told.titles:
            if word.text == "Sir" or (word.low in told.names and not ordinary(then, told)):
                return "person"
            if not known_capital(then, told) and not titled:
                return "name" if ordinary(word, told) else "person"
        if word.low in told.other_names and not titled and not (word.first and word.low in lows):
            return "name"
        if known or titled or (word.first and not acts(word, then, lows, told)):
            continue
        return "name"
    return ""


def ordinary(word: Word, told: Rules) -> bool:
    """Whether a capitalised word is a function word or a day, a place, a language."""
    return word.low in told.context["closed"] or word.low in told.no_names


def acts(word: Word, then: Word | None, lows: set[str], told: Rules) -> bool:
    """Whether the unknown word that begins a sentence may be someone: it is followed by what someone does."""
    if then is None or word.low in told.starters or word.low in told.context["closed"] or word.low in lows:
        return False
    if word.low.endswith(("ing", "tion", "ness", "ment", "ity", "ly", "es", "ers")):
        return False
    return then.low in told.says or then.low in ("then", "never", "always") or then.low.endswith(("ed", "ly"))


def known_capital(word: Word, told: Rules) -> bool:
    """Whether a capitalised word is one that the rules know."""
    return (
        word.low in told.no_names
        or word.low in told.neutral_names
        or word.low in told.titles
        or gendered(word.low, told)
    )
