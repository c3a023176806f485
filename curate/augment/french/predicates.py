"""What follows a verb and agrees with its subject: adjectives, participles, nouns, one after another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from curate.augment.french.lexicon import adjective, lexicon, noun
from curate.augment.french.phrases import DEGREES, may_agree
from curate.augment.french.subjects import Subject, adverb
from curate.augment.french.words import Token

JOINS = ("et", "ou", "mais", "ni", ",")


@dataclass(slots=True)
class Chain:
    """What is said of a subject: `words` are the adjectives, participles and nouns that agree with it."""

    subject: Subject
    words: list[int] = field(default_factory=list)
    fixed: list[int] = field(default_factory=list)
    """Participles that agree with nobody: their object comes after them."""
    verb: int = -1
    """The verb's last word."""
    unread: int = -1
    """A word right after the verb that may have to agree and is not known."""


def predicate(said: Sequence[Token], p: int) -> tuple[list[int], int]:
    """The words that agree, from token `p` on, and an unknown word in their place, or -1."""
    told = lexicon()
    words: list[int] = []
    k = p
    while k < len(said):
        j = k
        if words and said[j].low in JOINS:
            j += 1
        while j < len(said) and (
            said[j].low in told.words["adverbs"]
            or said[j].low in DEGREES
            or (said[j].clitic and not words)
            or adverb(said[j])
            or (said[j].low == "un" and j + 1 < len(said) and said[j + 1].low == "peu")
            or (said[j].low in ("tout", "toute") and j + 1 < len(said) and bool(adjective(said[j + 1].low)))
        ):
            j += 1
        if j >= len(said) or not said[j].word or said[j].clitic or (said[j].first and j > p):
            break
        low = said[j].low
        joined = j > k and said[k].low in JOINS
        agrees = (noun(low) or adjective(low)) and low not in told.words["stop"]
        if not agrees:
            first = not words and may_be_predicate(said[j])
            after_noun = bool(words) and noun(said[words[-1]].low) is not None and may_agree(said[j])
            unread = j if not joined and (first or after_noun) else -1
            return words, unread
        if joined and said[k].low == "," and not closes(said, j):
            break
        words.append(j)
        k = j + 1
    return words, -1


def closes(said: Sequence[Token], j: int) -> bool:
    """Whether an enumeration goes on or ends after token `j`."""
    return j + 1 >= len(said) or said[j + 1].kind == "mark" or said[j + 1].low in ("et", "ou")


def may_be_predicate(token: Token) -> bool:
    """Whether an unknown word after the verb may be an adjective."""
    told = lexicon().words
    return (
        token.text.islower()
        and token.low not in told["stop"]
        and token.low not in told["prepositions"]
        and token.low not in told["boundary"]
        and not token.low.endswith(("er", "ir", "oir"))
    )
