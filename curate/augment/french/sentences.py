"""What a sentence says of whom: what agrees with the subject of `être` and of its like."""

from __future__ import annotations

from collections.abc import Sequence

from curate.augment.french.appositions import appositions
from curate.augment.french.lexicon import adjective, lexicon
from curate.augment.french.phrases import Phrase
from curate.augment.french.predicates import Chain, predicate
from curate.augment.french.subjects import Subject, adverb, subject
from curate.augment.french.words import Token

REFLEXIVE = ("s'", "se", "m'", "me", "t'", "te", "vous")
LINKED = ("sens", "sent", "sentais", "sentait", "sentez", "sentirai", "sentirait", "sentirais")
"""Verbs that say how someone is only with a reflexive pronoun."""


def chains(said: Sequence[Token], found: Sequence[Phrase]) -> list[Chain]:
    """All chains of a text in order."""
    told, heads = lexicon().words, {one.head for one in found}
    made: list[Chain] = []
    for n, token in enumerate(said):
        if not token.word or token.clitic or n in heads:
            continue
        start = verb_start(said, n)
        if start is None:
            continue
        words, unread = predicate(said, n + 1)
        if token.low in told["be"] and n + 1 < len(said) and said[n + 1].low == "été":
            continue
        fixed: list[int] = []
        if reflexive(said, start) and unagreed(said, words):
            words, fixed = words[1:], words[:1]
            if words:
                made.append(Chain(Subject("unknown"), words, fixed, n))
                continue
        made.append(Chain(subject(said, found, start), words, fixed, n, unread))
    return [*appositions(said, found), *made]


def verb_start(said: Sequence[Token], n: int) -> int | None:
    """Where the verb group begins whose last word, at `n`, says how someone is; None for any other word."""
    told, low = lexicon().words, said[n].low
    if low in ("été", "semblé", "paru"):
        k = back(said, n - 1)
        return k if k >= 0 and said[k].low in told["have"] else None
    if low in ("être", "rester", "devenir", "sembler", "paraître"):
        k = back(said, n - 1)
        if k >= 0 and said[k].low in ("d'", "de", "à"):
            k = back(said, k - 1)
            return k if k >= 0 and said[k].word and said[k].low not in told["prepositions"] else n
        return k if k >= 0 and said[k].low in told["modal"] else n
    if low not in told["be"]:
        return None
    return None if low in LINKED and not (n and said[n - 1].low in REFLEXIVE) else n


def back(said: Sequence[Token], k: int) -> int:
    """The place at or before `k` of a word that is no adverb, no negation and no inverted pronoun."""
    told = lexicon().words
    while k >= 0 and (said[k].low in told["adverbs"] or said[k].clitic or adverb(said[k])):
        k -= 1
    return k


def reflexive(said: Sequence[Token], start: int) -> bool:
    """Whether a reflexive pronoun stands before the verb."""
    if not start or said[start - 1].low not in REFLEXIVE:
        return False
    return said[start - 1].low != "vous" or (start > 1 and said[start - 2].low in ("vous", "ne"))


def unagreed(said: Sequence[Token], words: Sequence[int]) -> bool:
    """Whether a reflexive verb's participle agrees with nothing: its object comes after it, or is none."""
    if not words:
        return False
    first = words[0]
    lemmas = {one.lemma for one in adjective(said[first].low)}
    then = said[first + 1].low if first + 1 < len(said) else ""
    alone = {one.gender for one in adjective(said[first].low)} == {"m"}
    taken = then in (
        "le",
        "la",
        "l'",
        "les",
        "un",
        "une",
        "des",
        "mon",
        "ma",
        "mes",
        "son",
        "sa",
        "ses",
        "compte",
        "deux",
    )
    return bool(lemmas & lexicon().words["unagreed"]) or (alone and taken)
